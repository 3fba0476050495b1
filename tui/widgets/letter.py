"""A dead letter's error under its heading, or what can be done about a group of them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import Cell, Role, plural
from tui.keymap import keymap_of
from tui.payload import Line
from tui.views import DeadRow, GroupRow
from tui.widgets.action_log import ActionLog
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane


class Letter(Vertical):
    """Shows the one under the cursor; on wide terminals the action log stands below it."""

    def __init__(self, log: ActionLog) -> None:
        super().__init__(id="error")
        self._heading = Bar(id="error-title")
        self._text = Pane(id="error-text")
        self._log = log
        self._title: tuple[Sequence[Cell], Cell] = (), Cell("")

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._text
        yield self._log

    def on_scrolled_turned(self) -> None:
        self._head()

    def _head(self) -> None:
        """Whose error it is, and which part of it is in view, where not all of it is."""
        left, story = self._title
        place = self._text.place
        self._heading.show(left, (story, *((Cell(f" {place} ", Role.DIM),) if place else ())))

    def show_letter(self, row: DeadRow | None) -> None:
        if row is None:
            self._title = (), Cell("")
            self._head()
            self._text.show(())
            return
        cells = row.cells
        lost = cells["lost"].text
        story = f"  step {cells['step'].text}, tries {cells['tries'].text}" + (
            f", workers lost {lost} " if lost != "0" else " "
        )
        left = (Cell(f" {row.key}", Role.ACCENT), Cell(f"  {row.workflow}", Role.STRONG))
        self._title = left, Cell(story, Role.DIM)
        self._head()
        self._text.show([Line(line.text, line.role, f" {line.head}", f" {line.hang}") for line in row.error])

    def show_group(self, row: GroupRow | None, *, acts: bool) -> None:
        """``acts``: this console may act on it."""
        if row is None:
            self.show_letter(None)
            return
        runs, keys = plural(row.count, "run"), keymap_of(self.app)
        whole, them, errors = f"all {runs}", "them", "their errors"
        if row.count == 1:
            whole, them, errors = "it", "it", "its error"
        self._title = (Cell(f" {row.key}", Role.FAILED), Cell(f"  {runs}", Role.STRONG)), Cell("")
        self._head()
        does = f"retries {whole}, {keys.of('discard', 'D')} discards {them}: one bulk job"
        self._text.show(
            [
                Line(row.cells["workflows"].text, Role.DIM, " in ", "    "),
                Line(),
                *([Line(does, head=f" {keys.of('retry', 'r')}  ")] if acts else []),
                Line(f"lists {them}, {keys.of('pager', 'v')} reads {errors}", head=" enter  "),
                Line(f"writes {them} to a file, as JSON", head=f" {keys.of('write', 'w')}  "),
            ]
        )
