"""Draws a run's lanes: each step's bar by what its time was spent on, the mark before it and the words behind. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tui.format import Cell, Glyphs, Role, age, duration
from tui.lanes import Lane, LaneState, Span, SpanKind
from tui.text import fit, width
from tui.widgets.scale import Scale

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
    """Only what is in view."""
    first = plan.column(span.start)
    stop = plan.total if span.end >= plan.end else plan.column(span.end)
    stop = max(first + 1, stop)
    for column in range(max(first, plan.first), min(stop, plan.first + plan.columns)):
        cells[column - plan.first] = (glyph, role)
    if last is not None and 0 <= (column := min(plan.total, stop) - 1 - plan.first) < plan.columns:
        cells[column] = (last, role)


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
