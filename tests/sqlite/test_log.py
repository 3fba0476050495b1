"""The WAL: bounded while readers come and go, moved into the database beside the work, emptied when there is none."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import apsw
import pytest

from sagewai.core.stores.sqlite import SQLiteStore, connection, lanes
from sagewai.models.page import RunQuery
from tests.contract.scene import Scene, spec


def log_size(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds a test can reach: 100, 400 and 100 pages. Reads take longer where other tests run beside this one."""
    monkeypatch.setattr(connection, "CHECKPOINT_PAGES", 100)
    monkeypatch.setattr(connection, "TRUNCATE_PAGES", 400)
    monkeypatch.setattr(connection, "WAL_LIMIT", 400_000)
    monkeypatch.setattr(connection, "PATIENCE_WITH_READERS", 2.0)


async def test_the_log_stays_bounded_while_many_read(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    async with SQLiteStore(sqlite_path) as store:
        done = asyncio.Event()

        async def keep_reading() -> None:
            while not done.is_set():
                await store.list_runs(RunQuery(limit=200))

        readers = [asyncio.create_task(keep_reading()) for _ in range(4)]
        written = largest = 0
        for batch in range(120):
            await store.insert_runs(
                [spec(f"r{batch}-{number}", values={"x": "y" * 2_500}) for number in range(20)]
            )
            written += 20 * 2_500
            largest = max(largest, log_size(sqlite_path))
        done.set()
        await asyncio.gather(*readers)
    print(f"written {written:,} bytes, largest WAL {largest:,}")
    assert largest < 4_000_000 < written


async def test_the_log_begins_again_though_somebody_is_always_reading(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One read ends only after the next has begun: moving the log's content alone would never free it."""
    make_small(monkeypatch)
    async with SQLiteStore(sqlite_path) as store:
        done = threading.Event()
        relay = asyncio.create_task(asyncio.to_thread(read_in_relay, sqlite_path, done))
        largest = 0
        for batch in range(120):
            await store.insert_runs(
                [spec(f"r{batch}-{number}", values={"x": "y" * 2_500}) for number in range(20)]
            )
            largest = max(largest, log_size(sqlite_path))
        done.set()
        await relay
    print(f"largest WAL {largest:,}")
    assert largest < 4_000_000


def read_in_relay(path: Path, done: threading.Event) -> None:
    reading, next_one = apsw.Connection(str(path)), apsw.Connection(str(path))
    begin_reading(reading)
    while not done.is_set():
        begin_reading(next_one)
        reading.execute("rollback")
        reading, next_one = next_one, reading
    reading.close()
    next_one.close()


def begin_reading(connection: apsw.Connection) -> None:
    connection.execute("begin")
    connection.execute("select count(*) from runs").fetchall()


async def test_a_stuck_reader_delays_writers_but_does_not_stop_them(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    monkeypatch.setattr(connection, "PATIENCE_WITH_READERS", 0.01)
    async with SQLiteStore(sqlite_path) as store:
        await Scene(store).submit("first")
        stuck = apsw.Connection(str(sqlite_path))
        begin_reading(stuck)
        for batch in range(60):
            await store.insert_runs(
                [spec(f"r{batch}-{number}", values={"x": "y" * 2_500}) for number in range(20)]
            )
        grown = log_size(sqlite_path)
        assert grown > 1_000_000
        stuck.execute("rollback")
        stuck.close()
        for batch in range(60, 80):
            await store.insert_runs(
                [spec(f"r{batch}-{number}", values={"x": "y" * 2_500}) for number in range(20)]
            )
        assert log_size(sqlite_path) < grown


async def test_the_log_is_emptied_when_nobody_writes(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "IDLE", 0.05)
    async with SQLiteStore(sqlite_path) as store:
        scene = Scene(store)
        await scene.submit()

        async def is_empty() -> bool:
            await store.claim(0, [999], 1)  # polls that find nothing don't count
            await store.tick()
            return log_size(sqlite_path) == 0

        await scene.until(is_empty)
        await scene.submit("r2")
        assert log_size(sqlite_path) > 0
        await scene.until(is_empty)


async def test_closing_empties_the_log_though_others_have_the_file_open(sqlite_path: Path) -> None:
    async with SQLiteStore(sqlite_path) as other:
        async with SQLiteStore(sqlite_path) as store:
            await Scene(store).submit()
            assert log_size(sqlite_path) > 0
        assert log_size(sqlite_path) == 0
        assert (await other.get_run("r1")).run_id == "r1"
