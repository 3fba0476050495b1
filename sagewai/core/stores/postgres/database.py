"""Connections: one pool per event loop, kept here and nowhere else, and statements sent through them.

A statement is a transaction of its own, unless it is sent within :meth:`Database.transaction`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import asyncpg

from sagewai.core.stores.postgres.failures import explain
from sagewai.core.stores.postgres.target import Target
from sagewai.errors import SagewaiError

Row: TypeAlias = asyncpg.Record
Connection: TypeAlias = asyncpg.Connection
Pool: TypeAlias = asyncpg.Pool

PLANNING = {
    # Every statement is written for one plan, and none for a table as small as it was when the plan was made.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
}
"""Settings of a session, so that stale statistics can't tempt the planner."""

_LIFE = {
    "application_name": "sagewai",
    "idle_in_transaction_session_timeout": "60000",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_KEEPALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))

_LOCAL_PLANNING = "begin; " + "; ".join(f"set local {name} = {value}" for name, value in PLANNING.items())


@dataclass(slots=True)
class _Loop:
    """What one event loop opened."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    pool: Pool | None = None
    keeper: AsyncGenerator[Pool, None] | None = None


class Database:
    """One database, from any number of event loops and threads.

    With ``statement_cache_size`` 0 every call is an explicit transaction without named statements and session settings,
    as PgBouncer's transaction pooling needs it.
    """

    def __init__(
        self,
        target: Target,
        *,
        pool_size: int,
        command_timeout: float,
        acquire_timeout: float,
        statement_cache_size: int,
    ) -> None:
        self.target = target
        self.direct = statement_cache_size > 0
        self._pool_size = pool_size
        self._command_timeout = command_timeout
        self._acquire_timeout = acquire_timeout
        self._statement_cache_size = statement_cache_size
        self._lock = threading.Lock()
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}

    # -- statements -----------------------------------------------------------------------------------------------

    async def fetch(self, statement: str, *values: object) -> list[Row]:
        """All rows. Raises the typed errors of the contract."""
        async with self.connection() as connection, self._alone(connection):
            rows: list[Row] = await connection.fetch(statement, *values)
        return rows

    async def fetchrow(self, statement: str, *values: object) -> Row | None:
        """The first row."""
        rows = await self.fetch(statement, *values)
        return rows[0] if rows else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Statements that commit together, or not at all."""
        async with self.connection() as connection, self._within(connection):
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of this event loop's pool; errors of the driver leave as typed ones."""
        try:
            pool = await self._pool()
            connection = await pool.acquire(timeout=self._acquire_timeout)
            try:
                yield connection
            finally:
                await pool.release(connection)
        except SagewaiError:
            raise
        except Exception as error:
            raise explain(error, self.target.place) from error

    def _alone(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Around a statement that is a transaction of its own."""
        return nullcontext() if self.direct else self._within(connection)

    @asynccontextmanager
    async def _within(self, connection: Connection) -> AsyncIterator[None]:
        await connection.execute("begin" if self.direct else _LOCAL_PLANNING)
        try:
            yield
        except BaseException:
            with suppress(Exception):  # what broke the transaction says more than what follows from it
                await connection.execute("rollback")
            raise
        await connection.execute("commit")

    # -- connections ----------------------------------------------------------------------------------------------

    async def connect(self, *, timeout: float) -> Connection:
        """A connection outside the pool, for who keeps it for long."""
        connection: Connection = await asyncpg.connect(
            self.target.url,
            ssl=self.target.tls,
            timeout=timeout,
            command_timeout=self._command_timeout,
            statement_cache_size=self._statement_cache_size,
            server_settings=dict(_LIFE, **PLANNING) if self.direct else {"application_name": "sagewai"},
        )
        _keep_alive(connection)
        return connection

    async def close(self) -> None:
        """Close what the running event loop opened."""
        mine = self._loops.get(asyncio.get_running_loop())
        if mine is not None and mine.keeper is not None:
            await mine.keeper.aclose()

    async def _pool(self) -> Pool:
        loop = asyncio.get_running_loop()
        mine = self._loops.get(loop)
        if mine is not None and mine.pool is not None:
            return mine.pool
        if mine is None:
            with self._lock:
                self._drop_dead_loops()
                mine = self._loops.setdefault(loop, _Loop())
        async with mine.opening:
            if mine.pool is None:
                mine.keeper = self._keep_pool(loop)
                mine.pool = await anext(mine.keeper)
        return mine.pool

    async def _keep_pool(self, loop: asyncio.AbstractEventLoop) -> AsyncGenerator[Pool, None]:
        """A generator, because an event loop that ends (``asyncio.run``) closes those that began in it."""
        pool = await self._open_pool()
        try:
            yield pool
        finally:
            with self._lock:
                self._loops.pop(loop, None)
            try:
                async with asyncio.timeout(self._acquire_timeout):
                    await pool.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()

    async def _open_pool(self) -> Pool:
        async def connect(*_: object, **__: object) -> Connection:
            return await self.connect(timeout=self._acquire_timeout)

        pool: Pool = await asyncpg.create_pool(
            min_size=0,
            max_size=self._pool_size,
            max_queries=2**62,
            max_inactive_connection_lifetime=300.0,
            connect=connect,
            reset=_leave_clean,
        )
        return pool

    def _drop_dead_loops(self) -> None:
        """End the connections of loops that were closed without a word."""
        for loop in [loop for loop in self._loops if loop.is_closed()]:
            gone = self._loops.pop(loop)
            if gone.pool is not None:
                _hang_up(gone.pool)


async def _leave_clean(connection: Connection) -> None:
    """Instead of the driver's reset, which costs a round trip: only a cancelled call can leave a transaction."""
    if connection.is_in_transaction():
        await connection.execute("rollback")


def _keep_alive(connection: Connection) -> None:
    """A server that vanished without a word is noticed by the client too."""
    peer = _socket_of(connection)
    if peer is None or peer.family not in (socket.AF_INET, socket.AF_INET6):
        return
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):
            with suppress(OSError):
                peer.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _hang_up(pool: Any) -> None:
    """The loop is closed, so the driver can't end its connections; cutting the line lets the server end them."""
    for holder in pool._holders:
        peer = _socket_of(holder._con) if holder._con is not None else None
        if peer is not None:
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


def _socket_of(connection: Any) -> Any:
    transport = connection._transport
    return None if transport is None else transport.get_extra_info("socket")
