"""One event loop's connections: taken, given back, and looked after when a call was cut short.

Instead of the driver's pool, whose bookkeeping and reset cost more than a statement of ours.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = asyncpg.Connection

IDLE_FOR = 300.0
"""Seconds after which a connection that nobody needed is closed."""

_MENDING = 2.0
"""Seconds that a connection gets to end what was cut short on it."""


class Pool:
    """At most ``size`` connections; who waits longer than ``timeout`` seconds for one gets a TimeoutError."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, size: int, timeout: float) -> None:
        self._connect = connect
        self._timeout = timeout
        self._free = asyncio.Semaphore(size)
        self._idle: deque[tuple[Connection, float]] = deque()
        self._taken: set[Connection] = set()
        self._mending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def take(self) -> Connection:
        if self._free.locked():
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        else:
            await self._free.acquire()
        try:
            connection = await self._live_one()
        except BaseException:
            self._free.release()
            raise
        self._taken.add(connection)
        return connection

    async def _live_one(self) -> Connection:
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    def give_back(self, connection: Connection, *, cut_short: bool = False) -> None:
        """``cut_short``: a call on it was cancelled or timed out, so its reply may still be on the way."""
        if not connection.is_closed() and (cut_short or connection.is_in_transaction()):
            task = asyncio.create_task(self._mend(connection))
            self._mending.add(task)
            task.add_done_callback(self._mending.discard)
        else:
            self._put(connection)

    def _put(self, connection: Connection) -> None:
        self._taken.discard(connection)
        if self._closed:
            connection.terminate()
        elif not connection.is_closed():
            now = time.monotonic()
            self._idle.append((connection, now))
            if self._idle[0][1] < now - IDLE_FOR:
                self._idle.popleft()[0].terminate()
        self._free.release()

    async def _mend(self, connection: Connection) -> None:
        """The driver asks the server to cancel and waits for it before the next call."""
        try:
            await connection.execute("rollback", timeout=_MENDING)
        except BaseException as error:
            connection.terminate()
            if not isinstance(error, Exception):
                raise
        finally:
            self._put(connection)

    async def close(self) -> None:
        """End every connection: idle ones with a word, others at once."""
        self._closed = True
        for task in self._mending:
            task.cancel()
        for connection in self._taken:
            connection.terminate()
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=_MENDING)

    @property
    def connections(self) -> list[Connection]:
        return [*self._taken, *(connection for connection, _ in self._idle)]
