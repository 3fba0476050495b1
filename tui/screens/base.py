"""The frame of every screen: context and counters above, prompt and keys below, and the loop that looks."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.gateway import Missing, Unreachable
from tui.screens import frame
from tui.screens.console import Console, Mode
from tui.widgets.action_log import ActionLog
from tui.widgets.bar import Bar
from tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tui.gateway import Gateway
    from tui.views import ActionRecord, Totals


class ConsoleScreen(Screen[None]):
    """A screen that reads the store while it is in front, one look at a time, and rests while it isn't."""

    MODE: ClassVar[Mode]
    AUTO_FOCUS = ""
    WRITES: ClassVar[Mapping[str, Right]] = {}
    """Actions that change something, and what each needs: a console without that right doesn't bind them."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self) -> None:
        super().__init__()
        self._in_front = False
        self._poked = asyncio.Event()
        self.prompt = Prompt()
        self._context_bar = Bar(id="context")
        self._counter_bar = Bar(id="counters")
        self._key_bar = Bar(id="keys")
        self.action_log = ActionLog()
        """To be placed where a wide terminal has room for it."""
        self.totals: Totals | None = None

    # -- to be filled in ----------------------------------------------------------------------------------------------

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """What stands between counters and prompt."""

    @abstractmethod
    async def look(self) -> None:
        """Read what this screen shows, as far as the look affords it, and draw what changed."""

    def crumbs(self) -> Sequence[Cell]:
        """Where we are, behind the store's name."""
        return (Cell(self.MODE, Role.STRONG),)

    # -- frame --------------------------------------------------------------------------------------------------------

    @property
    def console(self) -> Console:
        return cast(Console, self.app)

    @property
    def gateway(self) -> Gateway:
        return self.console.gateway

    def compose(self) -> ComposeResult:
        yield self._context_bar
        yield self._counter_bar
        yield from self.compose_body()
        yield self.prompt
        yield self._key_bar

    def on_mount(self) -> None:
        self.draw_frame()

    def _hint(self) -> Sequence[Cell]:
        """What the prompt's two lines say while nothing else is to be said."""
        error = self.console.door.link.error
        if error:
            again = Cell(" this is the last picture; it is looked at again by itself", Role.DIM)
            return (Cell(f" {error}", Role.FAILED), again)
        if self.console.connected.is_set() and self.gateway.bulk.under_way:
            return self.gateway.bulk.under_way
        hint = self.console.hint
        if not hint:
            return ()
        twin = f" 2nd shell: export SAGEWAI_STORE={self.console.door.shown_url}"
        return Cell(f" {hint}", Role.ACCENT), Cell(twin, Role.DIM)

    def draw_frame(self) -> None:
        """Draw the frame's lines that changed."""
        console, room = self.console, self.size.width
        self._context_bar.show(*frame.context(console, self.crumbs(), room))
        self._counter_bar.show(*frame.counters(self.totals, console.local_worker(), console.glyphs, room))
        self._key_bar.show(*frame.keys(console.habits.keymap, self._bound(), room))
        self.prompt.rest(*self._hint())
        if self.console.connected.is_set():
            self.action_log.show(self.gateway.verbs.log)

    def label(self, binding: Binding) -> str:
        """What the line of keys calls a key; '' leaves it out."""
        return binding.description

    def _bound(self) -> Iterator[tuple[Binding, str]]:
        """The keys that the line of keys may show, with what it calls them."""
        for binding in self.BINDINGS:
            if isinstance(binding, Binding) and binding.show and not self._is_refused(binding.action):
                yield binding, self.label(binding)

    def _is_refused(self, action: str) -> bool:
        needs = self.WRITES.get(action.partition("(")[0])
        return needs is not None and not self.console.door.may(needs)

    def _compositor_refresh(self) -> None:
        """Textual throws away what it draws while updates are held back, and takes it for drawn."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    def leave(self) -> bool:
        """Esc: leave what was opened on this screen; False when nothing was, so that the screen before comes back."""
        return False

    # -- looking ------------------------------------------------------------------------------------------------------

    def on_screen_resume(self) -> None:
        if not self._in_front:
            self._in_front = True
            self.run_worker(self._keep_looking(), group="look", exclusive=True)
            self._poked.set()

    def on_screen_suspend(self) -> None:
        self._in_front = False
        self._poked.set()

    def poke(self) -> None:
        """Look again at once."""
        self._poked.set()

    def attend(self) -> None:
        """The terminal went out of focus, or came back into it."""
        self.poke()

    async def _keep_looking(self) -> None:
        await self.console.connected.wait()
        while self._in_front:
            self._poked.clear()
            if self.console.looks:
                await self.look_once()
            else:
                self.draw_frame()
                await self._poked.wait()
                continue
            breath = asyncio.ensure_future(self.console.door.breathe())
            poked = asyncio.ensure_future(self._poked.wait())
            try:
                await asyncio.wait({breath, poked}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                breath.cancel()
                poked.cancel()

    async def look_once(self) -> None:
        """One look: the counters, then what the screen shows. What can't be read leaves the last picture standing."""
        try:
            self.totals = await self.gateway.totals()
            await self.look()
            if self.console.door.is_behind:
                self.poke()  # what this look had no room for
        except Unreachable:
            pass  # the frame says so, and since when
        except Missing as missing:
            self.prompt.say(Cell(f" {missing}", Role.FAILED))
        self.draw_frame()

    # -- acting -------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys are for an open prompt first; none is bound that this console may not act on."""
        return not self.prompt.is_open and not self._is_refused(action)

    def report(self, record: ActionRecord) -> None:
        """Say what came of an action, and the command that would have done the same."""
        said, twin = frame.reported(record, self.console.glyphs, self.size.width)
        self.prompt.say(said, explain=twin)
        self.poke()
