"""Two runs held against each other: what went in, how each step went, what came out, how long and how dear it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sagewai.models.history import Attempt, Event
from sagewai.models.run import Run, StepInfo
from sagewai.models.status import TERMINAL
from tui.comparison import Comparison, Pair, Texts
from tui.format import Cell, Role, cost, duration, plural, stamp
from tui.gateway.door import Door
from tui.gateway.shape import Shaper
from tui.lanes import Lane, SpanKind, history
from tui.payload import readable
from tui.views import Ref


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a run that is compared."""

    run: Run
    steps: Sequence[StepInfo]
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    input: str
    results: Mapping[str, str]


async def compare(door: Door, left: Ref, right: Ref) -> Comparison:
    """Read both runs. Raises Missing, Unreachable."""
    first, second = await _whole(door, left.raw), await _whole(door, right.raw)
    return comparison(first, second, door.now(), door.shaper)


async def _whole(door: Door, run_id: str) -> Whole:
    return Whole(
        await door.read(lambda store: store.get_run(run_id)),
        await door.read(lambda store: store.get_steps(run_id)),
        await door.read(lambda store: store.get_attempts(run_id)),
        await door.read(lambda store: store.get_events(run_id)),
        await door.read(lambda store: store.get_input(run_id)),
        await door.read(lambda store: store.get_results(run_id)),
    )


def comparison(left: Whole, right: Whole, now: datetime, shaper: Shaper) -> Comparison:
    """Facts and steps of both, then input and results. Pure."""
    lanes = _lanes(left, now), _lanes(right, now)
    names = list(dict.fromkeys([*lanes[0], *lanes[1]]))
    results = [name for name in names if name in left.results or name in right.results]
    results += [name for name in {**left.results, **right.results} if name not in results]
    return Comparison(
        left=shaper.ref(left.run.run_id),
        right=shaper.ref(right.run.run_id),
        facts=_facts(left, right, now, shaper),
        steps=tuple(
            Pair(
                shaper.short(name),
                _step(lanes[0].get(name), left.attempts),
                _step(lanes[1].get(name), right.attempts),
            )
            for name in names
        ),
        texts=(
            Texts("input", _text(left.input, shaper), _text(right.input, shaper)),
            *(
                Texts(
                    f"result of {shaper.short(name)}",
                    _text(left.results.get(name), shaper),
                    _text(right.results.get(name), shaper),
                )
                for name in results
            ),
        ),
    )


def _facts(left: Whole, right: Whole, now: datetime, shaper: Shaper) -> tuple[Pair, ...]:
    told = [_told(each, now, shaper) for each in (left, right)]
    return tuple(Pair(name, told[0][name], told[1][name]) for name in told[0])


def _told(whole: Whole, now: datetime, shaper: Shaper) -> dict[str, Cell]:
    run = whole.run
    row = shaper.run(run, now)
    until = run.changed_at if run.status in TERMINAL else now
    spent = run.spent
    return {
        "state": row.cells["state"],
        "workflow": Cell(f"{shaper.short(run.workflow)} {shaper.short(run.version)}".rstrip()),
        "pool": Cell(shaper.short(run.pool)),
        "submitted": Cell(stamp(run.created_at)),
        "took": Cell(duration((until - run.created_at).total_seconds())),
        "steps": Cell(f"{run.steps_done}/{run.steps_total or '?'}"),
        "attempts": Cell(str(len(whole.attempts))),
        "lost leases": Cell(str(run.takeovers)),
        "cost": Cell(cost(spent.cost, spent.calls, spent.unpriced) if spent.calls else "no model calls"),
        "tokens": Cell(f"{spent.tokens:,}"),
    }


def _lanes(whole: Whole, now: datetime) -> dict[str, Lane]:
    told = history(whole.run, whole.steps, whole.attempts, whole.events, now)
    return {lane.step: lane for lane in told.lanes}


def _step(lane: Lane | None, attempts: Sequence[Attempt]) -> Cell:
    """``done  2 tries  1m48s, 4.0s of it waiting``."""
    if lane is None:
        return Cell("no such step", Role.DIM)
    if not lane.spans:
        return Cell(str(lane.state), Role.DIM)
    work = sum(span.seconds for span in lane.spans if span.kind.is_work)
    idle = sum(
        span.seconds for span in lane.spans if not span.kind.is_work and span.kind is not SpanKind.QUEUED
    )
    tries = sum(attempt.step == lane.step for attempt in attempts)
    if not tries and not work:
        return Cell(str(lane.state))
    told = f"{lane.state}  {plural(tries, 'attempt')}  {duration(work)}"
    return Cell(told + (f" + {duration(idle)} waiting" if idle >= 0.001 else ""))


def _text(text: str | None, shaper: Shaper) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(f"{line.head}{line.text}" for line in readable(text, shaper.scribe, shaper.glyphs))
