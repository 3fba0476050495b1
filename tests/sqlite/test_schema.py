"""The schema of a file: made when new, migrated when asked, refused when newer or altered."""

from __future__ import annotations

import hashlib
from pathlib import Path

import apsw
import pytest

from sagewai.core.stores.migrations import Migration, migrations
from sagewai.core.stores.sqlite import SQLiteStore, schema
from sagewai.errors import SchemaError
from tests.contract.scene import Scene

NEXT = "alter table pools add column colour text;\n"


def with_next(monkeypatch: pytest.MonkeyPatch, *, needs_it: bool = False) -> None:
    """Let the code know one migration more than it ships."""
    known = migrations("sqlite")
    checksum = hashlib.sha256(NEXT.encode()).hexdigest()
    min_code = len(known) + needs_it
    newer = (*known, Migration(len(known) + 1, "colour", NEXT, checksum, min_code))
    monkeypatch.setattr(schema, "migrations", lambda kind: newer)


def tables(path: Path) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return list(connection.execute("select type, name, sql from sqlite_schema order by type, name"))
    finally:
        connection.close()


def alter(path: Path, sql: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


async def test_a_new_file_gets_its_schema_from_whatever_is_called_first(sqlite_path: Path) -> None:
    store = SQLiteStore(sqlite_path)
    assert (await store.counts()).dead_letters == 0
    info = await store.info()
    assert (info.kind, info.schema) == ("sqlite", info.expected)
    await store.close()


async def test_asking_what_a_store_is_makes_no_file(sqlite_path: Path) -> None:
    info = await SQLiteStore(sqlite_path).info()
    assert (info.schema, info.expected, info.url) == (
        0,
        len(migrations("sqlite")),
        f"sqlite:///{sqlite_path}",
    )
    assert not sqlite_path.exists()


async def test_an_older_schema_is_migrated_by_initialize_alone(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SQLiteStore(sqlite_path) as store:
        await Scene(store).submit()
    with_next(monkeypatch)
    store = SQLiteStore(sqlite_path)
    with pytest.raises(SchemaError, match="run `sagewai db migrate`"):
        await store.counts()
    await store.initialize()
    assert (await store.info()).schema == (await store.info()).expected
    assert (await store.get_run("r1")).run_id == "r1"
    await store.close()


async def test_a_migrated_schema_equals_a_fresh_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SQLiteStore(tmp_path / "old.db"):
        pass
    with_next(monkeypatch)
    for name in ("old.db", "fresh.db"):
        async with SQLiteStore(tmp_path / name):
            pass
    assert tables(tmp_path / "old.db") == tables(tmp_path / "fresh.db")


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SQLiteStore(sqlite_path):
        pass
    before = tables(sqlite_path)
    known = migrations("sqlite")
    broken = Migration(len(known) + 1, "broken", NEXT + "alter table nothing add column x;", "0" * 64, 1)
    monkeypatch.setattr(schema, "migrations", lambda kind: (*known, broken))
    with pytest.raises(SchemaError, match="nothing"):
        await SQLiteStore(sqlite_path).initialize()
    assert tables(sqlite_path) == before


async def test_a_newer_schema_that_still_suits_this_code_is_used(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        with_next(newer)
        async with SQLiteStore(sqlite_path):
            pass
    async with SQLiteStore(sqlite_path) as store:
        await Scene(store).submit()
        info = await store.info()
        assert info.schema == info.expected + 1


async def test_a_schema_that_needs_newer_code_is_refused(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        with_next(newer, needs_it=True)
        async with SQLiteStore(sqlite_path):
            pass
    store = SQLiteStore(sqlite_path)
    for attempt in (store.initialize, store.counts):
        with pytest.raises(SchemaError, match="upgrade sagewai"):
            await attempt()
    await store.close()


async def test_an_altered_history_is_refused(sqlite_path: Path) -> None:
    async with SQLiteStore(sqlite_path):
        pass
    alter(sqlite_path, "update schema_migrations set checksum = 'x'")
    with pytest.raises(SchemaError, match="altered"):
        await SQLiteStore(sqlite_path).initialize()


async def test_a_table_that_is_gone_is_told_as_a_schema_that_does_not_fit(sqlite_path: Path) -> None:
    async with SQLiteStore(sqlite_path):
        pass
    alter(sqlite_path, "drop table dead_letters")
    store = SQLiteStore(sqlite_path)
    with pytest.raises(SchemaError, match="dead_letters"):
        await store.get_dead_letter("r1")
    await store.close()


def test_migrations_are_numbered_without_gaps_and_named_by_what_is_in_them() -> None:
    for number, migration in enumerate(migrations("sqlite"), 1):
        assert migration.number == number
        assert migration.checksum == hashlib.sha256(migration.sql.encode()).hexdigest()
        assert 1 <= migration.min_code <= number
