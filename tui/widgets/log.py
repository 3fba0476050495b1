"""A log that is followed: its newest lines stay in view while its end is, and its place is kept while it isn't."""

from __future__ import annotations

from collections.abc import Sequence

from tui.format import Role
from tui.payload import Line
from tui.widgets.pane import Pane


class Log(Pane):
    """Shows safe lines, oldest first."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._of: object = None

    def follow(self, of: object, lines: Sequence[str], *, empty: str) -> None:
        """Show the log ``of`` something; another one than before begins at its end."""
        at_end = of != self._of or self.row_offset + self.size.height >= self.length
        self._of = of
        drawn = [Line(text, Role.DIM, head=" ", hang="   ") for text in lines]
        self.show(drawn or [Line(empty, Role.DIM, " ")], keep_place=True)
        if at_end:
            self.action_scroll_bottom()

    def resized(self) -> None:
        super().resized()
        self.action_scroll_bottom()
