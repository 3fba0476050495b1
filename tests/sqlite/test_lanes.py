"""Threads and loops: each loop has lanes of its own, a call is one transaction, and whoever waits too long is told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import apsw
import pytest

from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.sqlite.connection import Connection
from sagewai.core.stores.sqlite.lane import LINGER
from sagewai.errors import StoreRefused, StoreUnavailable
from sagewai.models.page import RunQuery
from sagewai.models.transition import Move
from tests.contract.scene import Scene, spec


def count_commits(connection: Connection, commits: list[int]) -> None:
    def committed() -> bool:
        commits.append(1)
        return False

    connection._driver.set_commit_hook(committed)


async def test_a_batch_of_moves_is_one_transaction(store: SQLiteStore, scene: Scene) -> None:
    session = await scene.session()
    await store.insert_runs([spec(f"r{number}") for number in range(200)])
    owners = [await scene.take(f"r{number}", session=session) for number in range(200)]
    commits: list[int] = []
    await store._here()._writer.run(lambda connection: count_commits(connection, commits))
    for move in (Move.STEP_DONE, Move.RETRY, Move.STEP_DONE, Move.COMPLETED):
        statuses = await store.record([owner.transition(move) for owner in owners])
        assert None not in statuses
        for owner in owners:
            owner.note(move)
    assert len(commits) == 4
    await owners[0].make(Move.COMPLETED)  # refused: a look is all it costs
    assert (await store.claim(session, await scene.routes(), 10)).runs == ()
    assert (await store.tick()).taken_over == 0
    assert len(commits) == 5


async def test_a_submission_of_many_is_one_transaction(store: SQLiteStore, scene: Scene) -> None:
    commits: list[int] = []
    await scene.session()
    await store._here()._writer.run(lambda connection: count_commits(connection, commits))
    await store.insert_runs([spec(f"r{number}", tags={"n": str(number)}) for number in range(500)])
    assert len(commits) == 1


async def test_reading_goes_on_while_another_writes(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    await scene.submit()
    other = apsw.Connection(str(sqlite_path))
    other.execute("begin immediate")
    try:
        writing = asyncio.create_task(scene.submit("r2"))
        await asyncio.sleep(0)  # handed over
        async with asyncio.timeout(10):
            assert [run.run_id for run in await store.list_runs(RunQuery())] == ["r1"]
            async with SQLiteStore(
                sqlite_path
            ) as beside:  # nor does opening, polling or sweeping take a lock
                assert (await beside.claim(0, [999], 1)).runs == ()
                assert (await beside.tick()).more is False
                info = await beside.info()
                assert info.schema == info.expected
        assert not writing.done()
    finally:
        other.execute("rollback")
        other.close()
    assert (await writing).created


async def test_who_waits_too_long_for_a_turn_is_told_and_nothing_is_written(sqlite_path: Path) -> None:
    async with SQLiteStore(sqlite_path, patience=0.05) as store:
        other = apsw.Connection(str(sqlite_path))
        other.execute("begin immediate")
        with pytest.raises(StoreUnavailable, match="locked by another process"):
            await store.insert_runs([spec("late")])
        other.execute("rollback")
        other.close()
        assert await Scene(store).submit("late") is not None


async def test_what_is_under_way_when_the_store_is_closed_is_carried_out_and_nothing_more(
    store: SQLiteStore, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sagewai.core.stores.sqlite.connection.CHECKPOINT_PAGES", 0)  # after each write
    writer = store._here()._writer
    writing = [asyncio.create_task(scene.submit(f"r{number}")) for number in range(5)]
    await asyncio.sleep(0)  # handed over
    await store.close()
    assert [(await each).created for each in writing] == [True] * 5
    await asyncio.to_thread(writer._executor.shutdown)
    assert writer._connection is None


async def test_a_thread_that_has_gone_home_comes_back_for_the_next_job(
    store: SQLiteStore, scene: Scene
) -> None:
    writer = store._here()._writer

    async def is_gone() -> bool:
        return not writer._at_work

    for number in range(3):
        await scene.submit(f"r{number}")
        await scene.until(is_gone)


async def test_one_store_serves_several_loops_at_once(store: SQLiteStore) -> None:
    """As a worker does with its heartbeat's thread."""
    failures: list[BaseException] = []

    async def submit(first: int) -> None:
        for number in range(first, first + 20):
            await store.insert_runs([spec(f"r{number}")])
        await store.close()

    def thread(first: int) -> None:
        try:
            asyncio.run(submit(first))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=thread, args=(first,)) for first in (0, 100, 200)]
    for each in threads:
        each.start()
    for each in threads:
        await asyncio.to_thread(each.join)
    assert failures == []
    assert len(await store.list_runs(RunQuery(limit=1_000))) == 60


def test_what_loops_left_open_is_closed_when_another_opens(sqlite_path: Path) -> None:
    store = SQLiteStore(sqlite_path)
    for number in range(5):
        asyncio.run(_submit(store, f"r{number}"))
    assert len(store._lanes) == 1


async def _submit(store: SQLiteStore, run_id: str) -> None:
    await store.insert_runs([spec(run_id)])


async def test_a_store_opens_again_after_it_was_closed(store: SQLiteStore, scene: Scene) -> None:
    await scene.submit()
    await store.close()
    await store.close()
    assert (await store.get_run("r1")).run_id == "r1"


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_connections_alone(sqlite_path: Path) -> None:
    """It opens its own, even in the loop it was forked in, and the parent goes on with what it had."""
    store = SQLiteStore(sqlite_path)
    with asyncio.Runner() as runner:
        runner.run(_submit(store, "before"))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.alarm(30)
                runner.run(_submit(store, "in-the-child"))
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        runner.run(_submit(store, "after"))
        runs = runner.run(store.list_runs(RunQuery()))
        assert {run.run_id for run in runs} == {"before", "in-the-child", "after"}
        runner.run(store.close())


async def test_a_refused_number_names_sqlite_and_leaves_nothing(store: SQLiteStore, scene: Scene) -> None:
    with pytest.raises(StoreRefused, match="SQLite refused the data"):
        await store.insert_runs([spec("good"), spec("bad", priority=1 << 70)])
    assert len(await store.list_runs(RunQuery())) == 0


async def test_an_abandoned_call_is_carried_out_or_not_begun(store: SQLiteStore, scene: Scene) -> None:
    await scene.session()
    calls = [asyncio.create_task(scene.submit(f"r{number}")) for number in range(20)]
    await calls[0]
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await scene.submit("last")
    run_ids = [run.run_id for run in await store.list_runs(RunQuery(limit=100))]
    counted = (await store.counts()).by_pool["default"]
    assert sum(counted.values()) == len(run_ids)
    for run_id in run_ids:
        assert await store.get_input(run_id)


STOPPED = """
import asyncio, os, signal, sys
from sagewai import SQLiteStore

async def main():
    store = SQLiteStore(sys.argv[1])
    await store.initialize()
    await store.counts()
    os.kill(os.getpid(), signal.SIGSTOP)

for number in map(int, sys.argv[2:]):
    signal.signal(number, lambda *_: None)
asyncio.run(main())
"""


def test_a_process_that_was_stopped_ends_whichever_thread_its_signals_reach(sqlite_path: Path) -> None:
    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)
    command = [sys.executable, "-c", STOPPED, str(sqlite_path), *(str(int(number)) for number in signals)]
    with subprocess.Popen(command) as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        time.sleep(2 * LINGER)
        for number in (
            signal.SIGTERM,
            signal.SIGINT,
            signal.SIGCONT,
        ):  # of two the second reaches another thread
            process.send_signal(number)
        try:
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
