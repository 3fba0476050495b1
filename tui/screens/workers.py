"""Workers: pools and who serves them, every worker with its load, and below them a log or the runs that one holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.timer import Timer

from tui.format import Cell, Role, plural
from tui.gateway.serving import HELD_AT_ONCE
from tui.local.listing import about, listed
from tui.local.locals import LocalWorker
from tui.screens.keys import key
from tui.screens.local import LOCAL_KEYS
from tui.screens.serving import SERVING_KEYS, ServingActions
from tui.screens.worker_columns import HELD, NO_HELD, NO_POOLS, POOLS, WORKERS, no_workers
from tui.views import PoolRow, RunRow, Window, WorkerRow
from tui.widgets.bar import Bar
from tui.widgets.log import Log
from tui.widgets.table import Table

_TAIL_EVERY = 0.5
"""Seconds between two looks at a log that is open; it is a file of this machine."""


class WorkersScreen(ServingActions):
    """Who does the work."""

    MODE = "workers"
    BINDINGS: ClassVar[list[BindingType]] = [
        *SERVING_KEYS,
        *LOCAL_KEYS,
        key("tab", "app.focus_next", "pools/workers", shown=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pools_table = Table[PoolRow](POOLS, self._pools, id="pools", empty=NO_POOLS)
        self.workers_table = Table[WorkerRow](WORKERS, self._workers, id="workers")
        self.held_table = Table[RunRow](HELD, self._held, id="held", empty=NO_HELD)
        self._about_pools = Bar(id="about-pools")
        self._about_workers = Bar(id="about-workers")
        self._about_log = Bar(id="about-log")
        self.log_pane = Log(id="log")
        self._opened: WorkerRow | None = None
        self._tailing: Timer | None = None

    def compose_body(self) -> ComposeResult:
        with Vertical(id="body"):
            yield self._about_pools
            yield self.pools_table
            yield self._about_workers
            yield self.workers_table
            yield self._about_log
            yield self.held_table
            yield self.log_pane

    def on_mount(self) -> None:
        super().on_mount()
        self.workers_table.show_empty(no_workers(self.console.habits.keymap))
        self._tailing = self.set_interval(_TAIL_EVERY, self._draw_log, pause=True)
        self.workers_table.focus()
        self._about_pools.show([Cell(" pools", Role.STRONG)])

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._tailing is not None and self.has_class("-log"):
            self._tailing.resume()

    def on_screen_suspend(self) -> None:
        super().on_screen_suspend()
        if self._tailing is not None:
            self._tailing.pause()

    def attend(self) -> None:
        super().attend()
        if self._tailing is not None and self.has_class("-log"):
            (self._tailing.resume if self.console.looks else self._tailing.pause)()

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _pools(self, cursor: str | None, limit: int) -> Window[PoolRow]:
        return Window(self.gateway.pools())

    async def _workers(self, cursor: str | None, limit: int) -> Window[WorkerRow]:
        rows = await self.gateway.workers()
        return Window(listed(rows, self.console.locals.workers(), self.console.glyphs))

    async def _held(self, cursor: str | None, limit: int) -> Window[RunRow]:
        opened = self._opened
        session = None if opened is None else opened.session
        return Window(() if session is None else await self.gateway.serving.held_by(session))

    async def look(self) -> None:
        await self.pools_table.look()
        await self.workers_table.look()
        if self.has_class("-held"):
            await self.held_table.look()
        pools = len(self.pools_table.rows)
        self.pools_table.styles.height = max(3, min(pools + 1, 1 + self.size.height // 4))
        unserved = () if self.totals is None else self.totals.unserved
        warning = f"no worker for {', '.join(unserved[:3])}: its runs wait "
        self._about_pools.show(
            [Cell(" pools", Role.STRONG)], [Cell(warning, Role.FAILED)] if unserved else []
        )
        live = sum(row.live for row in self.workers_table.rows)
        seen = f"  {live} live of {sum(row.session is not None for row in self.workers_table.rows)} seen"
        self._about_workers.show([Cell(" workers", Role.STRONG), Cell(seen, Role.DIM)])
        self._draw_log()

    def _draw_log(self) -> None:
        """The runs that were opened; else the log of the worker that was opened, is under the cursor, or is first."""
        if self.has_class("-held") and self._opened is not None:
            rows = self.held_table.rows
            held = plural(len(rows), "run") + (" or more" if len(rows) == HELD_AT_ONCE else "")
            self._about_log.show(
                [Cell(f" {self._opened.name} ", Role.STRONG), Cell(f"holds {held}", Role.DIM)],
                [Cell("enter opens one, esc leaves ", Role.DIM)],
            )
            return
        ours = {worker.number: worker for worker in self.console.locals.workers()}
        wanted = self._opened or self.workers_table.row
        number = None if wanted is None else wanted.local
        shown = ours.get(number if number is not None else next(iter(ours), -1))
        self._show_log(shown)

    def _show_log(self, worker: LocalWorker | None) -> None:
        full = self.has_class("-log")
        keys = "enter: what it holds, esc leaves " if full else "its log; enter shows more of it "
        if worker is None:
            said = self.console.local_worker() or Cell("none", Role.DIM)
            self._about_log.show([Cell(" this console's workers: "), said])
        else:
            state, helps = about(worker, self.console.habits.keymap)
            head = [Cell(f" {worker.name}  ", Role.STRONG), state]
            self._about_log.show(head, [Cell(f"{helps} " if helps else keys, Role.DIM)])
        lines = () if worker is None else self.console.locals.log(worker.number)
        start = self.console.habits.keymap.of("start-local", "N")
        empty = (
            "it has written nothing yet" if worker else f"{start} starts one: MODULE:NAME, as --local does"
        )
        self.log_pane.follow(None if worker is None else (worker.number, full), lines, empty=empty)

    # -- opening ------------------------------------------------------------------------------------------------------

    def on_table_moved(self, event: Table.Moved) -> None:
        """The log shown is that of the worker under the cursor."""
        event.stop()
        self._draw_log()

    async def on_table_opened(self, event: Table.Opened) -> None:
        """Enter: a local worker's log, another's runs, a run itself."""
        event.stop()
        if event.table is self.held_table:
            if self.held_table.row is not None:
                self.console.open_run(self.held_table.row.key)
        elif event.table is self.workers_table and self.workers_table.row is not None:
            row = self._opened = self.workers_table.row
            self._open("-held" if row.local is None else "-log")

    def key_enter(self) -> None:
        """In the log: the runs that its worker holds."""
        opened = self._opened
        if self.has_class("-log") and opened is not None:
            rows = self.workers_table.rows  # its session may have begun since the log was opened
            self._opened = next((row for row in rows if row.local == opened.local), opened)
            self._open("-held")

    def leave(self) -> bool:
        if self._opened is None:
            return False
        self._opened = None
        self._open(None)
        return True

    def _open(self, what: str | None) -> None:
        for name in ("-log", "-held"):
            self.set_class(name == what, name)
        (self.held_table if what == "-held" else self.log_pane if what else self.workers_table).focus()
        if self._tailing is not None:
            (self._tailing.resume if what == "-log" else self._tailing.pause)()
        self.poke()

    # -- acting -------------------------------------------------------------------------------------------------------

    def chosen(self) -> tuple[int, str] | None:
        row = self._opened or self.workers_table.row
        return None if row is None or row.local is None else (row.local, str(row.name))

    def pools(self) -> Sequence[str]:
        return [str(row.key) for row in self.pools_table.rows]

    def target(self) -> PoolRow | WorkerRow | None:
        if self.pools_table.has_focus:
            return self.pools_table.row
        return self._opened or self.workers_table.row
