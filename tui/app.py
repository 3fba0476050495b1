"""The console: screens as modes, the keys that work everywhere, the local workers and the ways out."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.filter import LineFilter

from sagewai.models.actor import Actor
from tui import crash, garbage, modes
from tui.attending import LOCK, Attending, Attention
from tui.demo_hooks import DemoHooks
from tui.driver import LineDropped, driver_for
from tui.format import ASCII, UNICODE, Cell, Role
from tui.gateway import INTERVAL, Door, Missing, Unreachable, open_store
from tui.habits import Habits
from tui.linefilter import SafeLines
from tui.local import leaving
from tui.local.embedded import EmbeddedWorker, WorkerSpec
from tui.local.fleet import Fleet
from tui.local.locals import Locals
from tui.local.order import Order
from tui.screens.console import Mode
from tui.screens.keys import key
from tui.sheet import Sheet
from tui.text import Scribe
from tui.theme import PALETTES, choose

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store
    from tui.gateway import Gateway
    from tui.screens.lock import LockScreen

SWEEP_EVERY = 5.0
"""Seconds between two sweeps of a writing console."""

ATTEND_EVERY = 1.0
"""Seconds between two looks at the local workers' processes."""


def _load() -> None:
    """What is needed as soon as the first frame is drawn."""
    import tui.gateway.reads
    import tui.local.adopted
    import tui.local.supervised  # noqa: F401


def _lock_screen() -> LockScreen:
    from tui.screens.lock import LockScreen

    return LockScreen()


class ConsoleApp(Attending):
    """``sagewai-tui`` on one store. ``demo`` and ``worker`` begin after the first frame."""

    TITLE = "sagewai"
    CSS_PATH = Path(__file__).with_name("console.tcss")
    MODES = {**modes.screens(), LOCK: _lock_screen}
    HORIZONTAL_BREAKPOINTS = [(120, "-wide")]
    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority: the app handles them at once, so that what is typed ahead meets the prompt that a key opens.
        key("1", "show('runs')", "runs"),
        key("2", "show('run')", "run"),
        key("3", "show('approvals')", "approvals"),
        key("4", "show('workers')", "workers"),
        key("5", "show('dlq')", "dead letters"),
        key("6", "show('overview')", "overview"),
        key("escape", "leave", "back"),
        key("colon", "command", "go to a screen or run by name", shown_as=":"),
        key("question_mark", "help", "keys", shown_as="?"),
        key("left_square_bracket", "back", "back to where one was", shown_as="["),
        key("right_square_bracket", "forward", "forward again", shown_as="]"),
        key("p", "rest", "stop and start looking"),
        key("m", "mouse", "the mouse: the console's, or the terminal's"),
        key("exclamation_mark", "kill_worker", "kill the demo's worker", shown_as="!"),
        key("q", "quit", "quit"),
        key("ctrl+q,ctrl+c", "quit", "quit", fixed=True),
    ]

    def __init__(
        self,
        store_url: str,
        *,
        actor: Actor,
        read_only: bool = False,
        start_screen: Mode = "runs",
        run_id: str | None = None,
        demo: DemoHooks | None = None,
        worker: WorkerSpec | None = None,
        orders: Sequence[Order] = (),
        worker_store: str | None = None,
        pool: str = "default",
        ascii_only: bool = False,
        interval: float = INTERVAL,
        habits: Habits | None = None,
        attention: Attention | None = None,
        environ: Mapping[str, str] = os.environ,
        opener: Callable[[str], Store] = open_store,
    ) -> None:
        self._net = SafeLines(ascii_only=ascii_only)
        scribe = Scribe(ascii=ascii_only)
        self.habits = habits or Habits()
        theme = self.habits.theme or choose(environ)
        self.DEFAULT_MODE = start_screen  # type: ignore[misc]  # no other screen is made first
        super().__init__(
            native_colours=PALETTES[theme].theme.ansi,
            driver_class=driver_for(environ),
            attention=attention or Attention(),
        )
        self.glyphs = ASCII if ascii_only else UNICODE
        self.door = Door(
            store_url,
            actor=actor,
            read_only=read_only,
            scribe=scribe,
            keys=self.habits.keymap,
            interval=interval,
            opener=opener,
        )
        self._shared = worker is not None and worker.store is None
        self.local = None if worker is None else EmbeddedWorker(worker, store_url, scribe)
        fleet = Fleet(worker_store or store_url, scribe)
        own, keys = worker_store is not None, self.habits.keymap
        self.locals = Locals(self.local, fleet, scribe, pool, has_own_rights=own, keys=keys)
        self.connected = asyncio.Event()
        self._orders = tuple(orders)

        if self.habits.lean:
            self.HORIZONTAL_BREAKPOINTS = []
        self.set_keymap(self.habits.keymap.for_textual)
        self.demo = demo
        self.hint = "" if demo is None else scribe.line(demo.hint(self.habits.keymap))
        self.resting = False
        self._wanted_run = run_id
        self._loop_signals: tuple[signal.Signals, ...] = ()
        for palette in PALETTES.values():
            self.register_theme(palette.theme)
        self.theme = theme
        self.stylesheet = Sheet(variables=self.get_css_variables())

    @cached_property
    def gateway(self) -> Gateway:
        from tui.gateway import Gateway

        gateway = Gateway(self.door, shared=self._shared)
        gateway.here.ours = self.locals.sessions
        return gateway

    # -- life ---------------------------------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._net]

    def on_mount(self) -> None:
        if not self.is_headless:
            self._catch_signals()
        self.call_after_refresh(lambda: self.run_worker(self._begin(), group="begin"))

    async def _begin(self) -> None:
        """Everything that may take longer than the first frame. What is loaded is loaded in a thread: keys act."""
        await asyncio.to_thread(_load)
        self._connect()
        await asyncio.to_thread(modes.load)
        garbage.collect()

    def _connect(self) -> None:
        if self.local is not None:
            self.local.start()
        self._adopt()
        for order in self._orders:
            self._execute(lambda order=order: self.locals.start_order(order))  # type: ignore[misc]
        self.set_interval(ATTEND_EVERY, self._attend)
        if self.demo is not None:
            self.run_worker(self.demo.start(), group="demo")
        if self._wanted_run is not None:
            self.open_by_text(self._wanted_run)
        self.set_interval(SWEEP_EVERY, self._sweep)
        self.begin_attending()
        self.run_worker(self._follow_jobs(), group="follow-jobs")
        self.connected.set()

    def _adopt(self) -> None:
        """Take over what a console left running; one that may start no worker leaves it alone."""
        if self.locals.has_own_rights or not self.door.read_only:
            said = self.locals.adopt()
            if said is not None:
                self.say(self._execute(lambda: said))

    def _sweep(self) -> None:
        self.run_worker(self._sweep_once(), group="sweep", exclusive=True)

    async def _sweep_once(self) -> None:
        try:
            await self.door.sweep()
        except (Unreachable, Missing):
            return  # the next look says so

    async def _follow_jobs(self) -> None:
        """Show how far bulk jobs are, whoever began them, and say what became of each."""
        bulk = self.gateway.bulk
        while True:
            if self.looks:
                with suppress(Unreachable, Missing):
                    for ended in await bulk.follow():
                        self.say_ended(ended)
                self.redraw_frame()
            if bulk.is_due:
                self.run_worker(self._carry_out(), group="bulk")
            await bulk.breathe()

    async def _carry_out(self) -> None:
        with suppress(Unreachable, Missing):  # sweeps go on with it
            await self.gateway.bulk.carry_out()

    def _attend(self) -> None:
        """Notice what becomes of the local workers; the store is asked only while it isn't known who they are there."""
        changed, news = self.locals.changes()
        if news is not None:
            self.say(news)
        if changed:
            self.poke()
        pids = self.locals.unknown()
        if pids:
            self.run_worker(self._learn(pids), group="learn", exclusive=True)

    async def _learn(self, pids: Sequence[int]) -> None:
        try:
            self.locals.learn(await self.gateway.serving.sessions_here(pids))
        except (Unreachable, Missing):
            return  # the next look says so

    def _execute(self, start: Callable[[], Cell]) -> Cell:
        said = start()
        if self.locals.fleet.running and not self.locals.has_own_rights:
            self.gateway.verbs.executes()
        return said

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit, None, 128 + number)
        self._loop_signals = (signal.SIGTERM, signal.SIGHUP)

    def on_line_dropped(self, event: LineDropped) -> None:
        self.exit(return_code=128 + signal.SIGHUP)

    async def on_unmount(self) -> None:
        self.end_attending()
        self.locals.stop_all()
        if self.demo is not None:
            await self.demo.stop()
        await self.door.close()
        for number in self._loop_signals:
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(
                number, signal.SIG_IGN
            )  # a shell that hangs up sends it twice; the worker still drains

    def _set_pointer_shape(self, shape: str) -> None:
        """The mouse is off, and terminals that don't know the sequence take it for a window title."""

    def _print(self, text: str, stderr: bool = False) -> None:
        """What steps of the embedded worker print."""
        if self.local is None:
            super()._print(text, stderr)
        else:
            self.local.tail.write(text)

    def _handle_exception(self, error: Exception) -> None:
        """Leave with a traceback that holds no locals: they would show what the database holds."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._exit_renderables.append(crash.report(error, self.door.scribe))
        self._close_messages_no_wait()

    # -- what screens ask ---------------------------------------------------------------------------------------------

    @property
    def looks(self) -> bool:
        return self.is_attended and not self.resting

    def local_worker(self) -> Cell | None:
        return self.locals.cell(self.glyphs)

    def start_local(self, line: str, at: int | None = None) -> Cell:
        return self._noted("start", self._execute(lambda: self.locals.start(line, at)))

    def more_local(self, at: int | None) -> Cell:
        return self._noted("start one more", self._execute(lambda: self.locals.more(at)))

    def _noted(self, what: str, said: Cell) -> Cell:
        """Keep in the log that a process was started here."""
        started = next(reversed(self.locals.fleet.workers), self.locals.embedded)
        if said.role is Role.DONE and started is not None:
            from tui.gateway import twins

            twin = twins.local_worker(started.order.arguments(started.name))
            self.gateway.verbs.note(f"{what} local", said.text.strip(), twin=twin)
        return said

    # -- keys ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys belong to an open prompt, or to what lies over the screen, before they are the console's."""
        front = self.front_screen()
        if self.is_covered:
            return False
        if front is None or front is not self.screen or front.prompt.is_open:
            return action == "command_palette"
        return action != "kill_worker" or (self.demo is not None and not self.door.is_locked)

    def action_rest(self) -> None:
        self.resting = not self.resting
        again = f" the picture rests; {self.habits.keymap.of('rest', 'p')} looks again"
        self.say(Cell(again if self.resting else " looking again", Role.DIM))
        self.poke()

    def action_kill_worker(self) -> None:
        async def kill() -> None:
            if self.demo is not None:
                self.say(Cell(f" {self.door.scribe.short(await self.demo.kill_worker())}", Role.FAILED))
                self.poke()

        self.run_worker(kill(), group="kill")

    async def action_quit(self) -> None:
        self.leave_by(lambda: self.exit(return_code=0))

    def leave_by(self, leave: Callable[[], None]) -> None:
        """Leave; ask first where local workers would have to end."""
        front = self.front_screen()
        asked = leaving.question(self.locals, leave)
        if asked is None or front is None:
            leave()
        else:
            front.prompt.confirm(asked)
