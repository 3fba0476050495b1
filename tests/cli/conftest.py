"""The command on a store of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.console import Command, Inside


@pytest.fixture
def sagewai(sqlite_path: Path, tmp_path: Path) -> Command:
    """The command with a SQLite file that isn't there yet."""
    return Command(f"sqlite:///{sqlite_path}", tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def on_each(request: pytest.FixtureRequest, tmp_path: Path) -> Command:
    """The command with a SQLite file, and with a PostgreSQL database in which nothing is yet."""
    if request.param == "sqlite":
        return Command(f"sqlite:///{request.getfixturevalue('sqlite_path')}", tmp_path)
    return Command(request.getfixturevalue("migrated_url"), tmp_path)


@pytest.fixture
def inside(sqlite_path: Path, tmp_path: Path) -> Inside:
    """Calls without a process around each, with a SQLite file that isn't there yet."""
    return Inside(f"sqlite:///{sqlite_path}", tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def inside_each(request: pytest.FixtureRequest, tmp_path: Path) -> Inside:
    """The same with a SQLite file, and with a PostgreSQL database in which nothing is yet."""
    if request.param == "sqlite":
        return Inside(f"sqlite:///{request.getfixturevalue('sqlite_path')}", tmp_path)
    return Inside(request.getfixturevalue("migrated_url"), tmp_path)


@pytest.fixture
def bare(tmp_path: Path) -> Command:
    """The command where nothing says which store is meant."""
    return Command(None, tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def inside_empty(request: pytest.FixtureRequest, tmp_path: Path) -> Inside:
    """The same without even a schema."""
    if request.param == "sqlite":
        return Inside(f"sqlite:///{request.getfixturevalue('sqlite_path')}", tmp_path)
    return Inside(request.getfixturevalue("postgres_url"), tmp_path)
