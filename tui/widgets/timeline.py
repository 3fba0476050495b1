"""The timeline of a run: a gantt with a lane per step, of which one can be chosen, zoomed and panned by keys."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.format import Cell, Role
from tui.lanes import History, Lane, LaneState
from tui.text import fit, width
from tui.widgets.gantt import bar, label, legend, mark
from tui.widgets.paint import Lines, parsed
from tui.widgets.scale import Scale, View, axis, panned, scale, zoomed

_LABEL = 20
_LABEL_NARROW = 15
_IN_HAND = frozenset({LaneState.DONE, LaneState.AHEAD})
"""States of lanes that a run isn't at."""


class Timeline(Lines):
    """Draws the axis, then the lanes, which scroll where there are more than fit, then what the marks mean.

    While it follows, the end of the time and the step that the run is at stay in view."""

    def __init__(self, *, id: str | None = None, with_legend: bool = True) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._history: History | None = None
        self._plan: Scale | None = None
        self._view = View()
        self._name_cells = 4
        self._with_legend = with_legend
        self._chosen: int | None = None
        self.follows = True

    def show(self, history: History | None) -> None:
        """Draw what changed; the live edge moves by itself with every look."""
        before, self._history = self._history, history
        if history is None:
            self._view, self._chosen, self.follows = View(), None, True
        elif self._chosen is not None and before is not None:
            name = before.lanes[self._chosen].step
            if self._chosen >= len(history.lanes) or history.lanes[self._chosen].step != name:
                names = [lane.step for lane in history.lanes]
                self._chosen = names.index(name) if name in names else None
        self._draw()

    # -- what is in view ----------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> int | None:
        """The number, from 0, of the lane that was chosen."""
        return self._chosen

    @property
    def zoom(self) -> int:
        return self._view.zoom

    def choose(self, by: int) -> None:
        """The lane above or below the chosen one; first of all the one the run is at."""
        lanes = () if self._history is None else self._history.lanes
        if not lanes:
            return
        at = self._at if self._chosen is None else max(0, min(self._chosen + by, len(lanes) - 1))
        self._chosen, self.follows = at, False
        self._reveal(at)
        self._draw()

    def unchoose(self) -> bool:
        """Choose no lane; False if none was chosen."""
        chosen, self._chosen = self._chosen, None
        self.repaint()
        return chosen is not None

    def zoom_by(self, by: int) -> None:
        """Twice as wide (1), half as wide (-1), or all in view (0); around what the chosen lane shows."""
        if self._history is None or self._plan is None:
            return
        zoom = {1: self._view.zoom * 2, -1: self._view.zoom // 2, 0: 1}[by]
        around = (
            None if self.follows or self._chosen is None else self._middle(self._history.lanes[self._chosen])
        )
        self._view = zoomed(self._history, self._plan, self._view, zoom, around)
        self._draw()

    def pan(self, by: int) -> None:
        """A quarter of the width to the left or right."""
        if self._plan is not None:
            self._view = panned(self._plan, self._view, by * max(1, self._plan.columns // 4))
            self.follows = self.follows and self._view.start is None
            self._draw()

    def follow(self) -> bool:
        """Stay with the end and with the step that the run is at, or no longer; tells whether it does now."""
        self.follows = not self.follows
        if self.follows:
            self._chosen, self._view = None, View(self._view.zoom)
        self._draw()
        return self.follows

    @property
    def _at(self) -> int:
        """The lane that the run is at: the first that isn't done, the last where all are."""
        lanes = () if self._history is None else self._history.lanes
        here = (at for at, lane in enumerate(lanes) if lane.state not in _IN_HAND)
        ahead = (at for at, lane in enumerate(lanes) if lane.state is LaneState.AHEAD)
        return next(here, next(ahead, max(0, len(lanes) - 1)))

    def _middle(self, lane: Lane) -> float | None:
        return (lane.spans[0].start + lane.spans[-1].end) / 2 if lane.spans else None

    def _reveal(self, at: int) -> None:
        if at < self.row_offset:
            self.scroll_to_line(at)
        elif at >= self.row_offset + self.room:
            self.scroll_to_line(at - self.room + 1)

    def _draw(self) -> None:
        self._lay_out()
        self.scroll_to_line(self.row_offset)
        if self.follows and self._history is not None and self._history.live:
            self._reveal(self._at)
        self.repaint()

    def _lay_out(self) -> None:
        if self._history is None or self.size.width <= 0:
            self._plan = None
            return
        longest = max((width(lane.step) for lane in self._history.lanes), default=4)
        self._name_cells = max(4, min(longest, self.size.width // 4))
        columns = self.size.width - self._name_cells - self._label_cells - 6
        self._plan = scale(self._history, max(4, columns), self._view)

    # -- drawing ------------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The lines in view, for tests."""
        return "\n".join(self.line_at(y).text for y in range(self.size.height))

    @property
    def wanted(self) -> int:
        """The lines it would like to have."""
        lanes = 0 if self._history is None else len(self._history.lanes)
        return lanes + 1 + self._with_legend

    def line_at(self, y: int) -> Strip:
        columns, height = self.size.width, self.size.height
        history, plan = self._history, self._plan
        if history is None or plan is None:
            return self.blank(columns)
        if y == 0:
            return self._axis(history, plan, columns)
        if self._legend_shown and y == height - 1:
            below = self.length - self.room - self.row_offset
            more = (Cell(f" {below} more below", Role.WAITING),) if below > 0 else ()
            return self.line((Cell(" "), *legend(self.glyphs)), more, columns)
        at = self.row_offset + y - 1
        if at >= len(history.lanes):
            return self.blank(columns)
        return self._lane(history.lanes[at], plan, columns, chosen=at == self._chosen)

    def _axis(self, history: History, plan: Scale, columns: int) -> Strip:
        """How far it is zoomed in, the time, and whether it follows."""
        lead = fit(f" {self.zoom}x" if self.zoom > 1 else "", self._name_cells + 4, ellipsis="")
        follows = "follows" if history.live and self.follows and self._with_legend else ""
        cells = [
            Cell(lead, Role.WAITING),
            Cell(axis(plan, history), Role.DIM),
            Cell(fit(follows, self._label_cells + 1, align="right", ellipsis=""), Role.RUNNING),
        ]
        return self.line(cells, [], columns)

    def _lane(self, lane: Lane, plan: Scale, columns: int, *, chosen: bool) -> Strip:
        glyphs = self.glyphs
        marked = mark(lane, glyphs)
        name = fit(lane.step, self._name_cells, ellipsis=glyphs.ellipsis)
        cells = [
            Cell(glyphs.cursor if chosen else " ", Role.ACCENT),
            Cell(f"{marked.text} ", marked.role),
            Cell(f"{name} ", Role.STRONG if lane.spans or chosen else Role.DIM),
            *bar(lane, plan, glyphs),
            Cell(" "),
            label(lane, glyphs, self._label_cells),
        ]
        drawn = self.segments(cells)
        used = sum(width(cell.text) for cell in cells)
        drawn.append(Segment(" " * max(0, columns - used), self.style(Role.PLAIN)))
        strip = Strip(drawn, max(used, columns)).crop(0, columns)
        if not chosen:
            return strip
        over = self._highlight
        return Strip([Segment(each.text, (each.style or Style.null()) + over) for each in strip], columns)

    @property
    def _highlight(self) -> Style:
        """Behind the chosen lane; nothing where colours would be reversed: its marks are its meaning."""
        style = parsed(self.palette.cursor)
        return Style.null() if style.reverse else style

    @property
    def _label_cells(self) -> int:
        return _LABEL if self.size.width >= 76 else _LABEL_NARROW

    @property
    def _legend_shown(self) -> bool:
        lanes = 0 if self._history is None else len(self._history.lanes)
        return self._with_legend and self.size.height >= 4 and (lanes > 0)

    @property
    def length(self) -> int:
        return 0 if self._history is None else len(self._history.lanes)

    @property
    def room(self) -> int:
        return max(0, self.size.height - 1 - self._legend_shown)

    def resized(self) -> None:
        self._lay_out()
