"""The frame of every screen: context and counters above, prompt and keys below, and the loop that looks."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from sagewai.models.right import Right
from sagewai.models.status import RunStatus
from tui.format import Cell, Role, clock, context_role, number
from tui.gateway import Gateway, Missing, Unreachable
from tui.screens.console import Console, Mode
from tui.text import cut_head, width
from tui.views import ActionRecord, Totals
from tui.widgets.bar import Bar
from tui.widgets.prompt import Prompt


def _cells(cells: Iterable[Cell]) -> int:
    return sum(width(cell.text) for cell in cells)


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
        self.totals: Totals | None = None

    # -- to be filled in ----------------------------------------------------------------------------------------------

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """What stands between counters and prompt."""

    @abstractmethod
    async def look(self) -> None:
        """Read what this screen shows, at most three statements, and draw what changed."""

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
        error = self.gateway.door.link.error
        if error:
            again = Cell(" this is the last picture; it is looked at again by itself", Role.DIM)
            return (Cell(f" {error}", Role.FAILED), again)
        if self.gateway.bulk.under_way:
            return self.gateway.bulk.under_way
        hint = self.console.hint
        twin = f" 2nd shell: export SAGEWAI_STORE={self.gateway.door.shown_url}"
        return (Cell(f" {hint}", Role.ACCENT), Cell(twin, Role.DIM)) if hint else ()

    def draw_frame(self) -> None:
        """Draw the frame's lines that changed."""
        self._context_bar.show(*self._context_cells())
        self._counter_bar.show(*self._counters())
        self._key_bar.show(self._keys_here(), self._keys_everywhere())
        self.prompt.rest(*self._hint())

    def _context_cells(self) -> tuple[Sequence[Cell], Sequence[Cell]]:
        glyphs, door = self.console.glyphs, self.gateway.door
        crumb = Cell(f" {glyphs.crumb} ", Role.DIM)
        right = (
            Cell(f"  {door.access}", Role.DIM if door.access == "RW" else Role.WAITING),
            Cell("  "),
            self._freshness(),
            Cell(f"  {door.actor_name}", Role.DIM),
            Cell(f"  {clock(door.now())} ", Role.DIM),
        )
        habits = self.console.habits
        badge = (
            (Cell(f" {habits.context} ", context_role(habits.colour)), Cell(" ")) if habits.context else ()
        )
        here = (crumb, *self.crumbs())
        room = self.size.width - _cells(right) - _cells(here) - _cells(badge) - len(" sagewai > ")
        place = cut_head(door.place, max(8, room), ellipsis=glyphs.ellipsis)
        return (Cell(" sagewai", Role.ACCENT), crumb, *badge, Cell(place), *here), right

    def _freshness(self) -> Cell:
        if self.console.resting:
            return Cell("resting", Role.WAITING)
        door = self.gateway.door
        return door.link.badge(door.interval) if self.console.looks else Cell("no focus", Role.WAITING)

    def _counters(self) -> tuple[Sequence[Cell], Sequence[Cell]]:
        """Where they don't all fit, those that are zero are left out."""
        local = self.console.local_worker()
        right = () if local is None else (Cell("  "), local, Cell(" "))
        totals = self.totals
        if totals is None:
            return (Cell(" ... looking", Role.DIM),), right
        counts = (
            ("PEND", totals.by_status.get(RunStatus.PENDING, 0), Role.PENDING),
            ("RUN", totals.by_status.get(RunStatus.RUNNING, 0), Role.RUNNING),
            ("WAIT", totals.by_status.get(RunStatus.WAITING, 0), Role.WAITING),
            ("FAIL", totals.by_status.get(RunStatus.FAILED, 0), Role.FAILED),
            ("APPR", totals.approvals, Role.WAITING),
            ("DLQ", totals.dead_letters, Role.FAILED),
        )
        cells = [
            Cell(f" {word} {number(count)} ", role if count else Role.DIM) for word, count, role in counts
        ]
        workers = self._worker_cells(totals)
        if _cells([*cells, *workers, *right]) > self.size.width:
            cells = [cell for cell, (_, count, _) in zip(cells, counts, strict=True) if count]
        return (*cells, *workers), right

    def _worker_cells(self, totals: Totals) -> Sequence[Cell]:
        live, stale = totals.live_workers, totals.stale_workers
        none = live == 0 and bool(totals.unserved)
        return (
            Cell(f"{self.console.glyphs.gutter} ", Role.DIM),
            Cell(f"workers {live}/{live + stale}", Role.FAILED if none else Role.PLAIN),
            *((Cell(f" ({stale} stale)", Role.FAILED),) if stale else ()),
        )

    def label(self, binding: Binding) -> str:
        """What the line of keys calls a key; '' leaves it out."""
        return binding.description

    def _keys_here(self) -> Sequence[Cell]:
        """As many whole keys as fit, in their order."""
        cells: list[Cell] = []
        keymap = self.console.habits.keymap
        room = self.size.width - _cells(self._keys_everywhere())
        for binding in self.BINDINGS:
            if isinstance(binding, Binding) and binding.show and not self._is_refused(binding.action):
                label = self.label(binding)
                pair = (
                    Cell(f" {keymap.shown(binding)}", Role.ACCENT),
                    Cell(f" {label} ", Role.DIM),
                )
                if label and _cells([*cells, *pair]) <= room:
                    cells += pair
        pair = (Cell(f" {keymap.of('command', ':')}", Role.ACCENT), Cell(" go", Role.DIM))
        return [*cells, *pair] if _cells([*cells, *pair]) <= room else cells

    def _keys_everywhere(self) -> Sequence[Cell]:
        keymap = self.console.habits.keymap
        return (
            Cell(f" {keymap.of('help', '?')}", Role.ACCENT),
            Cell(" keys ", Role.DIM),
            Cell(f" {keymap.of('quit', 'q')}", Role.ACCENT),
            Cell(" quit", Role.DIM),
        )

    def _is_refused(self, action: str) -> bool:
        needs = self.WRITES.get(action.partition("(")[0])
        return needs is not None and not self.gateway.door.may(needs)

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
        while self._in_front:
            self._poked.clear()
            if self.console.looks:
                await self.look_once()
            else:
                self.draw_frame()
                await self._poked.wait()
                continue
            breath = asyncio.ensure_future(self.gateway.door.breathe())
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
        glyphs = self.console.glyphs
        mark = glyphs.done if record.ok else glyphs.failed
        role = Role.DONE if record.ok else Role.FAILED
        self.prompt.say(
            Cell(f" {mark} {record.what}: {record.outcome}", role),
            explain=[Cell(f"   {record.twin}", Role.DIM)],
        )
        self.poke()
