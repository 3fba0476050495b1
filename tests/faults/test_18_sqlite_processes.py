"""Fault 18: eight processes on one SQLite file, killed with -9 again and again; the file is checked after each kill."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import apsw
import pytest

from sagewai.core.stores.base import Store
from sagewai.models.status import TERMINAL
from tests.faults.crew import Crew
from tests.faults.evidence import all_runs
from tests.faults.invariants import Acknowledged, broken, gather
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled
from tests.faults.workload import ledger_workflow

PROCESSES = 8
LEFT_TO_DO = 20
"""Runs that aren't over at any time, so that whoever is killed was at work."""


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_the_file_is_whole_after_every_kill(
    fault: Fault,
    long: bool,
    rng: random.Random,
    store: Store,
    sqlite_path: Path,
    crew: Crew,
    ledger: Ledger,
    acknowledged: Acknowledged,
) -> None:
    flow = ledger_workflow(store)
    kills = 50 if long else 8
    whole = 0
    alive = [crew.start(machine="", max_concurrent=4) for _ in range(PROCESSES)]
    for hand in alive:
        await crew.session(hand, store)
    for _ in range(kills):
        missing = LEFT_TO_DO - sum(run.status not in TERMINAL for run in await all_runs(store))
        for handle in await flow.submit_many([{"pace": 0.03}] * missing):
            acknowledged.runs.append(handle.run_id)
        await asyncio.sleep(rng.uniform(0.05, 0.3))
        victim = rng.randrange(PROCESSES)
        alive[victim].kill()
        fault.killed()
        whole += await asyncio.to_thread(is_whole, sqlite_path)
        alive[victim] = crew.start(machine="", max_concurrent=4)
    fault.check(
        [f"integrity_check found damage after {kills - whole} of {kills} kills"] if whole < kills else []
    )
    fault.check(await settled(store, within=2 * crew.lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=20))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    fault.figure(f"{whole}/{kills} whole, {len(acknowledged.runs)} runs")


def is_whole(path: Path) -> bool:
    """What SQLite itself finds, over a connection of its own."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(5_000)
        return list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
    finally:
        connection.close()


def test_damage_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    with apsw.Connection(str(path)) as connection:
        connection.execute("CREATE TABLE t (x TEXT); CREATE INDEX i ON t (x)")
        connection.execute('INSERT INTO t SELECT value FROM json_each(\'["a", "b", "c"]\')')
    connection.close()
    assert is_whole(path)
    content = path.read_bytes()
    assert content.count(b"b") > 0
    path.write_bytes(content[:-4096] + content[-4096:].replace(b"b", b"z"))  # the index says otherwise now
    assert not is_whole(path)
