"""Lays a run's lanes out in terminal columns: long idle stretches are folded, the rest is to scale. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tui.format import Cell, Glyphs, Role, age, duration
from tui.lanes import History, Lane, LaneState, Span, SpanKind
from tui.text import fit, width

FOLDED = 9
"""Columns that a folded stretch takes: ``//12m//``, at a live edge ``/12m/ now``."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """``columns`` from ``column`` on show the seconds from ``start`` to ``end``; a folded stretch isn't to scale."""

    start: float
    end: float
    column: int
    columns: int
    folded: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """How seconds map to columns."""

    stretches: tuple[Stretch, ...]
    columns: int

    def column(self, second: float) -> int:
        """The column in which a moment lies."""
        at = max(0, bisect_right([stretch.start for stretch in self.stretches], second) - 1)
        stretch = self.stretches[at]
        span = stretch.end - stretch.start
        share = min(1.0, max(0.0, (second - stretch.start) / span)) if span > 0 else 0.0
        return min(self.columns - 1, stretch.column + int(share * stretch.columns))


def scale(history: History, columns: int) -> Scale:
    """A stretch in which nobody worked is folded when to scale it would take more room than folded, and more than half
    of what the work gets."""
    end = max(history.end, 1e-3)
    bounds = _stretches(history, end)
    work = sum(stop - start for start, stop, busy in bounds if busy)
    folded: set[int] = set()
    while True:
        open_seconds = sum(stop - start for at, (start, stop, _) in enumerate(bounds) if at not in folded)
        room = max(1, columns - FOLDED * len(folded))
        more = {
            at
            for at, (start, stop, busy) in enumerate(bounds)
            if not busy
            and at not in folded
            and stop - start > work / 2 > 0
            and (stop - start) / open_seconds * room > FOLDED + 1
            and columns - FOLDED * (len(folded) + 1) >= 2 * FOLDED
        }
        if not more:
            return _to_columns(bounds, folded, open_seconds, room, columns)
        folded.add(max(more, key=lambda at: bounds[at][1] - bounds[at][0]))


def _stretches(history: History, end: float) -> list[tuple[float, float, bool]]:
    """(start, end, whether somebody worked), without gaps, from 0 to ``end``."""
    busy = sorted(
        (span.start, min(end, span.end)) for lane in history.lanes for span in lane.spans if span.kind.is_work
    )
    found: list[tuple[float, float, bool]] = []
    at = 0.0
    for start, stop in busy:
        if start > at:
            found.append((at, start, False))
        if stop > at:
            begin = max(at, start)
            if found and found[-1][2] and found[-1][1] == begin:
                found[-1] = (found[-1][0], stop, True)
            else:
                found.append((begin, stop, True))
            at = stop
    if at < end or not found:
        found.append((at, end, False))
    return found


def _to_columns(
    bounds: Sequence[tuple[float, float, bool]],
    folded: set[int],
    open_seconds: float,
    room: int,
    columns: int,
) -> Scale:
    stretches = []
    column, seconds, before = 0, 0.0, 0
    for at, (start, stop, _) in enumerate(bounds):
        if at in folded:
            taken = min(FOLDED, columns - column)
            before += FOLDED
        else:
            seconds += stop - start
            taken = before + round(seconds / open_seconds * room) - column if open_seconds else 0
        stretches.append(Stretch(start, stop, column, max(0, taken), at in folded))
        column += max(0, taken)
    return Scale(tuple(stretches), columns)


def axis(plan: Scale, history: History) -> str:
    """The time axis: ticks where time is to scale, ``//12m//`` where it is folded, ``now`` at a live edge."""
    line = [" "] * plan.columns
    taken = [False] * plan.columns

    def put(at: int, text: str) -> bool:
        at = min(at, plan.columns - len(text))
        reach = range(max(0, at - 1), min(plan.columns, at + len(text) + 1))
        if at < 0 or any(taken[column] for column in reach):
            return False
        for offset, character in enumerate(text):
            line[at + offset] = character
            taken[at + offset] = True
        return True

    for stretch in plan.stretches:
        if stretch.folded:
            seconds = stretch.end - stretch.start
            inner = _idle(seconds)
            to_the_edge = history.live and stretch is plan.stretches[-1]
            text = f"/{inner}/".ljust(FOLDED - 3) + "now" if to_the_edge else f"//{inner}//".center(FOLDED)
            for offset, character in enumerate(text[: stretch.columns]):
                if not taken[stretch.column + offset]:
                    line[stretch.column + offset] = character
                    taken[stretch.column + offset] = True
    put(plan.columns, "now" if history.live else duration(history.end))
    put(0, "0s")
    for second in _ticks(plan):
        put(plan.column(second), _round(second))
    return "".join(line)


def _idle(seconds: float) -> str:
    """How long a folded stretch is, in at most five characters."""
    if seconds < 1:
        return duration(seconds)
    return f"{int(seconds)}s" if seconds < 60 else age(seconds)


def _round(second: float) -> str:
    """A tick: 200ms, 2s, 1m30s, 2m, 1h, 1h30m."""
    if second % 60:
        return duration(second).replace(".0s", "s")
    minutes = round(second / 60)
    if minutes < 60:
        return f"{minutes}m"
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest:02}m" if rest else f"{hours}h"


_STEPS = (
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    21600,
    86400,
)


def _ticks(plan: Scale) -> list[float]:
    open_ones = [stretch for stretch in plan.stretches if not stretch.folded and stretch.columns]
    seconds = sum(stretch.end - stretch.start for stretch in open_ones)
    columns = sum(stretch.columns for stretch in open_ones)
    if not columns or seconds <= 0:
        return []
    step = next((step for step in _STEPS if step / seconds * columns >= 8), None)
    if step is None:
        return []
    ticks: list[float] = []
    for stretch in open_ones:
        count = max(1, ceil(stretch.start / step))
        while count * step < stretch.end and len(ticks) < plan.columns:
            ticks.append(count * step)
            count += 1
    return ticks


_PAINT = (SpanKind.QUEUED, SpanKind.PAUSED, SpanKind.WAITING, SpanKind.BACKOFF)
"""Idle spans first, in this order; work is painted over them."""


def bar(lane: Lane, plan: Scale, glyphs: Glyphs) -> tuple[Cell, ...]:
    """A lane's columns as runs of equal meaning. Work takes at least a column, and its ending shows in its last one."""
    cells: list[tuple[str, Role]] = [(" ", Role.PLAIN)] * plan.columns
    idle = {
        SpanKind.QUEUED: (glyphs.queued, Role.DIM),
        SpanKind.PAUSED: (glyphs.paused, Role.PAUSED),
        SpanKind.WAITING: (glyphs.wait, Role.WAITING),
        SpanKind.BACKOFF: (glyphs.backoff, Role.DIM),
    }
    for kind in _PAINT:
        for span in lane.spans:
            if span.kind is kind:
                _paint(cells, plan, span, *idle[kind], last=None)
    done = _MARKS[lane.state][1]
    endings = {
        SpanKind.RAN: (done, None),
        SpanKind.FAILED: (Role.FAILED, glyphs.fault),
        SpanKind.LOST: (Role.FAILED, glyphs.lost),
        SpanKind.RELEASED: (Role.PENDING, glyphs.let_go),
        SpanKind.LIVE: (Role.RUNNING, glyphs.live_edge),
    }
    for span in lane.spans:
        if span.kind.is_work:
            role, last = endings[span.kind]
            _paint(cells, plan, span, glyphs.bar, role, last=last)
    return _runs(cells)


def _paint(
    cells: list[tuple[str, Role]], plan: Scale, span: Span, glyph: str, role: Role, *, last: str | None
) -> None:
    first, stop = plan.column(span.start), plan.column(span.end)
    if span.end >= plan.stretches[-1].end:
        stop = plan.columns
    for column in range(first, max(first + 1, stop)):
        if column < len(cells):
            cells[column] = (glyph, role)
    if last is not None:
        cells[min(len(cells), max(first + 1, stop)) - 1] = (last, role)


def _runs(cells: Sequence[tuple[str, Role]]) -> tuple[Cell, ...]:
    found: list[tuple[str, Role]] = []
    for glyph, role in cells:
        if found and found[-1][1] is role:
            found[-1] = (found[-1][0] + glyph, role)
        else:
            found.append((glyph, role))
    return tuple(Cell(text, role) for text, role in found)


_MARKS: dict[LaneState, tuple[str, Role]] = {
    LaneState.DONE: ("done", Role.DONE),
    LaneState.RUNNING: ("running", Role.RUNNING),
    LaneState.WAITING: ("waiting", Role.WAITING),
    LaneState.SIGNAL: ("signal", Role.PENDING),
    LaneState.TIMER: ("timer", Role.PENDING),
    LaneState.PAUSED: ("paused", Role.PAUSED),
    LaneState.NEXT: ("pending", Role.PENDING),
    LaneState.FAILED: ("failed", Role.FAILED),
    LaneState.ENDED: ("cancelled", Role.ENDED),
    LaneState.AHEAD: ("pending", Role.DIM),
}


_RESTING = frozenset({LaneState.WAITING, LaneState.SIGNAL, LaneState.TIMER, LaneState.PAUSED, LaneState.NEXT})
"""States in which only time passes: how long is said in steps, so that the screen stays still."""


def mark(lane: Lane, glyphs: Glyphs) -> Cell:
    """The glyph before a lane's name."""
    name, role = _MARKS[lane.state]
    return Cell(getattr(glyphs, name), role)


def label(lane: Lane, glyphs: Glyphs, cells: int) -> Cell:
    """What stands behind a lane's bar, right-aligned: how long, how many tries, which claims; the word of its state."""
    words = {
        LaneState.DONE: "",
        LaneState.RUNNING: "running",
        LaneState.WAITING: "waiting human",
        LaneState.SIGNAL: "waiting signal",
        LaneState.TIMER: "back-off" if lane.attempts else "delayed",
        LaneState.PAUSED: "paused",
        LaneState.NEXT: "queued",
        LaneState.FAILED: "failed",
        LaneState.ENDED: "ended",
        LaneState.AHEAD: "pending",
    }
    parts = [words[lane.state]]
    if lane.max_attempts > 1 and lane.attempts > 1:
        parts.append(f"{lane.attempts}/{lane.max_attempts}")
    if lane.lost:
        parts.append(f"{glyphs.lost}{lane.tokens[0]}{glyphs.arrow}{lane.tokens[-1]}")
    if lane.spans:
        parts.append(age(lane.spans[-1].seconds) if lane.state in _RESTING else duration(lane.elapsed))
    text = " ".join(part for part in parts if part)
    while width(text) > cells and len(parts) > 1:
        parts.pop(0)
        text = " ".join(part for part in parts if part)
    role = Role.DIM if lane.state in {LaneState.DONE, LaneState.AHEAD} else _MARKS[lane.state][1]
    return Cell(fit(text, cells, align="right", ellipsis=glyphs.ellipsis), role)


def legend(glyphs: Glyphs) -> tuple[Cell, ...]:
    """What the marks in the bars mean."""
    return (
        Cell(f"{glyphs.bar} ran  ", Role.DIM),
        Cell(f"{glyphs.fault} failed  ", Role.DIM),
        Cell(f"{glyphs.backoff} back-off  ", Role.DIM),
        Cell(f"{glyphs.wait} waiting  ", Role.DIM),
        Cell(f"{glyphs.lost} lost lease a{glyphs.arrow}b  ", Role.DIM),
        Cell(f"{glyphs.let_go} let go  ", Role.DIM),
        Cell(f"{glyphs.live_edge} live", Role.DIM),
    )
