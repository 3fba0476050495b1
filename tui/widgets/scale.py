"""How a run's seconds become terminal columns: long idle stretches are folded, the rest is to scale, and of a drawing
wider than the terminal a part is in view. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from tui.format import age, duration
from tui.lanes import History

FOLDED = 9
"""Columns that a folded stretch takes: ``//12m//``, at a live edge ``/12m/ now``."""

_FINEST = 0.001
"""Seconds that one column stands for at least."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """``columns`` from ``column`` on show the seconds from ``start`` to ``end``; a folded stretch isn't to scale."""

    start: float
    end: float
    column: int
    columns: int
    folded: bool


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the time is drawn: ``zoom`` times as wide as what shows all of it, from second ``start`` on; None:
    up to its end, which moves while the run lives."""

    zoom: int = 1
    start: float | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """How seconds map to columns: ``total`` of them, of which ``columns`` from ``first`` on are in view."""

    stretches: tuple[Stretch, ...]
    starts: tuple[float, ...]
    total: int
    columns: int
    first: int = 0

    @property
    def end(self) -> float:
        """The last second."""
        return self.stretches[-1].end

    @property
    def shows_the_end(self) -> bool:
        return self.first + self.columns >= self.total

    def column(self, second: float) -> int:
        """The column in which a moment lies, of all there are."""
        stretch = self.stretches[max(0, bisect_right(self.starts, second) - 1)]
        span = stretch.end - stretch.start
        share = min(1.0, max(0.0, (second - stretch.start) / span)) if span > 0 else 0.0
        return min(self.total - 1, stretch.column + int(share * stretch.columns))

    def second(self, column: int) -> float:
        """The moment at which a column begins."""
        for stretch in self.stretches:
            if stretch.columns and column < stretch.column + stretch.columns:
                share = max(0, column - stretch.column) / stretch.columns
                return stretch.start + share * (stretch.end - stretch.start)
        return self.end


def scale(history: History, columns: int, view: View = View()) -> Scale:
    """A stretch in which nobody worked is folded when to scale it would take more room than folded, and more than half
    of what the work gets: on a wider drawing too."""
    total = columns * view.zoom
    end = max(history.end, 1e-3)
    bounds = _stretches(history, end)
    work = sum(stop - start for start, stop, busy in bounds if busy)
    open_seconds = sum(stop - start for start, stop, _ in bounds)
    folded: set[int] = set()
    room = total
    idle = (at for at, (_, _, busy) in enumerate(bounds) if not busy)
    for at in sorted(idle, key=lambda at: bounds[at][0] - bounds[at][1]):
        seconds = bounds[at][1] - bounds[at][0]
        pays = seconds > work / 2 > 0 and seconds / open_seconds * room > FOLDED + 1
        if not pays or total - FOLDED * (len(folded) + 1) < 2 * FOLDED:
            break  # those that are left are shorter
        folded.add(at)
        open_seconds -= seconds
        room = total - FOLDED * len(folded)
    plan = _to_columns(bounds, folded, open_seconds, max(1, room), total, columns)
    first = total - columns if view.start is None else plan.column(view.start)
    return replace(plan, first=max(0, min(first, total - columns)))


def panned(plan: Scale, view: View, by: int) -> View:
    """The view ``by`` columns further right; at the right edge it stays with the end."""
    first = max(0, min(plan.first + by, plan.total - plan.columns))
    at_the_end = first >= plan.total - plan.columns
    return replace(view, start=None if at_the_end else plan.second(first))


def zoomed(history: History, plan: Scale, view: View, zoom: int, around: float | None) -> View:
    """The view at another zoom. The moment ``around`` comes to its middle; None: the middle stays, or the end does."""
    if zoom <= 1:
        return View()
    if zoom > view.zoom and _open_seconds(plan) / (plan.columns * zoom) < _FINEST:
        return view
    if around is None:
        if view.start is None and (history.live or view.zoom > 1):
            return View(zoom)
        around = plan.second(plan.first + plan.columns // 2)
    wider = scale(history, plan.columns, View(zoom))
    return panned(replace(wider, first=0), View(zoom), wider.column(around) - wider.columns // 2)


def _open_seconds(plan: Scale) -> float:
    return sum(stretch.end - stretch.start for stretch in plan.stretches if not stretch.folded)


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
    total: int,
    columns: int,
) -> Scale:
    stretches = []
    column, seconds, before = 0, 0.0, 0
    for at, (start, stop, _) in enumerate(bounds):
        if at in folded:
            taken = min(FOLDED, total - column)
            before += FOLDED
        else:
            seconds += stop - start
            taken = before + round(seconds / open_seconds * room) - column if open_seconds else 0
        stretches.append(Stretch(start, stop, column, max(0, taken), at in folded))
        column += max(0, taken)
    return Scale(tuple(stretches), tuple(stretch.start for stretch in stretches), total, columns)


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
        start = stretch.column - plan.first
        if stretch.folded and -FOLDED < start < plan.columns:
            seconds = stretch.end - stretch.start
            inner = _idle(seconds)
            to_the_edge = history.live and stretch is plan.stretches[-1]
            text = f"/{inner}/".ljust(FOLDED - 3) + "now" if to_the_edge else f"//{inner}//".center(FOLDED)
            for column, character in enumerate(text[: stretch.columns], start):
                if 0 <= column < plan.columns and not taken[column]:
                    line[column] = character
                    taken[column] = True
    step = _step(plan)
    if plan.shows_the_end:
        put(plan.columns, "now" if history.live else duration(history.end))
    put(0, "0s" if plan.first == 0 else _round(plan.second(plan.first), step))
    for second in _ticks(plan, step):
        put(plan.column(second) - plan.first, _round(second, step))
    return "".join(line)


def _idle(seconds: float) -> str:
    """How long a folded stretch is, in at most five characters."""
    if seconds < 1:
        return duration(seconds)
    return f"{int(seconds)}s" if seconds < 60 else age(seconds)


def _round(second: float, step: float) -> str:
    """A tick, as exact as ``step`` asks: 200ms, 2s, 1m30s, 1m30.25s, 2m, 1h, 1h30m."""
    second = round(second, 3)
    if second < 1:
        return f"{second * 1000:g}ms"
    minutes, rest = divmod(second, 60)
    hours, minutes = divmod(int(minutes), 60)
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2 if step >= 0.01 else 3
    seconds = f"{rest:.{digits}f}"
    seconds = f"{seconds.rstrip('0').rstrip('.') if digits else seconds}s"
    text = f"{hours}h" if hours else ""
    if minutes or (hours and seconds not in {"0s", "s"}):
        text += f"{minutes:02}m" if hours else f"{minutes}m"
    return text if text and seconds in {"0s", "s"} else text + seconds


_STEPS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400),
)


def _step(plan: Scale) -> float:
    """Seconds between two ticks; 0 where there is no room for any."""
    columns = sum(stretch.columns for stretch in plan.stretches if not stretch.folded)
    seconds = _open_seconds(plan)
    if not columns or seconds <= 0:
        return 0.0
    return next((step for step in _STEPS if step / seconds * columns >= 8), 0.0)


def _ticks(plan: Scale, step: float) -> list[float]:
    if not step:
        return []
    since, until = plan.second(plan.first), plan.second(plan.first + plan.columns)
    ticks: list[float] = []
    for stretch in plan.stretches:
        if stretch.folded or not stretch.columns:
            continue
        count = max(1, ceil(max(since, stretch.start) / step))
        while count * step < min(until, stretch.end) and len(ticks) < plan.columns:
            ticks.append(count * step)
            count += 1
    return ticks
