"""Waiting for work, or for a run to come to rest: told by NOTIFY on a connection of its own, per event loop.

A hint only shortens a wait. Where nothing can be heard, as behind a pooler, every wait ends by its time-out.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from sagewai.core.stores.base import Topic
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.pool import Connection
from sagewai.core.stores.postgres.statements import HEARD_SINCE

log = logging.getLogger("sagewai.store")

_CHANNELS: dict[str, Topic] = {"sagewai_work": "work", "sagewai_done": "done"}

_LONGEST_PAUSE = 30.0
"""Seconds between two attempts to listen, at most."""


_UNNOTICED = 5.0
"""Seconds for which a line may have been cut before that is noticed: what came meanwhile counts as heard."""


class Hints:
    """What every event loop has heard of."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._ears: dict[asyncio.AbstractEventLoop, _Ear] = {}

    async def wait(self, topic: Topic, timeout: float) -> bool:
        loop = asyncio.get_running_loop()
        ear = self._ears.get(loop)
        if ear is None:
            with self._lock:
                for gone in [each for each in self._ears if each.is_closed()]:
                    del self._ears[gone]
                ear = self._ears.setdefault(loop, _Ear(self._database))
        return await ear.wait(topic, timeout)

    async def close(self) -> None:
        """Stop listening in the running event loop."""
        with self._lock:
            ear = self._ears.pop(asyncio.get_running_loop(), None)
        if ear is not None:
            await ear.close()


class _Ear:
    """One event loop's listening connection, kept up by a task that begins with the first wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._heard = {topic: asyncio.Event() for topic in _CHANNELS.values()}
        self._listening: asyncio.Task[None] | None = None

    async def wait(self, topic: Topic, timeout: float) -> bool:
        if self._database.direct and (self._listening is None or self._listening.done()):
            self._listening = asyncio.create_task(self._listen(time.monotonic()), name="sagewai listener")
        heard = self._heard[topic]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await heard.wait()
        if not heard.is_set():
            return False
        if self._heard[topic] is heard:  # all who waited together hold the same one, and the first renews it
            self._heard[topic] = asyncio.Event()
        return True

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _listen(self, deaf_since: float) -> None:
        failures = 0
        while True:
            connection = None
            try:
                connection = await self._database.connect()
                lost = asyncio.Event()
                connection.add_termination_listener(_setter(lost))
                for channel in _CHANNELS:
                    await connection.add_listener(channel, self._hear)
                await self._catch_up(connection, time.monotonic() - deaf_since)
                failures = 0
                await lost.wait()
                deaf_since = time.monotonic() - _UNNOTICED
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("no hints from %s for now (%s)", self._database.target.place, type(error).__name__)
            finally:
                if connection is not None and not connection.is_closed():
                    connection.terminate()
            failures += 1
            await asyncio.sleep(min(_LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    async def _catch_up(self, connection: Connection, seconds: float) -> None:
        row = await connection.fetchrow(HEARD_SINCE, seconds)
        if row is not None and row["work"]:
            self._heard["work"].set()
        if row is not None and row["done"]:
            self._heard["done"].set()

    def _hear(self, _connection: object, _pid: int, channel: str, _payload: object) -> None:
        self._heard[_CHANNELS[channel]].set()


def _setter(event: asyncio.Event) -> Callable[[object], None]:
    return lambda _: event.set()
