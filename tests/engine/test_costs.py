"""What a step costs besides its body and its record: tasks, turns of the event loop, memory that stays."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from sagewai import DurableWorkflow, InMemoryStore

STEPS = 20
RUNS = 100


def chain(store: InMemoryStore) -> DurableWorkflow:
    wf = DurableWorkflow("chain", store)
    for number in range(STEPS):

        async def step(before: int) -> int:
            return before + 1

        wf.step(f"step{number}")(step)
    return wf


async def test_a_step_takes_one_task_and_four_turns_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its body begins, is heard of, and the verdict of its record is; the run and the batch take their share."""
    wf = chain(InMemoryStore())
    await asyncio.gather(*(wf.run(before=0) for _ in range(RUNS)))
    loop = asyncio.get_running_loop()
    counts = {"call_soon": 0, "create_task": 0}

    def counted(name: str) -> Callable[..., Any]:
        method = getattr(loop, name)

        def call(*args: Any, **options: Any) -> Any:
            counts[name] += 1
            return method(*args, **options)

        return call

    for name in counts:
        monkeypatch.setattr(loop, name, counted(name))
    await asyncio.gather(*(wf.run(before=0) for _ in range(RUNS)))
    monkeypatch.undo()
    steps = RUNS * STEPS
    assert counts["create_task"] / steps <= 1.2
    assert counts["call_soon"] / steps <= 4


async def test_callers_of_runs_that_are_over_leave_nothing_behind() -> None:
    wf = chain(InMemoryStore())

    async def round_of_runs() -> int:
        await asyncio.gather(*(wf.run(run_id=f"run-{number}", before=0) for number in range(RUNS)))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    await round_of_runs()
    tracemalloc.start(1)
    try:
        before, *_, after = [await round_of_runs() for _ in range(6)]
    finally:
        tracemalloc.stop()
    assert after - before <= 50 * RUNS
