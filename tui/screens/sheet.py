"""A sheet over the screen: a title, lines to scroll, and a prompt and keys of its own. esc puts it away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.format import Cell, Role
from tui.payload import Line
from tui.screens.console import Console
from tui.screens.keys import key
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane
from tui.widgets.prompt import Prompt


class Sheet(ModalScreen[None]):
    """Shows lines at full height; built upon by sheets on which something can be done."""

    BINDINGS: ClassVar[list[BindingType]] = [key("escape,q", "leave", "back", shown=True, shown_as="esc")]
    AUTO_FOCUS = ""

    def __init__(self, title: str, lines: Sequence[Line] = ()) -> None:
        super().__init__()
        self._title = title
        self._lines = tuple(lines)
        self._title_bar = Bar(id="sheet-title")
        self._key_bar = Bar(id="sheet-keys")
        self.pane = Pane(id="sheet-pane")
        self.prompt = Prompt()

    @property
    def console(self) -> Console:
        return cast(Console, self.app)

    def compose(self) -> ComposeResult:
        yield self._title_bar
        yield from self.compose_body()
        yield self.prompt
        yield self._key_bar

    def compose_body(self) -> ComposeResult:
        """What stands between title and prompt."""
        yield self.pane

    def on_mount(self) -> None:
        self.on_scrolled_turned()
        self._key_bar.show(self._keys())
        self.draw()

    def on_scrolled_turned(self) -> None:
        """Say which part of it is in view, where not all of it is."""
        place = self.place()
        self._title_bar.show(
            [Cell(f" {self._title}", Role.STRONG)], [Cell(f"{place} ", Role.DIM)] if place else []
        )

    def place(self) -> str:
        """Which part that is."""
        return self.pane.place

    def draw(self) -> None:
        """Show what the sheet is about."""
        self.show(self._lines)
        self.pane.focus()

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        self.pane.show(
            [Line(line.text, line.role, f" {line.head}", f" {line.hang}", line.marks) for line in lines]
        )

    def _keys(self) -> Sequence[Cell]:
        cells: list[Cell] = []
        own = () if type(self).BINDINGS is Sheet.BINDINGS else self.BINDINGS
        for binding in (*own, *Sheet.BINDINGS):
            if isinstance(binding, Binding) and binding.show and self.check_action(binding.action, ()):
                cells += [
                    Cell(f" {self.console.habits.keymap.shown(binding)}", Role.ACCENT),
                    Cell(f" {binding.description} ", Role.DIM),
                ]
        return cells

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys are for an open prompt first."""
        return not self.prompt.is_open

    def action_leave(self) -> None:
        self.dismiss()


class Reader(Sheet):
    """The pager where there is no other."""
