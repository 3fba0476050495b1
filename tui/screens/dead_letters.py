"""Dead letters: runs that failed for good, one by one or by error, each with its error and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from tui.format import Cell, Role, plural
from tui.payload import Line
from tui.screens.acting import RunActions
from tui.screens.keys import key
from tui.views import DeadRow, GroupRow, Ref, Window
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.pane import Pane
from tui.widgets.table import Table

COLUMNS = (
    Column("age", "AGE", 4, align="right", rank=3),
    Column("run", "RUN", 12, weight=2, most=36, keep="tail"),
    Column("workflow", "WORKFLOW", 16, weight=2, most=36, rank=2),
    Column("step", "STEP", 9, weight=1, most=24, rank=4),
    Column("tries", "TRY", 3, align="right", rank=5),
    Column("error", "ERROR", 20, weight=5, rank=1),
)
GROUPS = (
    Column("count", "RUNS", 5, align="right"),
    Column("error", "ERROR", 20, weight=3, most=60, keep="tail"),
    Column("newest", "NEWEST", 6, align="right"),
    Column("workflows", "WORKFLOWS", 14, weight=3, rank=1),
)


class DeadLettersScreen(RunActions):
    """What failed for good and waits for a person's judgement."""

    MODE = "dlq"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("r", "retry", "retry", shown=True),
        key("D", "discard", "discard", shown=True),
        key("e", "groups", "by error", shown=True),
        key("tab", "app.focus_next", "error text", shown=True),
        key("y", "copy", "copy the id"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._only: Ref | None = None
        self._grouped = False
        self.table = Table[DeadRow](COLUMNS, self._letters, id="rows", empty=_NOTHING, markable=True)
        self.groups_table = Table[GroupRow](GROUPS, self._groups, id="groups", empty=_NOTHING)
        self._about = Bar(id="about")
        self._heading = Bar(id="error-title")
        self._text = Pane(id="error-text")

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            with Vertical(id="letters"):
                yield self._about
                yield self.table
                yield self.groups_table
            with Vertical(id="error"):
                yield self._heading
                yield self._text

    def on_mount(self) -> None:
        super().on_mount()
        self.groups_table.display = False
        self.table.focus()

    async def _letters(self, cursor: str | None, limit: int) -> Window[DeadRow]:
        return await self.gateway.dead_letters(self._only, cursor, limit)

    async def _groups(self, cursor: str | None, limit: int) -> Window[GroupRow]:
        return Window(await self.gateway.dead_letter_groups())

    def targets(self) -> Sequence[Ref]:
        if self._grouped:
            return ()
        rows = list(self.table.marks.values()) or ([self.table.row] if self.table.row else [])
        return [row.key for row in rows]

    async def look(self) -> None:
        await (self.groups_table if self._grouped else self.table).look()
        self._say_about()
        self._draw_error()

    def _say_about(self) -> None:
        total = 0 if self.totals is None else self.totals.dead_letters
        left = [Cell(f" {plural(total, 'dead letter')}", Role.FAILED if total else Role.DIM)]
        if self._grouped:
            right = [Cell("by error, enter lists one ", Role.DIM)]
        else:
            first, last, more = self.table.in_view
            right = [Cell(f"newest first  {first}-{last}{'+' if more else ''} ", Role.DIM)]
        if self._only is not None and not self._grouped:
            left.append(Cell(f"  only {self._only}, esc shows all", Role.WAITING))
        self._about.show(left, right)

    def _draw_error(self) -> None:
        row = None if self._grouped else self.table.row
        if row is None:
            self._heading.show(())
            self._text.show(())
            return
        cells = row.cells
        lost = cells["lost"].text
        story = f"  step {cells['step'].text}, tries {cells['tries'].text}" + (
            f", workers lost {lost} " if lost != "0" else " "
        )
        left = (Cell(f" {row.key}", Role.ACCENT), Cell(f"  {row.workflow}", Role.STRONG))
        self._heading.show(left, (Cell(story, Role.DIM),))
        self._text.show([Line(line.text, line.role, f" {line.head}", f" {line.hang}") for line in row.error])

    def on_table_moved(self, event: Table.Moved) -> None:
        self._say_about()
        self._draw_error()

    def on_table_opened(self, event: Table.Opened) -> None:
        if self._grouped:
            group = self.groups_table.row
            if group is not None:
                self._only = group.key
                self._group(False)
        elif self.table.row is not None:
            self.console.open_run(self.table.row.key)

    def action_groups(self) -> None:
        """List by error, or one by one."""
        self._group(not self._grouped)

    def list_error(self, error_type: Ref) -> None:
        """List those of one error type."""
        self._only = error_type
        self._group(False)

    def _group(self, grouped: bool) -> None:
        self._grouped = grouped
        self.groups_table.display, self.table.display = grouped, not grouped
        if grouped:
            self._only = None
        self.table.show_source(self._letters)
        self.set_focus(self.groups_table if grouped else self.table)
        self.poke()

    def leave(self) -> bool:
        """Esc: forget marks, then list everything again."""
        if self.table.marks:
            self.table.marks.clear()
            self.table.repaint()
        elif self._only is not None or self._grouped:
            self._only = None
            self._group(False)
        else:
            return False
        return True


_NOTHING = (
    Cell("no dead letters", Role.STRONG),
    Cell("A run that failed for good waits here for your judgement.", Role.DIM),
)
