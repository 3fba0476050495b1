"""Waking those who wait for a topic, in whatever event loop and thread they wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

from sagewai.core.stores.base import Topic


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    topic: Topic
    loop: asyncio.AbstractEventLoop
    woken: asyncio.Event


class Hints:
    """``heard`` counts each topic's mentions; every event loop remembers how many it has seen."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._heard: Counter[Topic] = Counter()
        self._seen: WeakKeyDictionary[asyncio.AbstractEventLoop, Counter[Topic]] = WeakKeyDictionary()
        self._waiters: set[_Waiter] = set()

    def tell(self, topics: Iterable[Topic]) -> None:
        with self._lock:
            for topic in topics:
                self._heard[topic] += 1
                for waiter in [each for each in self._waiters if each.topic == topic]:
                    try:
                        waiter.loop.call_soon_threadsafe(waiter.woken.set)
                    except RuntimeError:  # its loop was closed under it
                        self._waiters.discard(waiter)

    async def wait(self, topic: Topic, timeout: float) -> bool:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(topic, loop, asyncio.Event())
        with self._lock:
            if self._catch_up(loop, topic):
                return True
            self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter.woken.wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiters.discard(waiter)
        with self._lock:
            return self._catch_up(loop, topic) or waiter.woken.is_set()

    def _catch_up(self, loop: asyncio.AbstractEventLoop, topic: Topic) -> bool:
        """Whether there was something this loop hasn't seen; now it has."""
        seen = self._seen.setdefault(loop, Counter())
        news = self._heard[topic] > seen[topic]
        seen[topic] = self._heard[topic]
        return news
