"""What keeps the demo moving: new work whenever there is room for it, ever more slowly."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sagewai import DeadLetterQueue, StoreError, WorkflowMonitor
from tui.demo.article import article
from tui.demo.desk import Desk
from tui.demo.flows import AGENTS_POOL
from tui.demo.imports import order_import
from tui.demo.orders import MalformedOrders
from tui.demo.survey import survey

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

log = logging.getLogger("tui.demo")

Manner = Literal["slowly", "malformed", "late"]

MANNERS: tuple[Manner, ...] = ("malformed", "late", "slowly", "slowly", "slowly")
"""How the supply office delivers its lists, over and over."""

READABLE = ("quarter-1", "quarter-2")
UNREADABLE = "quarter-3"
TEXTS = ("lamps", "fog", "visitors", "stores", "handover")

OPEN = ("pending", "running", "waiting")
LATE = 20.0
"""Seconds by which a late list is late: longer than its import tries."""
NOTICES = 3
"""Being written, or waiting for somebody's yes or no."""
DEAD_LETTERS = 3
"""From so many on, lists come in good order."""
ROUND = 4.0
SLOWING = 120.0
"""Seconds until a round takes a second more, so that a demo left open doesn't fill the disk."""
SLOWEST = 30.0


class Director:
    """Submits work, and acts as the supply office. Everything else is done by the workers, and decided by people."""

    def __init__(self, desk: Desk, store: Store) -> None:
        self._desk = desk
        self._monitor = WorkflowMonitor(store=store)
        self._letters = DeadLetterQueue(store=store)
        self._manners = itertools.cycle(MANNERS)
        self._readable = itertools.cycle(READABLE)
        self._texts = itertools.cycle(TEXTS)
        self._owed: list[tuple[Path, Manner]] = []

    async def open(self) -> None:
        """The runs that are there before anybody looks."""
        await self._desk.survey(AGENTS_POOL)
        await self._desk.survey()
        await self._desk.survey()
        await self._order_list("slowly")

    async def run(self) -> None:
        """Deliver what is owed and see to new work, until cancelled."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as deliveries:
            while True:
                try:
                    await self._round()
                except StoreError as error:
                    log.warning("no new work this time: %s", error)
                for target, manner in self._owed:
                    deliveries.create_task(self._deliver(target, manner))
                self._owed.clear()
                await asyncio.sleep(min(SLOWEST, ROUND + (time.monotonic() - began) / SLOWING))

    async def _round(self) -> None:
        runs = await self._monitor.list_executions(OPEN, limit=200)
        at_work = Counter((run.workflow, run.pool) for run in runs)
        letters = await self._letters.list_entries(workflow=order_import.name)
        for letter in letters:
            if letter.error.code == MalformedOrders.__name__:
                await self._desk.correct(letter.run_id)
        for pool in ("default", AGENTS_POOL):
            if not at_work[survey.name, pool]:
                await self._desk.survey(pool)
        for _ in range(NOTICES - at_work[article.name, AGENTS_POOL]):
            await self._desk.notice(next(self._texts))
        if not at_work[order_import.name, "default"]:
            await self._order_list("slowly" if len(letters) >= DEAD_LETTERS else next(self._manners))

    async def _order_list(self, manner: Manner) -> None:
        target = self._desk.next_list(next(self._readable) if manner != "malformed" else UNREADABLE)
        if manner == "slowly":
            self._desk.announce(target)
        elif manner == "malformed":
            self._desk.deliver(target)
        await self._desk.order_list(target)
        if manner != "malformed":
            self._owed.append((target, manner))

    async def _deliver(self, target: Path, manner: Manner) -> None:
        try:
            if manner == "late":
                await asyncio.sleep(LATE)
                self._desk.deliver(target)
            else:
                await self._desk.deliver_slowly(target)
        except OSError as error:
            log.warning("%s wasn't delivered: %s", target.name, error)
