"""A database that code of the first schema wrote is brought up to date in place, and everything in it goes on."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from sagewai.core.stores.migrations import migrations
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.errors import SchemaError
from sagewai.models.call import Spent
from sagewai.models.page import RunQuery
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict, WaitStatus
from tests.contract.scene import ALICE, BOB, Scene, listen

WRITTEN = Path(__file__).with_name("written_by_0001.sql")
"""What ``pg_dump --data-only --inserts`` gave of a database that the first schema's code wrote, with an older date: its
sessions died and its timers are due, whenever this is read."""

STANDING = {
    "done": RunStatus.COMPLETED,
    "waiting": RunStatus.WAITING,
    "late": RunStatus.WAITING,
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


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Nothing is in it yet, not even a schema."""
    return postgres_url


@pytest.fixture
async def old(postgres_url: str, admin: asyncpg.Connection) -> PostgresStore:
    """On a database as the first schema's code left it; not opened yet."""
    await admin.execute(migrations("postgres")[0].sql)
    await admin.execute("set session_replication_role = replica")  # what its triggers wrote is among the rows
    await admin.execute(WRITTEN.read_text(encoding="utf-8"))
    await admin.execute("reset session_replication_role")
    return PostgresStore(postgres_url)


async def test_it_is_refused_with_the_way_out_until_initialize_upgrades_it(old: PostgresStore) -> None:
    with pytest.raises(SchemaError, match=r"stands at migration 1.* `sagewai db migrate`"):
        await old.counts()
    assert (await old.info()).schema == 1
    async with old:
        info = await old.info()
        assert info.schema == info.expected > 1


async def test_every_run_stands_where_it_stood(old: PostgresStore) -> None:
    async with old as store:
        runs = {run.run_id: run for run in await store.list_runs(RunQuery())}
        assert {run_id: run.status for run_id, run in runs.items()} == STANDING
        done = runs["done"]
        assert (done.labels, done.tags, done.priority) == ({"gpu": True}, {"customer": "Zoë"}, 2)
        assert (runs["new"].version, runs["unknown"].version) == ("7", "3")
        assert await store.get_results("done") == {"fetch": '"done"', "judge": '"done"', "file": '"done"'}
        assert all(run.deadline_at is None for run in runs.values())
        counts = await store.counts()
        assert sum(map(sum, (its.values() for its in counts.by_pool.values()))) == len(STANDING)
        assert (counts.dead_letters, counts.pending_approvals) == (1, 2)
        assert (await store.get_outcome("cancelled")).reason == "no need"
        assert await store.waits_of("later") == [] == await store.signals_of("later")


async def test_its_decisions_are_those_that_were_made(old: PostgresStore) -> None:
    async with old as store:
        for run_id, verdict in (("approved", Verdict.APPROVE), ("rejected", Verdict.REJECT)):
            (approval,) = await store.approvals_of(run_id)
            decision = approval.decision
            assert decision is not None
            assert (decision.verdict, decision.reviewer, decision.reason) == (verdict, BOB, "looked at it")
            assert decision.payload == '{"edited": 1}'


async def test_what_was_under_way_goes_on_to_its_end(old: PostgresStore) -> None:
    async with old as store:
        scene = Scene(store)
        await scene.decide("waiting")
        ticked = await store.tick()
        assert (ticked.lapsed_sessions, ticked.taken_over, ticked.woken) == (2, 1, 2)
        assert (ticked.expired, ticked.timed_out) == (1, 0)
        (approval,) = await store.approvals_of("late")
        assert (approval.status, await scene.status("late")) == (ApprovalStatus.EXPIRED, RunStatus.REJECTED)
        assert await scene.status("held") is RunStatus.PAUSED
        await store.operate("held", Operation.RESUME, ALICE)
        await store.operate("failed", Operation.RETRY, ALICE)
        session = await scene.session("w3")
        for run_id in ("waiting", "approved", "later", "delayed", "held", "failed"):
            owner = await scene.take(run_id, session=session)
            assert await owner.finish() is RunStatus.COMPLETED


async def test_its_runs_wait_for_signals_as_new_ones_do(old: PostgresStore) -> None:
    async with old as store:
        scene = Scene(store)
        owner = await scene.take("approved")
        await owner.park(listen("paid"))
        assert (await store.signal("approved", "paid", "7", ALICE)).taken
        (wait,) = await store.waits_of("approved")
        assert (wait.status, wait.payload, await scene.status("approved")) == (
            WaitStatus.FIRED,
            "7",
            RunStatus.PENDING,
        )


async def test_its_runs_are_found_by_the_version_they_were_submitted_with(old: PostgresStore) -> None:
    async with old as store:
        session = await Scene(store).session("w3")

        async def claimed(workflow: str, version: str) -> list[str]:
            routes = await store.resolve_routes("default", {}, {workflow: (version,)})
            return [run.run_id for run in (await store.claim(session, routes.ids, 10)).runs]

        assert await claimed("bills", "") == []
        assert await claimed("bills", "7") == ["new"]
        assert await claimed("letters", "3") == ["unknown"]


async def test_what_its_runs_had_spent_is_added_up(old: PostgresStore, admin: asyncpg.Connection) -> None:
    for migration in migrations("postgres")[1:5]:
        await admin.execute(f"begin; {migration.sql}; commit")
        await admin.execute(
            "insert into sagewai.migrations (number, name, checksum, min_code) values ($1, $2, $3, $4)",
            *(migration.number, migration.name, migration.checksum, migration.min_code),
        )
    await admin.execute("""
        insert into sagewai.calls (run, recorded_at, cost, latency, input_tokens, output_tokens, seq, attempt, position,
                                   round, kind, step, branch, name, model, digest, identity, response)
        select id, now(), cost, 0, 100, tokens, 0, 1, n, 0, kind, 'fetch', '', '', 'm', '', n::text::bytea, '1'
          from sagewai.runs,
               (values (1, 0.5, 20, 'model'), (2, 0.25, null, 'model'), (3, null, 1, 'model'), (4, 9, 9, 'once'))
                 as made (n, cost, tokens, kind)
         where run_id = 'done'
    """)
    async with old as store:
        expected = Spent(calls=3, input_tokens=300, output_tokens=21, cost=0.75, unpriced=1)
        assert await store.spent("done") == expected
        runs = {run.run_id: run.spent for run in await store.list_runs(RunQuery())}
        assert {run_id for run_id, spent in runs.items() if spent != Spent()} == {"done"}
        assert runs["done"] == expected
        assert await store.rates(1_440) == []  # when they came into their statuses nobody noted
