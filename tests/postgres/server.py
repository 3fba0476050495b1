"""A PostgreSQL server as the tests see it: databases that come and go, and a server that can be made to fail."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import asyncpg


class PostgresServer(ABC):
    """Gives out fresh databases. The server is shared by a whole session: who stops it must start it again."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    @abstractmethod
    def url(self, dbname: str) -> str:
        """A URL of that database with all rights: our own server's socket folder, or the given server's address."""

    @abstractmethod
    def loopback_url(self, dbname: str) -> str:
        """The same over TCP with a password, for tests of the network in between."""

    @property
    @abstractmethod
    def postmaster_pid(self) -> int:
        """The postmaster's process id; 0 while the server is down."""

    @abstractmethod
    def start(self) -> None:
        """Bring a stopped or killed server back at the same address; returns when it takes connections."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it cleanly: sessions are ended, nothing needs recovery."""

    @abstractmethod
    def stop_immediately(self) -> None:
        """Stop it as a power cut would; the next start recovers from the WAL."""

    @abstractmethod
    def kill(self) -> None:
        """Kill the postmaster with -9; its children notice by themselves."""

    def restart(self) -> None:
        """Stop cleanly and start again; every connection is lost."""
        self.stop()
        self.start()

    def execute(self, statement: str, dbname: str | None = None) -> list[asyncpg.Record]:
        """Run one statement on a connection of its own, from any thread, with or without a running event loop."""
        url = self._admin_url if dbname is None else self.url(dbname)
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(asyncio.run, _fetch(url, statement)).result()

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The name of a new database, empty or like its template, dropped at the end whoever is still connected."""
        name = f"sagewai_test_{os.getpid()}_{next(self._numbers)}_{secrets.token_hex(3)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @property
    def _admin_url(self) -> str:
        return self.url("postgres")


async def _fetch(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url, timeout=30, command_timeout=60)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()
