"""Waiting for conditions, and a worker that lives as long as a with-block."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sagewai import RunNotFound, WorkflowWorker
from sagewai.core.stores.base import Store
from sagewai.models.run import Run
from sagewai.models.status import RunStatus


async def until(condition: Callable[[], Awaitable[Any]], *, timeout: float = 15.0) -> Any:
    """Poll until ``condition`` gives something true, and give that."""
    deadline = time.monotonic() + timeout
    while not (value := await condition()):
        assert time.monotonic() < deadline, "the condition never became true"
        await asyncio.sleep(0.01)
    return value


async def until_status(store: Store, run_id: str, *statuses: RunStatus, timeout: float = 15.0) -> Run:
    async def reached() -> Run | None:
        try:
            run = await store.get_run(run_id)
        except RunNotFound:  # not submitted yet
            return None
        return run if run.status in statuses else None

    run: Run = await until(reached, timeout=timeout)
    return run


@asynccontextmanager
async def working(store: Store, workflows: Any, **options: Any) -> AsyncIterator[WorkflowWorker]:
    options = {"poll_interval": 0.1, "heartbeat_interval": 0.2, **options}
    worker = WorkflowWorker(store=store, workflow_registry=workflows, **options)
    task = asyncio.create_task(worker.start())
    try:
        yield worker
    finally:
        await worker.stop()
        await task
