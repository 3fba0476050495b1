"""The timeline of a run: a gantt with a lane per step, drawn from a laid-out plan."""

from __future__ import annotations

from rich.segment import Segment
from textual.binding import Binding
from textual.strip import Strip

from tui.format import Cell, Role
from tui.lanes import History, Lane
from tui.text import fit, width
from tui.widgets.gantt import Scale, axis, bar, label, legend, mark, scale
from tui.widgets.paint import Lines

_LABEL = 20
_LABEL_NARROW = 15


class Timeline(Lines):
    """Draws the axis, then the lanes, which scroll where there are more than fit, then what the marks mean."""

    BINDINGS = [
        Binding("up,k", "scroll_by(-1)", "up", show=False, priority=True),
        Binding("down,j", "scroll_by(1)", "down", show=False, priority=True),
    ]

    def __init__(self, *, id: str | None = None, with_legend: bool = True) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._history: History | None = None
        self._plan: Scale | None = None
        self._with_legend = with_legend

    def show(self, history: History | None) -> None:
        """Draw what changed; the live edge moves by itself with every look."""
        self._history = history
        self._lay_out()
        self.scroll_to_line(self.row_offset)
        self.repaint()

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
            lead = " " * (self._name_cells + 4)
            return self.line([Cell(lead), Cell(axis(plan, history), Role.DIM)], [], columns)
        if self._legend_shown and y == height - 1:
            below = self.length - self.room - self.row_offset
            more = (Cell(f" {below} more below", Role.WAITING),) if below > 0 else ()
            return self.line((Cell(" "), *legend(self.glyphs)), more, columns)
        at = self.row_offset + y - 1
        if at >= len(history.lanes):
            return self.blank(columns)
        return self._lane(history.lanes[at], plan, columns)

    def _lane(self, lane: Lane, plan: Scale, columns: int) -> Strip:
        glyphs = self.glyphs
        marked = mark(lane, glyphs)
        name = fit(lane.step, self._name_cells, ellipsis=glyphs.ellipsis)
        cells = [
            Cell(f" {marked.text} ", marked.role),
            Cell(f"{name} ", Role.STRONG if lane.spans else Role.DIM),
            *bar(lane, plan, glyphs),
            Cell(" "),
            label(lane, glyphs, self._label_cells),
        ]
        drawn = self.segments(cells)
        used = sum(width(cell.text) for cell in cells)
        drawn.append(Segment(" " * max(0, columns - used), self.style(Role.PLAIN)))
        return Strip(drawn, max(used, columns)).crop(0, columns)

    @property
    def _name_cells(self) -> int:
        lanes = () if self._history is None else self._history.lanes
        longest = max((width(lane.step) for lane in lanes), default=4)
        return max(4, min(longest, self.size.width // 4))

    @property
    def _label_cells(self) -> int:
        return _LABEL if self.size.width >= 76 else _LABEL_NARROW

    @property
    def _legend_shown(self) -> bool:
        lanes = 0 if self._history is None else len(self._history.lanes)
        return self._with_legend and self.size.height >= 4 and (lanes > 0)

    def _lay_out(self) -> None:
        if self._history is None or self.size.width <= 0:
            self._plan = None
            return
        columns = self.size.width - self._name_cells - self._label_cells - 6
        self._plan = scale(self._history, max(4, columns))

    @property
    def length(self) -> int:
        return 0 if self._history is None else len(self._history.lanes)

    @property
    def room(self) -> int:
        return max(0, self.size.height - 1 - self._legend_shown)

    def resized(self) -> None:
        self._lay_out()

    def action_scroll_by(self, by: int) -> None:
        self.scroll_to_line(self.row_offset + by)
