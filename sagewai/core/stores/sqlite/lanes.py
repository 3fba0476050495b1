"""The threads of one event loop: a lane to write and a lane to read, each a thread with a connection of its own.

Whatever a method does is one hop into a lane. A loop that must not queue behind another's long write (the heartbeat's)
has lanes of its own by being a loop of its own. A process that forgets to close still ends: idle lanes hold nothing up.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sagewai.core.stores.sqlite.connection import Arrivals, Connection, read_arrivals
from sagewai.core.stores.sqlite.hints import Hints
from sagewai.core.stores.sqlite.lane import Connect, Lane
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.errors import StoreError

T = TypeVar("T")

IDLE = 2.0
"""Seconds without a write after which the WAL is emptied."""


class Lanes:
    """What one event loop has open."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connect: Connect) -> None:
        self._loop = loop
        self._connect = connect
        self._pid = os.getpid()
        self._writer = Lane("sagewai-sqlite-write", self._open)
        self._reader = Lane("sagewai-sqlite-read", self._open)
        self._wrote_at = 0.0
        self._idle: asyncio.TimerHandle | None = None
        self._closed = False
        self.hints = Hints(loop, self._look)

    @property
    def usable(self) -> bool:
        """Whether this process opened them; a forked child must not touch its parent's connections."""
        return self._pid == os.getpid()

    async def migrate(self) -> None:
        await self._writer.run(lambda connection: None, migrate=True)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._reader.run(lambda connection: connection.read(work))

    async def write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        return await self._writer.run(lambda connection: self._write(connection, work, durable))

    async def write_alone(self, job: Callable[[Connection], T]) -> T:
        """A job that begins and ends its transactions itself."""

        def whole(connection: Connection) -> T:
            result = job(connection)
            self._written(connection)
            return result

        return await self._writer.run(whole)

    async def write_if(self, peek: Callable[[Transaction], T | None], work: Callable[[Transaction], T]) -> T:
        """What ``peek`` finds, and only where that is None, ``work``: a look takes no lock from those who write."""

        def job(connection: Connection) -> T:
            found = connection.read(peek)
            return self._write(connection, work) if found is None else found

        return await self._writer.run(job)

    async def close(self) -> None:
        self._closed = True
        self.hints.stop()
        if self._idle is not None:
            self._idle.cancel()
        ends = (self._reader.end(), self._writer.end(_empty_log))
        await asyncio.gather(*map(asyncio.wrap_future, ends))

    def abandon(self) -> None:
        """Close what a loop that has ended left open, without waiting for it."""
        for lane in (self._reader, self._writer):
            lane.end()

    def _write(self, connection: Connection, work: Callable[[Transaction], T], durable: bool = True) -> T:
        """In the writing thread."""
        result = connection.write(work) if durable else connection.write_lightly(work)
        self._written(connection)
        return result

    def _written(self, connection: Connection) -> None:
        if connection.wants_checkpoint:  # behind this job, so that its caller goes on meanwhile
            self._writer.hand_over(_shorten_log)
        self._wrote_at = time.monotonic()
        if self._idle is None:
            with suppress(RuntimeError):  # the loop has ended: whoever writes next sees to it
                self._loop.call_soon_threadsafe(self._await_idleness)

    def _await_idleness(self) -> None:
        if self._idle is None and not self._closed:
            self._idle = self._loop.call_later(IDLE, self._empty_log_when_idle)

    def _empty_log_when_idle(self) -> None:
        quiet = time.monotonic() - self._wrote_at
        if quiet < IDLE:
            self._idle = self._loop.call_later(IDLE - quiet, self._empty_log_when_idle)
        else:
            self._idle = None
            self._writer.hand_over(_empty_log)

    async def _look(self) -> Arrivals:
        return await self.read(read_arrivals)

    def _open(self, migrate: bool) -> Connection:
        connection = self._connect(migrate)
        self.hints.begin(connection.read(read_arrivals))
        return connection


def _shorten_log(connection: Connection) -> None:
    with suppress(StoreError):  # whoever is in the way will come by here as well
        connection.checkpoint()


def _empty_log(connection: Connection) -> None:
    with suppress(StoreError):
        connection.checkpoint(truncate=True)
