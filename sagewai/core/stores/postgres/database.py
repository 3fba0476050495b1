"""Statements sent through one pool of connections per event loop; the pools are kept here and nowhere else.

A statement is a transaction of its own, unless it is sent within :meth:`Database.transaction`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

import asyncpg

from sagewai.core.stores.postgres.arrays import ARRAYS
from sagewai.core.stores.postgres.failures import explain
from sagewai.core.stores.postgres.pool import Connection, Pool
from sagewai.core.stores.postgres.target import Target
from sagewai.errors import SagewaiError

Row: TypeAlias = asyncpg.Record

PLANNING = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "enable_sort": "off",
    "enable_incremental_sort": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
"""Every statement is written for one plan: from few rows, each looked up in an index. A plan is made once, for tables
that may be empty then and large tomorrow, so the planner is left no other choice."""

_LIFE = {
    "idle_in_transaction_session_timeout": "60000",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
_KEEPALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))

_NOTHING = nullcontext()

_BEGIN = "begin; " + "; ".join(f"set local {name} = {value}" for name, value in PLANNING.items())


@dataclass(slots=True)
class _Loop:
    """What one event loop opened. An event loop that ends (``asyncio.run``) closes the generators that began in it."""

    pool: Pool
    keeper: AsyncGenerator[None, None]


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

    def connection(self) -> _Borrowed:
        """A connection of this event loop; errors of the driver leave as typed ones."""
        return _Borrowed(self)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Statements that commit together, or not at all."""
        async with self.connection() as connection, self._within(connection):
            yield connection

    def _alone(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Around a statement that is a transaction of its own."""
        return _NOTHING if self.direct else self._within(connection)

    @asynccontextmanager
    async def _within(self, connection: Connection) -> AsyncIterator[None]:
        await connection.execute("begin" if self.direct else _BEGIN)
        try:
            yield
        except BaseException:
            with suppress(Exception):  # what broke the transaction says more than what follows from it
                await connection.execute("rollback")
            raise
        await connection.execute("commit")

    # -- connections ----------------------------------------------------------------------------------------------

    async def connect(self) -> Connection:
        """A connection outside the pools, for who keeps it for long."""
        return await self._connect(self._command_timeout)

    @asynccontextmanager
    async def unhurried(self, command_timeout: float) -> AsyncIterator[Connection]:
        """A transaction whose statements may take long, on a connection of its own."""
        connection = None
        try:
            connection = await self._connect(command_timeout)
            async with self._within(connection):
                yield connection
        except SagewaiError:
            raise
        except Exception as error:
            raise explain(error, self.target.place) from error
        finally:
            if connection is not None:
                connection.terminate()

    async def _connect(self, command_timeout: float) -> Connection:
        settings = {"application_name": "sagewai"}
        if self.direct:
            # The server gives up a statement itself, even where the client has gone.
            settings |= _LIFE | PLANNING | {"statement_timeout": str(int(command_timeout * 1_000))}
        connection = await asyncpg.connect(
            self.target.url,
            ssl=self.target.tls,
            timeout=self._acquire_timeout,
            command_timeout=command_timeout,
            statement_cache_size=self._statement_cache_size,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            server_settings=settings,
        )
        connection.get_settings().register_data_types(ARRAYS)
        _keep_alive(connection)
        return connection

    async def close(self) -> None:
        """Close what the running event loop opened."""
        mine = self._loops.get(asyncio.get_running_loop())
        if mine is not None:
            await mine.keeper.aclose()

    async def pool(self) -> Pool:
        """The running event loop's."""
        loop = asyncio.get_running_loop()
        mine = self._loops.get(loop)
        if mine is None:
            pool = Pool(self.connect, size=self._pool_size, timeout=self._acquire_timeout)
            mine = _Loop(pool, self._keep(loop, pool))
            with self._lock:
                self._drop_dead_loops()
                self._loops[loop] = mine
            await anext(mine.keeper)
        return mine.pool

    async def _keep(self, loop: asyncio.AbstractEventLoop, pool: Pool) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with self._lock:
                self._loops.pop(loop, None)
            await pool.close()

    def _drop_dead_loops(self) -> None:
        """End the connections of loops that were closed without a word."""
        for loop in [loop for loop in self._loops if loop.is_closed()]:
            for connection in self._loops.pop(loop).pool.connections:
                _hang_up(connection)


class _Borrowed:
    """A connection for the length of a block: plain methods, because every call passes through here."""

    __slots__ = ("_connection", "_database", "_pool")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Connection:
        try:
            self._pool = await self._database.pool()
            self._connection = await self._pool.take()
        except Exception as error:
            raise explain(error, self._database.target.place) from error
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        cut_short = isinstance(error, asyncio.CancelledError | TimeoutError)
        self._pool.give_back(self._connection, cut_short=cut_short)
        if isinstance(error, Exception) and not isinstance(error, SagewaiError):
            raise explain(error, self._database.target.place) from error


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


def _hang_up(connection: Connection) -> None:
    """The driver can't end a connection whose loop is closed; cutting the line lets the server end it."""
    peer = _socket_of(connection)
    if peer is not None:
        with suppress(OSError):
            peer.shutdown(socket.SHUT_RDWR)


def _socket_of(connection: Any) -> Any:
    transport = connection._transport
    return None if transport is None else transport.get_extra_info("socket")
