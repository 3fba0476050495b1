"""Waiting for work, or for a run to come to rest: told by this process, looked for of others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sagewai.core.stores.base import Topic
from sagewai.core.stores.sqlite.connection import Arrivals
from sagewai.errors import StoreError

LOOK_EVERY = 0.02
"""Seconds between two looks at the file while somebody waits; each costs a few microseconds of a thread."""


class Hints:
    """What one event loop has heard of. The database counts how often runs became ready and came to rest; a topic was
    heard of when its count is past the one at which the last ``wait`` returned, whoever raised it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Callable[[], Awaitable[Arrivals]]) -> None:
        self._loop = loop
        self._look = look
        self._lock = threading.Lock()
        self._heard: dict[Topic, int] = {"work": -1, "done": -1}
        self._returned: dict[Topic, int] = {"work": 0, "done": 0}
        self._waiting = 0
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    @property
    def awaited(self) -> bool:
        """Whether somebody waits. Whoever begins to looks for themselves, after this has become true."""
        return self._waiting > 0

    def begin(self, arrivals: Arrivals) -> None:
        """What happened before the first call isn't news. From any thread."""
        with self._lock:
            if self._heard["work"] < 0:
                self._heard["work"], self._heard["done"] = arrivals
                self._returned["work"], self._returned["done"] = arrivals

    def hear(self, arrivals: Arrivals) -> None:
        """From any thread."""
        work, done = arrivals
        with self._lock:
            news = work > self._heard["work"] or done > self._heard["done"]
            self._heard["work"] = max(work, self._heard["work"])
            self._heard["done"] = max(done, self._heard["done"])
        if news and self._waiting:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits in it any more
                self._loop.call_soon_threadsafe(self._tell)

    async def wait(self, topic: Topic, timeout: float) -> bool:
        """As the contract's ``wait``; many may wait at once, and all of them hear."""
        returned = self._returned[topic]
        self._waiting += 1  # before the look: what is heard from now on is told
        try:
            if self._heard[topic] <= returned:
                self.hear(await self._look())
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while self._heard[topic] <= returned:
                        if self._looking is None:
                            self._looking = asyncio.create_task(self._keep_looking())
                        await self._news.wait()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.stop()
        heard = self._heard[topic]
        self._returned[topic] = max(heard, self._returned[topic])
        return heard > returned

    def stop(self) -> None:
        """Look no more, until somebody waits again."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            with suppress(StoreError):  # a hint may be missed; whoever waits finds out by its own next call
                self.hear(await self._look())
