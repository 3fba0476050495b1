"""What every test may ask for: a database of its own, in PostgreSQL or in a file."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sagewai.core.stores.postgres import PostgresStore
from tests.faults import report
from tests.postgres.again import Again
from tests.postgres.errors import PostgresUnavailable
from tests.postgres.open import open_server
from tests.postgres.server import PostgresServer

SERVER = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    report.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    report.choose_seed(config)
    gc.set_threshold(20_000, 10, 10)  # a fifth of the processor's time went into looking for cycles


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no later look for garbage has to go through it again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A process of pytest-xdist is about to start."""
    report.tell_seed(node.workerinput, node.config)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """A real PostgreSQL, started when the first test asks for it. Without one the tests fail: they never skip."""
    try:
        with open_server() as server:
            pytestconfig.stash[SERVER] = str(server)
            yield server
    except PostgresUnavailable as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database that nobody else uses."""
    with postgres_server.database() as name:
        yield postgres_server.url(name)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with today's schema and nothing in it. To copy one takes half the time of migrating another."""
    with postgres_server.database() as name:

        async def migrate() -> None:
            async with PostgresStore(postgres_server.url(name)):
                pass

        with ThreadPoolExecutor(1) as apart:  # where a loop runs already, too
            apart.submit(asyncio.run, migrate()).result()
        yield name


@pytest.fixture(scope="session")
def migrated_databases(postgres_server: PostgresServer, migrated_template: str) -> Iterator[Again]:
    with closing(Again(postgres_server, migrated_template)) as again:
        yield again


@pytest.fixture
def migrated_url(postgres_server: PostgresServer, migrated_databases: Again) -> Iterator[str]:
    """The URL of a database that nobody else uses, with today's schema and nothing in it."""
    with migrated_databases.database() as name:
        yield postgres_server.url(name)


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """Where a SQLite store may put its file; nothing is there yet."""
    return tmp_path / "runs.db"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which PostgreSQL the figures above hold for, and what came of the faults."""
    if SERVER in config.stash:
        terminalreporter.write_line(f"tested against {config.stash[SERVER]}")
    report.write(terminalreporter, config)
