"""An editor inside the console, for a machine on which there is none."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import TextArea

from tui.format import Cell, Role
from tui.widgets.bar import Bar


class OwnEditor(ModalScreen[str | None]):
    """Gives what the text became, None where it is left as it was. The text it is given is safe."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "take", "take it", priority=True),
        Binding("escape", "leave", "leave it", priority=True),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        yield Bar(id="sheet-title")
        yield TextArea(self._text, id="own-editor", compact=True)

    def on_mount(self) -> None:
        self.query_one(Bar).show(
            [
                Cell(" f2", Role.ACCENT),
                Cell(" takes it ", Role.DIM),
                Cell(" esc", Role.ACCENT),
                Cell(" leaves it as it was", Role.DIM),
            ]
        )
        self.query_one(TextArea).focus()

    def action_take(self) -> None:
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        self.dismiss(None)
