"""What the tabs of the Run screen hold: of the whole run, or of one step of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sagewai.models.history import Attempt
from sagewai.models.run import Run
from sagewai.models.status import WaitStatus
from sagewai.models.wait import Wait
from tui.format import Role, age, duration, outcome_state, plural, size
from tui.gateway.follow import Followed
from tui.gateway.shape import Shaper
from tui.lanes import Lane, Span, SpanKind, history
from tui.payload import Line, raw, readable
from tui.views import RunView, Tab

_IDLE = {
    SpanKind.BACKOFF: ("backoff", "backed off", Role.DIM),
    SpanKind.WAITING: ("wait", "waited", Role.WAITING),
    SpanKind.QUEUED: ("pending", "queued", Role.PENDING),
    SpanKind.PAUSED: ("paused", "held", Role.PAUSED),
}


def can_change(view: RunView, tab: Tab) -> tuple[object, ...]:
    """What a tab's content depends on: while it is the same, the tab needn't be read again."""
    lanes, cells = view.history.lanes, view.row.cells
    spans, state = sum(len(lane.spans) for lane in lanes), cells["state"].text
    what: dict[Tab, tuple[object, ...]] = {
        "input": (),
        "output": tuple(lane.state for lane in lanes),
        "error": (spans,),
        "attempts": (spans, state, len(view.notes)),
        "model calls": (view.called,),
        "events": (spans, state, len(view.notes)),
        "raw": (state, cells["try"].text, cells["step"].tail),
    }
    return what[tab]


def payload_lines(text: str, shaper: Shaper, *, plain: bool) -> tuple[Line, ...]:
    """A payload as a person reads it; ``plain``: the JSON as it is recorded."""
    return raw(text, shaper.scribe) if plain else readable(text, shaper.scribe, shaper.glyphs)


def result_lines(
    results: Mapping[str, str], step: str | None, shaper: Shaper, *, plain: bool
) -> tuple[Line, ...]:
    """Recorded results, the latest step first; those of one step alone."""
    wanted = [(name, text) for name, text in results.items() if step in (None, name)]
    lines: list[Line] = []
    for name, text in reversed(wanted):
        lines.append(Line(shaper.short(name), Role.STRONG))
        lines += [*payload_lines(text, shaper, plain=plain), Line()]
    if lines:
        return tuple(lines[:-1])
    nothing = "no step has" if step is None else f"{shaper.short(step)} hasn't"
    return (Line(f"{nothing} recorded a result yet", Role.DIM),)


def attempt_lines(
    run: Run, followed: Followed, waits: Sequence[Wait], step: str | None, now: datetime, shaper: Shaper
) -> tuple[Line, ...]:
    """Each step's story in order: attempts, lost leases, back-off, what it waited for, how long it was queued or held,
    and what goes on right now; of one step alone, where one is chosen."""
    told = history(run, followed.steps, followed.attempts, followed.events, now)
    tries: dict[str, list[Attempt]] = {}
    for attempt in followed.attempts:
        tries.setdefault(attempt.step, []).append(attempt)
    lines: list[Line] = []
    for lane in told.lanes:
        if step not in (None, lane.step) or (step is None and not lane.spans):
            continue
        lines += [*([Line()] if lines else []), _heading(lane, shaper)]
        entries = [
            *(
                (_since(run, each.started_at), _attempt(each, run, shaper))
                for each in tries.get(lane.step, ())
            ),
            *((span.start, _span(span, run, shaper)) for span in lane.spans if not _is_told(span)),
            *(
                (_since(run, each.asked_at), _wait(each, run, now, shaper))
                for each in waits
                if each.step == lane.step
            ),
        ]
        lines += [line for _, line in sorted(entries, key=lambda entry: entry[0])]
    return tuple(lines) or (Line("nothing has been tried yet", Role.DIM),)


def _is_told(span: Span) -> bool:
    """Whether an attempt tells of it."""
    return span.kind.is_work and span.kind is not SpanKind.LIVE


def _heading(lane: Lane, shaper: Shaper) -> Line:
    parts = [shaper.short(lane.step), lane.state.value]
    if lane.attempts:
        parts.append(f"try {lane.attempts} of {lane.max_attempts}")
    if lane.lost:
        parts.append(f"{plural(lane.lost, 'lost lease')}")
    if lane.spans:
        parts.append(f"{duration(lane.elapsed)} in all")
    return Line("  ".join(parts), Role.STRONG)


def _attempt(attempt: Attempt, run: Run, shaper: Shaper) -> Line:
    state = outcome_state(attempt.outcome, shaper.glyphs)
    took = duration((attempt.finished_at - attempt.started_at).total_seconds())
    told = f"{state.text}  try {attempt.attempt}  token {attempt.token}  {took}"
    if attempt.worker:
        told += f"  on {shaper.short(attempt.worker)}"
    if attempt.result_bytes is not None:
        told += f"  {size(attempt.result_bytes)}"
    if attempt.error is not None:
        told += f"  {shaper.short(f'{attempt.error.code}: {attempt.error.message}')}"
    return _line(_since(run, attempt.started_at), told, state.role)


def _span(span: Span, run: Run, shaper: Shaper) -> Line:
    if span.kind is SpanKind.LIVE:
        where = f" on {shaper.short(run.worker)}" if run.worker else ""
        told = f"{shaper.glyphs.running} running  try {run.attempt}  token {run.token}  {duration(span.seconds)}{where}"
        return _line(span.start, told, Role.RUNNING)
    glyph, word, role = _IDLE[span.kind]
    return _line(span.start, f"{getattr(shaper.glyphs, glyph)} {word} {duration(span.seconds)}", role)


def _wait(wait: Wait, run: Run, now: datetime, shaper: Shaper) -> Line:
    """A timer or a signal that the step asked for, and what became of it."""
    what = (
        f"{shaper.glyphs.signal} signal {shaper.short(wait.name)}"
        if wait.kind == "signal"
        else f"{shaper.glyphs.timer} timer"
    )
    if wait.status is not WaitStatus.PENDING:
        by = f" by {shaper.short(wait.sender.name)}" if wait.sender is not None else ""
        return _line(_since(run, wait.asked_at), f"{what}: {wait.status.value}{by}", Role.DIM)
    due = "" if wait.due_at is None else f", due in {age((wait.due_at - now).total_seconds())}"
    return _line(_since(run, wait.asked_at), f"{what}: pending{due}", Role.WAITING)


def _line(second: float, told: str, role: Role) -> Line:
    return Line(told, role, head=f"{'+' + duration(second):>8}  ", hang=" " * 12)


def _since(run: Run, moment: datetime) -> float:
    return max(0.0, (moment - run.created_at).total_seconds())


def of_step(attempts: Sequence[Attempt], step: str | None) -> tuple[Attempt, ...]:
    """The attempts of a step; all of them where none is chosen."""
    return tuple(attempt for attempt in attempts if step in (None, attempt.step))


def numbered(lines: Sequence[Line]) -> Iterator[str]:
    """Lines as text for a pager or a file: what stands before each, and the text."""
    for line in lines:
        yield f"{line.head}{line.text}".rstrip()
