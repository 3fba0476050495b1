"""What the store has recorded of what a step waits for: approvals, timers and signals."""

from __future__ import annotations

import asyncio

from sagewai.core.outage import answered
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from sagewai.models.wait import Wait


class StepRecords:
    """The recorded approvals and waits of one attempt's step. An answer that comes later isn't missed: it raises the
    wakeups that the park compares."""

    __slots__ = ("_loading", "_run_id", "_step", "_store")

    def __init__(self, store: Store, run_id: str, step: str) -> None:
        self._store = store
        self._run_id = run_id
        self._step = step
        self._loading: asyncio.Task[tuple[list[Approval], list[Wait]]] | None = None

    async def approvals(self) -> list[Approval]:
        return (await self._loaded())[0]

    async def waits(self) -> list[Wait]:
        return (await self._loaded())[1]

    async def _loaded(self) -> tuple[list[Approval], list[Wait]]:
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def _load(self) -> tuple[list[Approval], list[Wait]]:
        async def look() -> tuple[list[Approval], list[Wait]]:
            approvals = await self._store.approvals_of(self._run_id, self._step)
            return approvals, await self._store.waits_of(self._run_id, self._step)

        return await answered(look, self._run_id)
