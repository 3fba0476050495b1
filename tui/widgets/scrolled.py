"""Text that is read by scrolling: its keys, and word of which part of it is in view."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message

from tui.widgets.paint import Lines


class Scrolled(Lines):
    """Says ``Turned`` when another part of it, or another share, has come into view."""

    BINDINGS = [
        Binding("up,k", "scroll_by(-1)", "up", show=False, priority=True),
        Binding("down,j", "scroll_by(1)", "down", show=False, priority=True),
        Binding("pageup", "scroll_page(-1)", "a page up", show=False, priority=True),
        Binding("pagedown,space", "scroll_page(1)", "a page down", show=False, priority=True),
        Binding("home,g", "scroll_top", "the top", show=False, priority=True),
        Binding("end,G", "scroll_bottom", "the end", show=False, priority=True),
    ]

    class Turned(Message):
        """Another part of it is in view, or another share."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._told = ""

    @property
    def place(self) -> str:
        """``1-12 of 40`` where not all of it is in view, else ''."""
        if self.length <= self.room:
            return ""
        return f"{self.row_offset + 1}-{min(self.length, self.row_offset + self.room)} of {self.length}"

    def scroll_to_line(self, y: int) -> None:
        super().scroll_to_line(y)
        if self.place != self._told:
            self._told = self.place
            self.post_message(self.Turned())

    def action_scroll_by(self, by: int) -> None:
        self.scroll_to_line(self.row_offset + by)

    def action_scroll_page(self, by: int) -> None:
        self.scroll_to_line(self.row_offset + by * max(1, self.room - 1))

    def action_scroll_top(self) -> None:
        self.scroll_to_line(0)

    def action_scroll_bottom(self) -> None:
        self.scroll_to_line(self.length)
