"""Builds what an operator reads about one run: its heading, timeline, errors, events and results. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from sagewai.models.history import Attempt, Event, EventKind
from sagewai.models.run import Run, StepInfo
from sagewai.models.status import Ask, Outcome, RunStatus
from tui.format import Cell, Role, age, duration, outcome_state, plural, size, stamp
from tui.gateway.shape import Shaper
from tui.lanes import History, history
from tui.payload import Line, readable
from tui.views import Fact, RunView


def run_view(
    run: Run,
    steps: Sequence[StepInfo],
    attempts: Sequence[Attempt],
    events: Sequence[Event],
    now: datetime,
    shaper: Shaper,
) -> RunView:
    """Everything the Run screen shows above its tabs."""
    facts = [
        Fact(
            "workflow",
            Cell(shaper.short(run.workflow) + (f" v{shaper.short(run.version)}" if run.version else "")),
        ),
        Fact("pool", Cell(shaper.short(run.pool) + (f"  {shaper.labels(run.labels)}" if run.labels else ""))),
        Fact("worker", Cell(shaper.short(run.worker or "-"))),
        Fact("priority", Cell(str(run.priority))),
        Fact("tags", Cell(shaper.labels(run.tags) or "-")),
        Fact(
            "token",
            Cell(f"{run.token}" + (f", {plural(run.takeovers, 'takeover')}" if run.takeovers else "")),
        ),
        Fact("by", Cell(shaper.short(run.submitted_by))),
        Fact("since", Cell(stamp(run.created_at))),
    ]
    if run.due_at is not None:
        facts.append(Fact("due", Cell(f"in {duration((run.due_at - now).total_seconds())}", Role.WAITING)))
    told = history(run, steps, attempts, events, now)
    return RunView(
        row=shaper.run(run, now),
        facts=tuple(facts),
        history=_safe(told, shaper),
        notes=tuple(_notes(run, attempts, events, shaper)),
        steps=tuple(shaper.ref(lane.step) for lane in told.lanes),
        held=_held(run, shaper),
    )


def _held(run: Run, shaper: Shaper) -> str:
    """Held, stepping or about to be held, and before which step."""
    before = f"before {shaper.short(run.step)}" if run.step is not None else "at its end"
    if run.status is RunStatus.PAUSED:
        return f"HELD {before}"
    if run.asked is Ask.PAUSE:
        if run.status is RunStatus.RUNNING:
            return f"runs {shaper.short(run.step or '')}, then is HELD"
        return f"goes one step: {shaper.short(run.step or '')}, then is HELD again"
    return ""


def _safe(found: History, shaper: Shaper) -> History:
    return replace(found, lanes=tuple(replace(lane, step=shaper.short(lane.step)) for lane in found.lanes))


def _notes(run: Run, attempts: Sequence[Attempt], events: Sequence[Event], shaper: Shaper) -> list[Line]:
    notes: list[Line] = []
    if run.status is RunStatus.RUNNING and run.asked in {Ask.CANCEL, Ask.PAUSE}:
        notes.append(
            Line(f"asked to {run.asked}: its worker obeys with its next heartbeat or step", Role.WAITING)
        )
    if run.status is RunStatus.FAILED:
        error = next((attempt.error for attempt in reversed(attempts) if attempt.error), None)
        if error is not None:
            notes.append(Line(shaper.short(f"{error.code}: {error.message}"), Role.FAILED))
    ended = {
        RunStatus.REJECTED: EventKind.REJECTED,
        RunStatus.CANCELLED: EventKind.CANCELLED,
        RunStatus.PAUSED: EventKind.PAUSED,
    }.get(run.status)
    if ended is not None:
        event = next((event for event in reversed(events) if event.kind is ended), None)
        if event is not None:
            reason = f": {shaper.short(event.reason)}" if event.reason else ""
            notes.append(Line(f"{run.status} by {shaper.short(event.actor)}{reason}", Role.ENDED))
    return notes


def error_lines(attempts: Sequence[Attempt], now: datetime, shaper: Shaper) -> tuple[Line, ...]:
    """The errors of a run's attempts, newest first, with their tracebacks."""
    lines: list[Line] = []
    for attempt in reversed(attempts):
        if attempt.error is not None:
            lines += [
                *([Line()] if lines else []),
                attempt_line(attempt, now, shaper),
                *shaper.error(attempt.error)[1:],
            ]
        elif attempt.outcome is Outcome.LOST:
            lines += [*([Line()] if lines else []), attempt_line(attempt, now, shaper)]
    return tuple(lines) or (Line("no attempt has failed", Role.DIM),)


def event_lines(events: Sequence[Event], origin: datetime, shaper: Shaper) -> tuple[Line, ...]:
    """Events, newest first."""
    return tuple(shaper.event(event, origin) for event in reversed(events)) or (
        Line("nothing yet", Role.DIM),
    )


def raw_lines(run: Run, shaper: Shaper) -> tuple[Line, ...]:
    """The run row as the store has it."""
    values = {field.name: getattr(run, field.name) for field in fields(run)}
    return readable(json.dumps(values, default=_plain), shaper.scribe, shaper.glyphs)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def attempt_line(attempt: Attempt, now: datetime, shaper: Shaper) -> Line:
    """One attempt on one line."""
    state = outcome_state(attempt.outcome, shaper.glyphs)
    took = duration((attempt.finished_at - attempt.started_at).total_seconds())
    error = (
        "" if attempt.error is None else f": {shaper.short(f'{attempt.error.code}: {attempt.error.message}')}"
    )
    result = f", {size(attempt.result_bytes)}" if attempt.result_bytes is not None else ""
    number = f" try {attempt.attempt}" if attempt.attempt > 1 else ""
    return Line(
        f"{shaper.short(attempt.step)}{number}: {state.text} in {took}{result}{error}",
        state.role,
        head=f"{age((now - attempt.finished_at).total_seconds()):>5} ago  ",
        hang=" " * 11,
    )
