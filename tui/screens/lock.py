"""The lock: in the picture's place the store's name and how many approvals wait, and where a name is typed to go on."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input

from tui.format import Cell, Role, clock, plural
from tui.screens.console import Console
from tui.views import Totals
from tui.widgets.answer import Answer
from tui.widgets.bar import Bar


class LockScreen(Screen[None]):
    """Enter alone shows the picture without what acts; the operator's name gives back everything."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = "#answer"

    def __init__(self) -> None:
        super().__init__()
        self._lines = tuple(Bar(id=f"lock-{number}") for number in range(5))
        self._answer = Answer(self._clear)
        self._refusal: list[Cell] = []

    @property
    def console(self) -> Console:
        return cast(Console, self.app)

    def compose(self) -> ComposeResult:
        with Vertical(id="lock"):
            yield from self._lines
            with Horizontal(id="lock-entry"):
                yield Bar(id="lock-label")
                yield self._answer

    def on_mount(self) -> None:
        self.query_one("#lock-label", Bar).show([Cell(" >", Role.ACCENT)])

    def on_screen_resume(self) -> None:
        self._refusal = []
        self._clear()
        self.set_focus(self._answer)

    def show(self, totals: Totals | None) -> None:
        """Draw what may be seen while nobody is known to look; None where the database doesn't answer."""
        door, glyphs = self.console.gateway.door, self.console.glyphs
        waiting = 0 if totals is None else totals.approvals
        asks = Cell(
            f" {glyphs.waiting} {plural(waiting, 'approval')} wait{'s' * (waiting == 1)}", Role.WAITING
        )
        if totals is None:
            asks = Cell(" the database doesn't answer", Role.FAILED)
        elif not waiting:
            asks = Cell(" no approval waits", Role.DIM)
        shown: tuple[tuple[list[Cell], list[Cell]], ...] = (
            ([Cell(" locked", Role.STRONG)], [Cell(f"{clock(door.now())} ", Role.DIM)]),
            ([Cell(f" {door.place}", Role.ACCENT)], []),
            ([asks], []),
            (self._refusal, []),
            ([Cell(" enter: look only   your account's name and enter: go on", Role.DIM)], []),
        )
        for bar, (left, right) in zip(self._lines, shown, strict=True):
            bar.show(left, right)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self.console.unlock(event.value.strip()):
            self._refusal = [Cell(" that isn't the name this console acts by", Role.FAILED)]
            self._lines[3].show(self._refusal)
        self._clear()

    def _clear(self) -> None:
        self._answer.value = ""
