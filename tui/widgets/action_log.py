"""What was done from this console, each deed with the command that would have done the same; for wide terminals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import Cell, Role, clock
from tui.widgets.bar import Bar

if TYPE_CHECKING:
    from tui.payload import Line
    from tui.views import ActionRecord
    from tui.widgets.pane import Pane


class ActionLog(Vertical):
    """Hidden on narrow terminals, where the prompt's lines say it once and the Overview for good; empty until seen."""

    def __init__(self) -> None:
        super().__init__(classes="action-log")
        self._heading = Bar(classes="action-log-title")
        self._pane: Pane | None = None

    def compose(self) -> ComposeResult:
        yield self._heading

    def on_mount(self) -> None:
        self._heading.show([Cell(" what you did here", Role.DIM)])

    def show(self, log: Sequence[ActionRecord]) -> None:
        """Draw it, newest first."""
        if self.is_mounted and self.size.width > 0:
            if self._pane is None:
                self._pane = self._made()
            self._pane.show(told(log))

    def _made(self) -> Pane:
        from tui.widgets.pane import Pane

        pane = Pane()
        pane.can_focus = False
        self.mount(pane)
        return pane


def told(log: Sequence[ActionRecord]) -> Sequence[Line]:
    """A line for each deed, and one for its command where it has one."""
    from tui.payload import Line

    lines: list[Line] = []
    for record in reversed(log):
        role = Role.PLAIN if record.ok else Role.FAILED
        when = f" {clock(record.at)}  "
        lines.append(Line(f"{record.what}: {record.outcome}", role, head=when, hang=" " * 9))
        lines += [Line(record.twin, Role.DIM, head=" " * 9, hang=" " * 11)] if record.twin else []
    return lines or (Line("nothing yet", Role.DIM, head=" "),)
