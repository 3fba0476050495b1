"""An editor inside the console, for a machine on which there is none."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import TextArea

from tui.format import Cell, Role
from tui.text import multi_line
from tui.widgets.bar import Bar


class _Area(TextArea):
    """What is pasted arrives without what a terminal would obey."""

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        pasted = multi_line(event.text.replace("\r\n", "\n").replace("\r", "\n"))
        if result := self._replace_via_keyboard(pasted, *self.selection):
            self.move_cursor(result.end_location)


class OwnEditor(ModalScreen[str | None]):
    """Gives what the text became, None where it is left as it was. The text it is given is safe. Leaving a changed text
    takes a second key: it is gone then."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "take", "take it"),  # no priority: it must not overtake what was typed before it
        Binding("escape", "leave", "leave it"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._warned = ""

    def compose(self) -> ComposeResult:
        yield Bar(id="sheet-title")
        yield _Area(self._text, id="own-editor", compact=True)

    def on_mount(self) -> None:
        self.set_focus(self.query_one(TextArea))  # now: what is typed next is for the text
        self.query_one(Bar).show(
            [
                Cell(" f2", Role.ACCENT),
                Cell(" takes it ", Role.DIM),
                Cell(" esc", Role.ACCENT),
                Cell(" leaves it as it was", Role.DIM),
            ]
        )

    def action_take(self) -> None:
        self.dismiss(self.query_one(TextArea).text)

    def action_leave(self) -> None:
        text = self.query_one(TextArea).text
        if text in {self._text, self._warned}:
            self.dismiss(None)
            return
        self._warned = text
        self.query_one(Bar).show(
            [Cell(" esc once more throws away what you changed", Role.WAITING), Cell("; f2 takes it")]
        )
