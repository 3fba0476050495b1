"""The demo behind the console: work keeps coming in, and `!` kills the worker process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sagewai import WorkflowMonitor
from sagewai.models.run import Run
from tui.demo.director import Director
from tui.demo.flows import AGENTS_POOL
from tui.demo.stage import Stage, stage
from tui.keymap import Keymap

T = TypeVar("T")

WORKER = "tui.demo.flows:station"
"""What the console's embedded worker runs; the models are the worker process's."""

HOLDS_SOMETHING = 5.0
"""Seconds to wait for the worker process to hold a run before it is killed: else there'd be nothing to see."""

SOON = 1.0
"""Seconds by which the first frame may be late so that it already holds a moving run."""


@contextmanager
def scene() -> Iterator[Scene]:
    """The stage with the first runs on it, so that the first frame has something to show."""
    with stage() as built:
        director = Director(built.desk, built.store)

        show = Scene(built, director)
        asyncio.run(show.in_this_loop(director.open()))
        yield show


class Scene:
    """What the console needs to know of the demo. ``start`` and ``stop`` belong to one event loop."""

    worker = WORKER

    def __init__(self, built: Stage, director: Director) -> None:
        self.store_url = built.scratch.store_url
        self._stage = built
        self._director = director
        self._monitor = WorkflowMonitor(store=built.store)
        self._going_on: list[asyncio.Task[None]] = []

    @staticmethod
    def hint(keys: Keymap) -> str:
        """Where to look first, and what to try."""
        approvals, letters, kill = keys.of("approvals", "3"), keys.of("dlq", "5"), keys.of("kill-worker", "!")
        return f"{approvals} what waits for you · {letters} dead letters · {kill} kills the worker process with -9"

    def until_moving(self, patience: float = SOON) -> bool:
        """Wait, but not for long, until the worker process holds the first run; whether it does."""
        return bool(asyncio.run(self.in_this_loop(self._what_it_holds(patience))))

    async def in_this_loop(self, work: Awaitable[T]) -> T:
        """Do this, and let go of the store's connections again."""
        try:
            return await work
        finally:
            await self._stage.store.close()

    async def start(self) -> None:
        """Let work come in, and replace the worker process whenever it dies."""
        self._going_on = [
            asyncio.create_task(self._director.run()),
            asyncio.create_task(self._stage.process.keep()),
        ]

    async def stop(self) -> None:
        """End both, and close what this event loop opened."""
        for task in self._going_on:
            task.cancel()
        await asyncio.gather(*self._going_on, return_exceptions=True)
        self._going_on = []
        await self._stage.store.close()

    async def kill_worker(self) -> str:
        """kill -9 the worker process as soon as it holds a run; says what it held."""
        held = await self._what_it_holds(HOLDS_SOMETHING)
        pid = self._stage.process.kill()
        if pid is None:
            return "the worker process is just being replaced: try again in a second"
        holding = ", ".join(f"{run.run_id} ({run.step})" for run in held) or "nothing"
        return f"worker process {pid} killed with -9; it held {holding}"

    async def _what_it_holds(self, patience: float) -> list[Run]:
        until = time.monotonic() + patience
        while True:
            running = await self._monitor.list_executions("running", pool=AGENTS_POOL)
            held = [run for run in running if run.worker == self._stage.process.worker_name]
            if held or time.monotonic() > until:
                return held
            await asyncio.sleep(0.02)
