"""Several processes on one file: they share the work, get out of each other's way, and die without a trace."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import apsw

from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene, spec
from tests.sqlite.processes import ROOT, children


async def test_processes_that_open_a_new_file_at_once_all_find_its_schema(sqlite_path: Path) -> None:
    with children("initialize", sqlite_path, count=6) as openers:
        for opener in openers:
            opener.go()
        said = [opener.line() for opener in openers]
        assert [opener.wait() for opener in openers] == [0] * 6
    assert said == [str((await SQLiteStore(sqlite_path).info()).expected)] * 6


async def test_eight_claimers_share_the_work_and_no_run_is_given_twice(
    store: SQLiteStore, sqlite_path: Path
) -> None:
    runs = 400
    await store.insert_runs([spec(f"r{number}") for number in range(runs)])
    with children("claim", sqlite_path, count=8) as claimers:
        for claimer in claimers:
            claimer.go()
        shares = [claimer.line().split() for claimer in claimers]
        assert [claimer.wait() for claimer in claimers] == [0] * 8
    print("claims each:", sorted(len(share) for share in shares))
    claimed = [run_id for share in shares for run_id in share]
    assert sorted(claimed) == sorted(f"r{number}" for number in range(runs))
    assert (
        min(len(share) for share in shares) >= runs // 8 // 5
    )  # fixed waits let one of eight claim 1 of 2,000


async def test_a_writer_killed_anywhere_leaves_an_intact_file_and_all_it_acknowledged(
    sqlite_path: Path,
) -> None:
    acknowledged: list[str] = []
    for pause in (0.0, 0.02, 0.05, 0.11, 0.23):
        with children("work", sqlite_path, count=2) as workers:
            for worker in workers:
                worker.go()
            acknowledged.append(workers[0].line())  # it is in the middle of things
            await asyncio.sleep(pause)
            for worker in workers:
                worker.kill()
            for worker in workers:
                acknowledged += worker.rest()
    connection = apsw.Connection(str(sqlite_path))
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    connection.close()
    async with SQLiteStore(sqlite_path) as store:
        for run_id in acknowledged:
            assert (await store.get_run(run_id)).status is RunStatus.COMPLETED
        counts = await store.counts()
        listed = await store.list_runs(RunQuery(limit=1_000))
        assert sum(counts.by_pool["default"].values()) == len(listed) >= len(acknowledged)


async def test_waiting_notices_what_another_process_writes(store: SQLiteStore, sqlite_path: Path) -> None:
    with children("submit", sqlite_path) as (child,):
        assert await store.wait("work", 0.05) is False
        waiting = asyncio.create_task(store.wait("work", 30))
        await asyncio.sleep(0)
        child.go()
        began = time.monotonic()
        assert await waiting is True
        assert time.monotonic() - began < 20
        assert await Scene(store).status("from-a-child") is RunStatus.PENDING


def test_a_script_that_forgets_to_close_ends_by_itself(sqlite_path: Path) -> None:
    script = [sys.executable, "-m", "tests.sqlite.child", "forget", str(sqlite_path)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
