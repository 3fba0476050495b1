"""The keys for local workers: start some, more and fewer of them, stop one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.screens.base import ConsoleScreen
from tui.screens.keys import key
from tui.widgets.prompt import Question

LOCAL_KEYS: tuple[BindingType, ...] = (
    key("N", "start_local", "start local", shown=True),
    key("plus", "more", "one more local worker", shown_as="+"),
    key("minus", "fewer", "one less", shown_as="-"),
    key("K", "stop_local", "stop a local worker"),
)
_LOCAL = frozenset({"start_local", "more", "fewer", "stop_local"})


class LocalActions(ConsoleScreen):
    """A screen on which local workers are started and ended. A console whose workers have no rights of their own starts
    none where it may not execute itself."""

    BINDINGS: ClassVar[list[BindingType]] = []

    @abstractmethod
    def chosen(self) -> tuple[int, str] | None:
        """Number and name of the local worker under the cursor."""

    @abstractmethod
    def pools(self) -> Sequence[str]:
        """The pools there are, to be completed."""

    def _is_refused(self, action: str) -> bool:
        if action.partition("(")[0] in _LOCAL:
            door = self.gateway.door
            return door.is_locked or not (self.console.locals.has_own_rights or door.may(Right.EXECUTE))
        return super()._is_refused(action)

    def action_start_local(self) -> None:
        ours, pools = self.console.locals, tuple(self.pools())
        number = self._number()

        async def commit(line: str) -> None:
            if line:
                self._say(self.console.start_local(line, number))

        def complete(typed: str) -> Sequence[str]:
            return ours.completions(typed, pools)

        what = (Cell(" start local workers", Role.STRONG),)
        form = "MODULE:NAME [pool=P] [n=2] [concurrency=4] [labels k=v]"
        self.prompt.ask(Question(what, commit, form, ">", initial=ours.line(number), complete=complete))

    def action_more(self) -> None:
        self._say(self.console.more_local(self._number()))

    def action_fewer(self) -> None:
        said = self.console.locals.fewer(self._number())
        if said.role is Role.DIM:
            self._say(said)
        else:
            self._note("one local worker less", said)

    def action_stop_local(self) -> None:
        chosen = self.chosen()
        if chosen is None:
            drain = self.console.habits.keymap.of("drain", "d")
            what = f" that worker isn't this console's: {drain} drains it through the database"
            self._say(Cell(what, Role.WAITING))
            return
        number, name = chosen
        would = self.console.locals.stopping(number)
        if would is None:
            more = self.console.habits.keymap.of("more", "+")
            self._say(Cell(f" {name} has ended already: {more} starts it again", Role.WAITING))
            return
        what, then = would

        async def commit(_: str) -> None:
            self._note(f"{what} {name}", self.console.locals.stop(number))

        text = (Cell(f" {what} {name}?", Role.STRONG), Cell(f"  {then}", Role.DIM))
        self.prompt.confirm(Question(text, commit))

    def _number(self) -> int | None:
        chosen = self.chosen()
        return None if chosen is None else chosen[0]

    def _note(self, what: str, said: Cell) -> None:
        """Say it, and keep in the log what became of a process."""
        self.gateway.verbs.note(what, said.text.strip())
        self._say(said)

    def _say(self, cell: Cell) -> None:
        self.prompt.say(cell)
        self.poke()
