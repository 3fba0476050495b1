"""Bulk jobs between people with rights of their own: in whose name they are done, who may; and no deadlock."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

import asyncpg
import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.base import Store
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.core.worker.bulk import BulkHand
from sagewai.errors import InvalidTransition, NotPermitted
from sagewai.models.bulk import BulkJob, BulkSpec, BulkStatus, BulkVerb
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition
from tests.contract.scene import ALICE, BOB, Scene, spec
from tests.postgres_store.meeting import Meeting
from tests.postgres_store.people import People, acting
from tests.postgres_store.test_locks import deadlocks

RUNS = 40


async def begin(store: Store, verb: BulkVerb, *run_ids: str) -> BulkJob:
    return await store.create_bulk(BulkSpec(verb, run_ids, ALICE, "because"))


async def test_what_is_done_stays_in_the_name_of_who_began_it(
    store: PostgresStore, scene: Scene, staff: People
) -> None:
    owner = await scene.own("running")
    await scene.submit("pending")
    beginner = staff.hire("beginner", "operator")
    async with staff.store(beginner) as opened:
        job = await begin(opened, "cancel", "running", "pending", "nowhere")
    assert (job.actor, job.source, job.assurance) == (beginner, "cli", "db")

    async with acting(staff, "operator") as other:
        assert await other.store.advance_bulk() == 3
    async with acting(staff, "worker") as hand:
        assert await hand.store.record([owner.transition(Move.STEP_DONE)]) == [RunStatus.CANCELLED]
    done = EventKind.CANCELLED
    for run_id, kind in (("running", EventKind.CANCEL_REQUESTED), ("running", done), ("pending", done)):
        (event,) = await scene.events(run_id, kind)
        assert (event.actor, event.assurance) == (beginner, "db"), (run_id, kind)
    audited = {(entry.run_id, entry.kind): entry.actor for entry in await store.list_audit()}
    assert audited["", "bulk_started"] == audited["running", "cancelled"] == beginner
    assert (await verify(store)).broken is None


FORGERIES = (
    "update sagewai.bulk_items set outcome = 1",
    "update sagewai.bulk_jobs set status = 1",
    "insert into sagewai.bulk_items (job, number, run_id) values (1, 9, 'r9')",
    "insert into sagewai.bulk_jobs (total, verb, actor, source, assurance, reason) select 1, '', '', '', '', ''",
)


HELD_UP = """
select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())
"""
NOTE = """
insert into sagewai.events (run, kind, actor, source, assurance, reason)
select id, $2, $3, 'cli', 'db', $4 from sagewai.runs where run_id = $1
returning actor
"""


async def test_nobody_acts_in_another_s_name_but_for_what_is_left_of_a_job(
    store: PostgresStore, scene: Scene, staff: People
) -> None:
    for run_id in ("listed", "another"):
        await scene.submit(run_id)
    beginner = staff.hire("beginner", "operator")
    async with staff.store(beginner) as opened:
        job = await begin(opened, "cancel", "listed", "another left")
    login = f"{staff.prefix}ope"
    connection = await asyncpg.connect(staff.url(login))
    for forgery in FORGERIES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(forgery)

    async def noted(run_id: str, kind: str, reason: str = "because") -> str:
        """Who did it, by the database's word."""
        return str(await connection.fetchval(NOTE, run_id, kind, beginner, reason))

    assert await noted("listed", "cancelled") == beginner
    assert await noted("listed", "paused") == login
    assert await noted("listed", "cancelled", "for another reason") == login
    assert await noted("another", "cancelled") == login
    settle = f"select sagewai.settle_bulk({job.id}, '{{1}}', '{{2}}', '{{fine}}')"
    await connection.execute(settle)
    assert await noted("listed", "cancelled") == login
    with pytest.raises(asyncpg.InvalidParameterValueError, match="once"):
        await connection.execute(settle)
    await connection.close()


async def test_what_is_in_hand_when_a_job_is_stopped_is_left_alone(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    for run_id in ("r1", "r2"):
        await scene.submit(run_id)
    job = await begin(store, "cancel", "r1", "r2")

    async def is_held_up() -> bool:
        return bool(await admin.fetchval(HELD_UP))

    async with admin.transaction():
        await admin.execute("select from sagewai.runs where run_id = 'r2' for update")
        advancing = asyncio.create_task(store.advance_bulk())
        await scene.until(is_held_up)
        assert (await store.stop_bulk(job.id, BOB)).left == 2
    assert await advancing == 0
    assert [await scene.status(run_id) for run_id in ("r1", "r2")] == [RunStatus.PENDING] * 2
    assert (await store.get_bulk(job.id)).left == 2


async def test_only_operators_begin_advance_and_stop_jobs(
    store: PostgresStore, scene: Scene, staff: People
) -> None:
    await scene.submit("r1")
    job = await begin(store, "cancel", "r1")
    for kind in ("viewer", "approver", "worker"):
        async with acting(staff, kind) as actor:
            for refused in (
                begin(actor.store, "cancel", "r1"),
                actor.store.advance_bulk(),
                actor.store.stop_bulk(job.id, ALICE),
            ):
                with pytest.raises(NotPermitted):
                    await refused
            assert await BulkHand(actor.store).advance() is False, "a sweep leaves them to others, quietly"
            assert await actor.store.get_bulk(job.id) == job
            assert len(await actor.store.bulk_items(job.id)) == 1
            assert (await actor.store.preview_bulk("cancel", ["r1"])).possible == 1
    async with acting(staff, "operator") as actor:
        await BulkHand(actor.store).advance()
    assert (await store.get_bulk(job.id)).status is BulkStatus.DONE
    (event,) = await scene.events("r1", EventKind.CANCELLED)
    assert (event.actor, event.assurance) == (ALICE.name, ALICE.assurance), "the owner's word stands"


async def test_jobs_committers_zombies_and_operators_meet_without_a_deadlock(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    """Jobs list the same runs, each in an order of its own."""
    session = await scene.session(max_concurrent=RUNS)
    run_ids = [f"r{number:02}" for number in range(RUNS)]
    await store.insert_runs([spec(run_id) for run_id in run_ids])
    leases = (await store.claim(session, await scene.routes(), RUNS)).runs
    meeting = Meeting(2.0, "batches", "items", "steered")
    done = meeting.done

    async def commit(sender: PostgresStore) -> None:
        """As owner and as zombie: they know the same (token, rev), and one of them is late."""
        revs = {run.key: run.rev for run in leases}
        while meeting.goes_on:
            moves = [
                Transition(
                    key=run.key,
                    token=run.token,
                    rev=revs[run.key],
                    move=Move.RETRY,
                    outcome=Outcome.FAILED,
                    seq=0,
                    step="fetch",
                    attempt=1,
                    error='{"type": "E", "message": "", "traceback": ""}',
                )
                for run in random.sample(leases, len(leases))
            ]
            await sender.record(moves)
            heads = await sender.heads(list(revs))
            revs = {key: head.rev for key, head in heads.items()}
            done["batches"] += 1

    async def advance(sender: PostgresStore, *verbs: BulkVerb) -> None:
        while meeting.goes_on:
            for verb in verbs:
                job = await begin(sender, verb, *random.sample(run_ids, RUNS))
                while (await sender.get_bulk(job.id)).status is BulkStatus.RUNNING:
                    done["items"] += await sender.advance_bulk(job=job.id)

    async def end(sender: PostgresStore) -> None:
        """Cancel all of them when everybody has been at it for a while, and still is."""

        async def are_busy() -> bool:
            return done["batches"] >= 20 or time.monotonic() > meeting.until - 1.0

        await scene.until(are_busy)
        job = await begin(sender, "cancel", *reversed(run_ids))
        while (await sender.get_bulk(job.id)).status is BulkStatus.RUNNING:
            await sender.advance_bulk(7, job=job.id)
        assert (await sender.get_bulk(job.id)).done == RUNS

    async def steer(sender: PostgresStore) -> None:
        while meeting.goes_on:
            job = await begin(sender, "pause", *run_ids)
            await sender.stop_bulk(job.id, BOB)
            with contextlib.suppress(InvalidTransition):  # it is cancelled
                await sender.operate(random.choice(run_ids), Operation.SET_PRIORITY, BOB, priority=1)
            done["steered"] += 1

    async with PostgresStore(database_url) as zombie, PostgresStore(database_url) as other:
        await asyncio.gather(
            commit(store),
            commit(zombie),
            advance(store, "pause", "resume"),
            advance(zombie, "pause", "resume"),
            end(other),
            steer(other),
        )
    meeting.check()
    assert (await verify(store)).broken is None
    assert await deadlocks(store, admin) == 0
