"""What keeps the demo moving: new work whenever there is room for it, ever more slowly."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from pathlib import Path
from typing import Literal

from sagewai import DeadLetterQueue, StoreError, WorkflowMonitor
from sagewai.core.stores.base import Store
from tui.demo.article import article
from tui.demo.desk import Desk
from tui.demo.flows import AGENTS_POOL
from tui.demo.imports import order_import
from tui.demo.orders import MalformedOrders
from tui.demo.survey import survey

log = logging.getLogger("tui.demo")

Manner = Literal["slowly", "at once", "late"]

LISTS: tuple[tuple[str, Manner], ...] = (
    ("quarter-1", "slowly"),
    ("quarter-3", "at once"),
    ("quarter-2", "late"),
    ("quarter-2", "slowly"),
    ("quarter-1", "slowly"),
)
"""Which lists the supply office sends, and how, over and over. That of the third quarter can't be read."""

TEXTS = ("lamps", "fog", "visitors", "stores", "handover")

OPEN = ("pending", "running", "waiting")
LATE = 20.0
"""Seconds by which a late list is late: longer than its import tries."""
NOTICES = 3
DEAD_LETTERS = 4
ROUND = 2.0
SLOWING = 120.0
"""Seconds until a round takes a second more, so that a demo left open doesn't fill the disk."""
SLOWEST = 30.0


class Director:
    """Submits work, and acts as the supply office. Everything else is done by the workers, and decided by people."""

    def __init__(self, desk: Desk, store: Store) -> None:
        self._desk = desk
        self._monitor = WorkflowMonitor(store=store)
        self._letters = DeadLetterQueue(store=store)
        self._lists = itertools.cycle(LISTS)
        self._texts = itertools.cycle(TEXTS)
        self._owed: list[tuple[Path, Manner]] = []

    async def open(self) -> None:
        """The runs that are there before anybody looks."""
        for pool in ("default", "default", AGENTS_POOL):
            await self._desk.survey(pool)
        await self._desk.notice(next(self._texts))
        await self._desk.notice(next(self._texts))
        await self._order_list()
        await self._order_list()

    async def run(self) -> None:
        """Deliver what is owed and see to new work, until cancelled."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as deliveries:
            while True:
                for target, manner in self._owed:
                    deliveries.create_task(self._deliver(target, manner))
                self._owed.clear()
                try:
                    await self._round()
                except StoreError as error:
                    log.warning("no new work this time: %s", error)
                await asyncio.sleep(min(SLOWEST, ROUND + (time.monotonic() - began) / SLOWING))

    async def _round(self) -> None:
        runs = await self._monitor.list_executions(OPEN, limit=200)
        at_work = Counter((run.workflow, run.pool) for run in runs)
        letters = await self._letters.list_entries(workflow=order_import.name)
        for letter in letters:
            if letter.error.code == MalformedOrders.__name__:
                await self._desk.correct(letter.run_id)
        for pool, wanted in (("default", 2), (AGENTS_POOL, 1)):
            if at_work[survey.name, pool] < wanted:
                await self._desk.survey(pool)
        if at_work[article.name, AGENTS_POOL] < NOTICES:
            await self._desk.notice(next(self._texts))
        if not at_work[order_import.name, "default"] and len(letters) < DEAD_LETTERS:
            await self._order_list()

    async def _order_list(self) -> None:
        source, manner = next(self._lists)
        target = self._desk.next_list(source)
        if manner == "slowly":
            self._desk.announce(target)
        elif manner == "at once":
            self._desk.deliver(target)
        await self._desk.order_list(target)
        if manner != "at once":
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
