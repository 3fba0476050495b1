"""Clients who go on through every outage: one submits, one approves what waits; both note what was acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import TypeVar

from sagewai import DurableWorkflow
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.errors import StoreUnavailable
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval
from sagewai.models.page import ApprovalQuery
from sagewai.models.status import ApprovalStatus
from tests.faults.invariants import Acknowledged

T = TypeVar("T")

REVIEWER = Actor("ann", source="api", assurance="api")
ASKS = 4
"""Each so manieth run asks a person at its second step."""

PAUSE = 0.1
"""Seconds until a client tries again what the store didn't answer."""


class Traffic:
    """While the with-block lasts, runs come in every ``every`` seconds and gates are opened. A client whose call isn't
    answered makes it again, as it can't know whether it was carried out."""

    def __init__(
        self,
        store: Store,
        flow: DurableWorkflow,
        acknowledged: Acknowledged,
        rng: random.Random,
        *,
        every: float = 0.05,
        pace: float = 0.05,
    ) -> None:
        self.weight = 0
        """Characters that each run brings along, for who wants to fill a disk."""
        self.unanswered = 0
        self.complaints: set[str] = set()
        """What the unanswered calls said."""
        self._store = store
        self._flow = flow
        self._acknowledged = acknowledged
        self._rng = rng
        self._every = every
        self._pace = pace
        self._submitting = True
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Traffic:
        self._tasks = [asyncio.create_task(self._submit()), asyncio.create_task(self._review())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if error is None and isinstance(ended, Exception):
                raise ended

    async def enough(self) -> list[str]:
        """Submit nothing more, go on approving; the runs that were acknowledged."""
        self._submitting = False
        await self._tasks[0]
        return self._acknowledged.runs

    async def _submit(self) -> None:
        for number in itertools.count(1):
            if not self._submitting:
                return
            run_id = f"run-{number:04}"
            acts = {"step-2": "ask"} if number % ASKS == 0 else {}
            if self.weight:
                acts["weight"] = self._rng.randbytes(self.weight // 2).hex()

            async def submit(run_id: str = run_id, acts: dict[str, str] = acts) -> None:
                await self._flow.submit(run_id=run_id, pace=self._pace, acts=acts)

            await self._insist(submit)
            self._acknowledged.runs.append(run_id)
            await asyncio.sleep(self._every * self._rng.uniform(0.5, 1.5))

    async def _review(self) -> None:
        while True:
            page = await self._insist(
                lambda: self._store.list_approvals(ApprovalQuery(status=ApprovalStatus.PENDING, limit=100))
            )
            for asked in page.items:
                self._acknowledged.decisions.append(await self._insist(partial(self._approve, asked)))
            await asyncio.sleep(PAUSE)

    async def _approve(self, asked: Approval) -> Approval:
        return await commands.approve(
            self._store, asked.run_id, actor=REVIEWER, approval_id=asked.id, digest=asked.digest
        )

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await call()
            except StoreUnavailable as error:
                self.unanswered += 1
                self.complaints.add(str(error))
                await asyncio.sleep(PAUSE)
