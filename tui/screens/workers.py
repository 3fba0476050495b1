"""Workers: pools and who serves them, every worker with its load, and the log of the worker this console carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.gateway import WorkerVerb
from tui.payload import Line
from tui.screens.base import ConsoleScreen
from tui.screens.keys import key
from tui.views import PoolRow, Window, WorkerRow
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.pane import Pane
from tui.widgets.prompt import Question
from tui.widgets.table import Table

POOLS = (
    Column("pool", "POOL", 12, weight=2, most=40),
    Column("queued", "QUEUED", 6, align="right"),
    Column("running", "RUNNING", 7, align="right"),
    Column("waiting", "WAITING", 7, align="right", rank=1),
    Column("live", "LIVE", 5, align="right"),
    Column("stale", "STALE", 5, align="right", rank=2),
    Column("capacity", "LOAD", 9, align="right", rank=3),
    Column("oldest", "OLDEST", 6, align="right", rank=1),
)
WORKERS = (
    Column("state", "STATE", 10),
    Column("worker", "WORKER", 14, weight=3, most=36, keep="tail"),
    Column("pool", "POOL", 8, weight=1, most=20, rank=2),
    Column("load", "LOAD", 6, align="right", rank=1),
    Column("beat", "BEAT", 4, align="right"),
    Column("labels", "LABELS", 10, weight=2, most=40, rank=4),
    Column("workflows", "WORKFLOWS", 12, weight=4, most=80, rank=3),
    Column("kind", "KIND", 6, rank=6),
    Column("process", "PROCESS", 14, weight=1, most=30, rank=5, keep="tail"),
    Column("up", "UP", 4, align="right", rank=7),
)


class WorkersScreen(ConsoleScreen):
    """Who does the work."""

    MODE = "workers"
    WRITES: ClassVar[Mapping[str, Right]] = {"drain": Right.OPERATE, "hold": Right.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        key("d", "drain", "drain", shown=True),
        key("P", "hold", "pause/resume", shown=True),
        key("tab", "app.focus_next", "pools/workers", shown=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pools_table = Table[PoolRow](POOLS, self._pools, id="pools", empty=_NO_POOLS)
        self.workers_table = Table[WorkerRow](WORKERS, self._workers, id="workers", empty=_NO_WORKERS)
        self._about_pools = Bar(id="about-pools")
        self._about_workers = Bar(id="about-workers")
        self._about_log = Bar(id="about-log")
        self._log = Pane(id="log")

    def compose_body(self) -> ComposeResult:
        with Vertical(id="body"):
            yield self._about_pools
            yield self.pools_table
            yield self._about_workers
            yield self.workers_table
            yield self._about_log
            yield self._log

    def on_mount(self) -> None:
        super().on_mount()
        self.workers_table.focus()
        self._about_pools.show([Cell(" pools", Role.STRONG)])

    async def _pools(self, cursor: str | None, limit: int) -> Window[PoolRow]:
        return Window(self.gateway.pools())

    async def _workers(self, cursor: str | None, limit: int) -> Window[WorkerRow]:
        return Window(await self.gateway.workers())

    async def look(self) -> None:
        await self.pools_table.look()
        await self.workers_table.look()
        pools = len(self.pools_table.rows)
        self.pools_table.styles.height = max(3, min(pools + 1, 1 + self.size.height // 4))
        unserved = () if self.totals is None else self.totals.unserved
        warning = (
            [Cell(f"no worker for {', '.join(unserved[:3])}: its runs wait ", Role.FAILED)]
            if unserved
            else []
        )
        self._about_pools.show([Cell(" pools", Role.STRONG)], warning)
        live = sum(row.live for row in self.workers_table.rows)
        self._about_workers.show(
            [
                Cell(" workers", Role.STRONG),
                Cell(f"  {live} live of {len(self.workers_table.rows)} seen", Role.DIM),
            ]
        )
        self._draw_log()

    def _draw_log(self) -> None:
        log = self.console.local_log()
        self._about_log.show(
            [Cell(" this console's worker: "), self.console.local_worker() or Cell("none", Role.DIM)],
            [Cell("its log, newest first ", Role.DIM)],
        )
        empty = "start one in this console with --worker MODULE:NAME"
        self._log.show(
            [Line(text, Role.DIM, head=" ", hang="   ") for text in reversed(log)]
            or [Line(empty, Role.DIM, " ")]
        )

    # -- acting -------------------------------------------------------------------------------------------------------

    def action_drain(self) -> None:
        self._ask("drain")

    def action_hold(self) -> None:
        row = self.workers_table.row
        if row is not None:
            self._ask("resume" if row.paused else "pause")

    def _ask(self, verb: WorkerVerb) -> None:
        row = self.workers_table.row
        if row is None:
            return
        session, name = row.key, row.name

        async def commit(_: str) -> None:
            self.report(await self.gateway.verbs.ask_worker(verb, session, name))

        if verb == "drain":
            text = (
                Cell(f" drain {name}?", Role.STRONG),
                Cell("  it finishes what it holds, then stops", Role.DIM),
            )
            self.prompt.confirm(Question(text, commit))
        else:
            self.run_worker(commit(""), group="commit", exclusive=False)


_NO_POOLS = (Cell("no runs and no workers yet", Role.DIM),)
_NO_WORKERS = (Cell("no worker lives; start one: sagewai worker MODULE:NAME", Role.DIM),)
