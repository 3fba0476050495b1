"""A file that code of the first schema wrote is brought up to date in place, and everything in it goes on."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.migrations import migrations
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalAlreadyDecided, SchemaError
from sagewai.models.call import Spent
from sagewai.models.page import RunQuery
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict
from tests.contract.scene import ALICE, BOB, LONG, Scene
from tests.contract.test_calls import call
from tests.sqlite.processes import children
from tests.sqlite.test_schema import tables

DUMP = Path(__file__).with_name("written_by_0001.sql")
"""What ``.dump`` gave of a file that the first schema's code wrote, with the header that a dump leaves out."""

WRITTEN = 1_780_000_013.0
"""When its last row was written, in seconds."""

STANDING = {
    "done": RunStatus.COMPLETED,
    "waiting": RunStatus.WAITING,
    "approved": RunStatus.PENDING,
    "rejected": RunStatus.REJECTED,
    "failed": RunStatus.FAILED,
    "later": RunStatus.WAITING,
    "delayed": RunStatus.WAITING,
    "new": RunStatus.PENDING,
    "unknown": RunStatus.PENDING,
    "cancelled": RunStatus.CANCELLED,
    "held": RunStatus.RUNNING,
}


class Clock:
    """The store's, which stands still until it is set."""

    def __init__(self) -> None:
        self.now = WRITTEN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def old_file(sqlite_path: Path) -> Path:
    connection = apsw.Connection(str(sqlite_path))
    connection.execute(DUMP.read_text())
    connection.close()
    return sqlite_path


@pytest.fixture
def old(old_file: Path, clock: Clock) -> SQLiteStore:
    return SQLiteStore(old_file, clock=clock)


async def test_it_is_refused_with_the_way_out_until_initialize_upgrades_it(old: SQLiteStore) -> None:
    with pytest.raises(SchemaError, match=r"is at 1 and this code needs .* `sagewai db migrate`"):
        await old.counts()
    assert (await old.info()).schema == 1
    async with old:
        info = await old.info()
        assert info.schema == info.expected > 1


async def test_its_schema_is_then_that_of_a_new_file(old: SQLiteStore, tmp_path: Path) -> None:
    async with old, SQLiteStore(tmp_path / "new.db"):
        pass
    assert tables(old.path) == tables(tmp_path / "new.db")


async def test_processes_that_upgrade_it_at_once_all_find_it_upgraded(old: SQLiteStore) -> None:
    with children("initialize", old.path, count=4) as openers:
        for opener in openers:
            opener.go()
        said = [opener.line() for opener in openers]
        assert [opener.wait() for opener in openers] == [0] * 4
    assert said == [str((await old.info()).expected)] * 4


async def test_every_run_stands_where_it_stood(old: SQLiteStore) -> None:
    async with old as store:
        runs = {run.run_id: run for run in await store.list_runs(RunQuery())}
        assert {run_id: run.status for run_id, run in runs.items()} == STANDING
        done = runs["done"]
        assert (done.labels, done.tags, done.priority) == ({"gpu": True}, {"customer": "Zoë"}, 2)
        assert await store.get_results("done") == {"fetch": '"done"', "judge": '"done"', "file": '"done"'}
        assert all(run.deadline_at is None for run in runs.values())
        counts = await store.counts()
        assert sum(map(sum, (its.values() for its in counts.by_pool.values()))) == len(STANDING)
        assert (counts.dead_letters, counts.pending_approvals) == (1, 1)
        assert (await store.get_outcome("cancelled")).reason == "no need"
        assert await store.waits_of("later") == [] == await store.signals_of("later")


async def test_its_decisions_are_those_that_were_made(old: SQLiteStore) -> None:
    async with old as store:
        for run_id, verdict in (("approved", Verdict.APPROVE), ("rejected", Verdict.REJECT)):
            (approval,) = await store.approvals_of(run_id)
            decision = approval.decision
            assert decision is not None
            assert (decision.verdict, decision.reviewer, decision.reason) == (verdict, BOB, "looked at it")
            assert (decision.payload, decision.shared) == ('{"edited": 1}', False)
            assert approval.decisions == (decision,)
            assert (approval.policy.required, approval.level, approval.requester) == (1, 0, "alice")
        with pytest.raises(ApprovalAlreadyDecided, match="by bob"):
            await Scene(store).decide("rejected", Verdict.APPROVE)


async def test_what_was_under_way_goes_on_to_its_end(old: SQLiteStore, clock: Clock) -> None:
    async with old as store:
        scene = Scene(store)
        await scene.decide("waiting")
        clock.now = WRITTEN + LONG + 10  # the dead worker's lease is over, and what was delayed is due
        ticked = await store.tick()
        assert (ticked.lapsed_sessions, ticked.taken_over, ticked.woken) == (2, 1, 2)
        assert await scene.status("held") is RunStatus.PAUSED
        await store.operate("held", Operation.RESUME, ALICE)
        await store.operate("failed", Operation.RETRY, ALICE)
        session = await scene.session("w3")
        for run_id in ("waiting", "approved", "later", "delayed", "held", "failed"):
            owner = await scene.take(run_id, session=session)
            assert await owner.finish() is RunStatus.COMPLETED
        audited = [(entry.kind, entry.run_id) for entry in await store.list_audit()]
        assert audited == [
            ("approved", "waiting"),
            ("paused", "held"),
            ("resumed", "held"),
            ("retried", "failed"),
        ]
        assert (await verify(store)).broken is None


async def test_its_approval_still_expires_at_its_deadline(old: SQLiteStore, clock: Clock) -> None:
    async with old as store:
        clock.now = WRITTEN + LONG + 10
        assert (await store.tick()).expired == 1
        (approval,) = await store.approvals_of("waiting")
        assert approval.status is ApprovalStatus.EXPIRED
        assert await Scene(store).status("waiting") is RunStatus.REJECTED


async def test_its_runs_are_found_by_the_version_they_were_submitted_with(old: SQLiteStore) -> None:
    async with old as store:
        session = await Scene(store).session("w3")

        async def claimed(workflow: str, version: str) -> list[str]:
            routes = await store.resolve_routes("default", {}, {workflow: (version,)})
            return [run.run_id for run in (await store.claim(session, routes.ids, 10)).runs]

        assert await claimed("bills", "") == []
        assert await claimed("bills", "7") == ["new"]
        assert await claimed("letters", "") == ["unknown"]


async def test_its_runs_have_spent_nothing_and_record_what_they_ask_from_now_on(old: SQLiteStore) -> None:
    async with old as store:
        assert await store.calls_of("approved") == []
        assert await store.get_budget("approved") is None
        owner = await Scene(store).take("approved")
        assert await store.record_calls([call(owner, "1")]) == ["1"]
        assert await store.spent("approved") == Spent(1, 100, 20, 0.25)


async def test_what_its_runs_had_spent_is_added_up(old: SQLiteStore) -> None:
    connection = apsw.Connection(str(old.path))
    for migration in migrations("sqlite")[1:4]:
        connection.execute(f"begin; {migration.sql}; commit")
        connection.execute(
            "insert into schema_migrations (number, name, checksum, min_code, applied_at) values (?, ?, ?, ?, 0)",
            (migration.number, migration.name, migration.checksum, migration.min_code),
        )
    connection.execute("pragma user_version = 4")
    for number, (cost, tokens, kind) in enumerate(
        [(0.5, 20, "model"), (0.25, None, "model"), (None, 1, "model"), (9.0, 9, "once")]
    ):
        connection.execute(
            "insert into calls (run, recorded_at, cost, latency, input_tokens, output_tokens, seq, attempt, position, "
            "round, kind, step, branch, name, model, digest, response) "
            "select id, 0, ?, 0.0, 100, ?, 0, 1, ?, 0, ?, 'fetch', '', '', 'm', '', '1' "
            "from runs where run_id = 'done'",
            (cost, tokens, number, kind),
        )
    connection.close()
    async with old as store:
        expected = Spent(calls=3, input_tokens=300, output_tokens=21, cost=0.75, unpriced=1)
        assert await store.spent("done") == expected
        runs = {run.run_id: run.spent for run in await store.list_runs(RunQuery())}
        assert {run_id for run_id, spent in runs.items() if spent != Spent()} == {"done"}
        assert runs["done"] == expected
        assert await store.rates(1_440) == []  # when they came into their statuses nobody noted
