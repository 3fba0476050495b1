"""Several processes on one file: they share the work, get out of each other's way, and die without a trace."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import apsw

from sagewai.core.audit import verify
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.models.approval import ApprovalPolicy
from sagewai.models.history import EventKind
from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from sagewai.models.wait import WaitRequest
from tests.contract.scene import Owner, Scene, ask, spec
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


async def test_of_reviewers_in_two_processes_as_many_are_recorded_as_each_gate_requires(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    session = await scene.session()
    required = {f"r{number:02}": 1 + number % 3 for number in range(18)}
    for run_id, needed in required.items():
        owner = await scene.own(run_id, session=session)
        await owner.park(replace(ask(), policy=ApprovalPolicy(required=needed)))
    with children("decide", sqlite_path, count=2) as reviewers:
        for reviewer in reviewers:
            reviewer.go()
        won = [reviewer.line().split() for reviewer in reviewers]
        assert [reviewer.wait() for reviewer in reviewers] == [0, 0]
    assert sorted(won[0] + won[1]) == sorted(run_id for run_id, needed in required.items() if needed < 3)
    for run_id, needed in required.items():
        (approval,) = await store.approvals_of(run_id)
        names = {decision.reviewer.name for decision in approval.decisions}
        assert len(names) == len(approval.decisions) == min(needed, 2)
        assert await scene.status(run_id) is (RunStatus.PENDING if needed < 3 else RunStatus.WAITING)
    assert (await verify(store)).entries == sum(min(needed, 2) for needed in required.values())


async def test_sweeps_of_two_processes_move_each_ladder_one_rung(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    ladder = ApprovalPolicy(approvers=("ann",), on_timeout="escalate", escalate_to=("bea", "cleo"))
    session = await scene.session()
    now = time.time()
    async with SQLiteStore(
        sqlite_path, clock=lambda: now - 100
    ) as earlier:  # their deadlines are over by now
        for number in range(20):
            lease = (await earlier.insert_runs([spec(f"r{number}")], session=session))[0].lease
            assert lease is not None
            await Owner(earlier, lease).park(replace(ask(timeout=90.0), policy=ladder))
    with children("sweep", sqlite_path, count=2) as sweepers:
        for sweeper in sweepers:
            sweeper.go()
        escalated = [int(sweeper.line()) for sweeper in sweepers]
        assert [sweeper.wait() for sweeper in sweepers] == [0, 0]
    assert sum(escalated) == 20
    for number in range(20):
        (approval,) = await store.approvals_of(f"r{number}")
        assert (approval.level, approval.may_decide) == (1, ("ann", "bea"))
        assert len(await scene.events(f"r{number}", EventKind.APPROVAL_ESCALATED)) == 1


async def test_signals_of_two_processes_are_each_given_to_one_wait(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    owner = await scene.own()
    waits = tuple(WaitRequest("fetch", "", f"signal paid #{n}", "signal", "paid") for n in range(1, 14))
    await owner.make(Move.PARK, requests=(), waits=waits)
    with children("signal", sqlite_path, count=2) as senders:
        for sender in senders:
            sender.go()
        assert [sender.wait() for sender in senders] == [0, 0]
    signals = await store.signals_of("r1")
    assert [signal.taken for signal in signals] == [True] * 13 + [False] * 7
    assert [wait.payload for wait in await store.waits_of("r1")] == [each.payload for each in signals[:13]]
    assert len(await scene.events("r1", EventKind.WOKEN)) == 1
    owner = await scene.take()
    assert owner.lease.wakeups == 20


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
