"""Roles: what each kind of role can do, it can do whole; what it can't, the database refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.postgres.grants import KINDS, OPEN, PAYLOADS
from sagewai.core.transitions import Operation
from sagewai.errors import NotPermitted
from sagewai.models.approval import Attention
from sagewai.models.bulk import BulkSpec
from sagewai.models.call import Budget
from sagewai.models.history import EventKind
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.right import ANYBODY, Right
from sagewai.models.run import ForkSpec
from sagewai.models.status import Ask, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, Scene
from tests.contract.test_calls import call
from tests.postgres_store.people import People, acting

Verb = Callable[[Scene, Scene, str], Awaitable[object]]
"""Takes the owner's scene, that of the role under examination, and the id of a run of its own."""


async def read(owner: Scene, actor: Scene, run_id: str) -> object:
    await owner.run_in(RunStatus.FAILED, run_id)
    store = actor.store
    await store.get_attempts(run_id)
    await store.get_results(run_id)
    await store.get_input(run_id)
    await store.get_outcome(run_id)
    await store.get_steps(run_id)
    await store.get_events(run_id)
    await store.get_events()
    await store.waits_of(run_id)
    await store.signals_of(run_id)
    await store.calls_of(run_id)
    await store.spent(run_id)
    await store.spending("day")
    await store.get_budget(run_id)
    await store.tail_of(run_id)
    await store.approvals_of(run_id)
    await store.list_runs(RunQuery())
    await store.list_runs(RunQuery(order="changed"))
    await store.list_runs(RunQuery(workflow="orders"))
    await store.list_runs(RunQuery(pool="default"))
    await store.list_runs(RunQuery(prefix="r"))
    await store.list_runs(RunQuery(tag=("a", "b")))
    await store.list_approvals(ApprovalQuery(status=None))
    await store.list_approvals(ApprovalQuery(status=None, run_id=run_id))
    await store.get_dead_letter(run_id)
    await store.list_dead_letters(DeadLetterQuery())
    await store.list_dead_letters(DeadLetterQuery(workflow="orders"))
    await store.list_dead_letters(DeadLetterQuery(error_type="builtins.ValueError"))
    await store.group_dead_letters()
    await store.preview_bulk("cancel", [run_id])
    await store.list_bulks()
    await store.list_sessions()
    await store.list_pools()
    await store.counts()
    await store.rates()
    await store.info()
    return await store.get_run(run_id)


async def audit(owner: Scene, actor: Scene, run_id: str) -> object:
    return await actor.store.list_audit()


async def submit(owner: Scene, actor: Scene, run_id: str) -> object:
    return await actor.submit(run_id, tags={"team": "blue"}, deadline=600.0, budget=Budget(usd=1.0))


async def signal(owner: Scene, actor: Scene, run_id: str) -> object:
    await owner.submit(run_id)
    return await actor.signal(run_id)


async def assign(owner: Scene, actor: Scene, run_id: str) -> object:
    session = await owner.session()
    await owner.submit(run_id)
    return await actor.store.assign(run_id, session, 5.0, ALICE)


async def sweep(owner: Scene, actor: Scene, run_id: str) -> object:
    held = await owner.own(run_id)
    await held.make(Move.STEP_DONE)
    await owner.store.lapse_sessions([(await owner.store.get_run(run_id)).session or 0])
    return await actor.store.tick()


def operates(operation: Operation, status: RunStatus, **fields: Any) -> Verb:
    async def verb(owner: Scene, actor: Scene, run_id: str) -> object:
        await owner.run_in(status, run_id)
        return await actor.store.operate(run_id, operation, ALICE, "because", **fields)

    return verb


async def fork(owner: Scene, actor: Scene, run_id: str) -> object:
    held = await owner.own(run_id)
    await held.make(Move.STEP_DONE)
    return await actor.store.fork_run(ForkSpec(run_id, f"{run_id}-fork", ALICE, from_step="judge"))


async def drain(owner: Scene, actor: Scene, run_id: str) -> object:
    return await actor.store.ask_session(await owner.session(), Ask.DRAIN, ALICE, "deploy")


def asks_pool(ask: Ask) -> Verb:
    async def verb(owner: Scene, actor: Scene, run_id: str) -> object:
        await owner.session(pool=run_id)
        return await actor.store.ask_pool(run_id, ask, ALICE, "because")

    return verb


async def go_a_step(owner: Scene, actor: Scene, run_id: str) -> object:
    """What somebody asked for, carried out by whoever claims it: the pause is noted in the asker's name."""
    await owner.run_in(RunStatus.PAUSED, run_id)
    await owner.store.operate(run_id, Operation.STEP, ALICE, "because")
    status = await (await actor.take(run_id)).make(Move.STEP_DONE)
    assert status is RunStatus.PAUSED
    assert (await owner.events(run_id, EventKind.PAUSED))[-1].actor == ALICE.name
    return status


async def begin_bulk(owner: Scene, actor: Scene, run_id: str) -> object:
    await owner.submit(run_id)
    return await actor.store.create_bulk(BulkSpec("cancel", (run_id,), ALICE))


async def advance_bulk(owner: Scene, actor: Scene, run_id: str) -> object:
    await begin_bulk(owner, owner, run_id)
    return await actor.store.advance_bulk()


async def stop_bulk(owner: Scene, actor: Scene, run_id: str) -> object:
    await begin_bulk(owner, owner, run_id)
    return await actor.store.stop_bulk((await owner.store.list_bulks())[0].id, ALICE)


async def execute(owner: Scene, actor: Scene, run_id: str) -> object:
    await owner.submit(run_id)
    held = await actor.take(run_id)
    await actor.store.heartbeat((await actor.store.get_run(run_id)).session or 0)
    await held.make(Move.STEP_DONE)
    await actor.store.record_calls([call(held), call(held, name="again")])
    await actor.store.record_calls([call(held)])
    await actor.store.write_tails({held.lease.key: ("judge", "writer", "Dear")})
    return await held.finish()


def decides(verdict: Verdict) -> Verb:
    async def verb(owner: Scene, actor: Scene, run_id: str) -> object:
        await owner.run_in(RunStatus.WAITING, run_id)
        return await actor.decide(run_id, verdict, reason="because")

    return verb


def attends(attention: Attention) -> Verb:
    async def verb(owner: Scene, actor: Scene, run_id: str) -> object:
        await owner.run_in(RunStatus.WAITING, run_id)
        (approval,) = await owner.store.approvals_of(run_id)
        return await actor.store.attend(approval.id, attention, ALICE, seconds=60.0, text="because")

    return verb


EVERYBODY = frozenset(KINDS)
OPERATORS = frozenset({"operator", "owner"})
APPROVERS = frozenset({"approver", "owner"})

VERBS: dict[str, tuple[Verb, frozenset[str]]] = {
    "read": (read, EVERYBODY),
    "read the audit": (audit, EVERYBODY - {"worker"}),
    "submit": (submit, OPERATORS | {"worker"}),
    "signal": (signal, OPERATORS | {"worker"}),
    "assign": (assign, OPERATORS | {"worker"}),
    "sweep": (sweep, OPERATORS | {"worker"}),
    "execute": (execute, frozenset({"worker", "owner"})),
    "cancel a pending run": (operates(Operation.CANCEL, RunStatus.PENDING), OPERATORS),
    "cancel a waiting run": (operates(Operation.CANCEL, RunStatus.WAITING), OPERATORS),
    "cancel a running run": (operates(Operation.CANCEL, RunStatus.RUNNING), OPERATORS),
    "pause a pending run": (operates(Operation.PAUSE, RunStatus.PENDING), OPERATORS),
    "pause a running run": (operates(Operation.PAUSE, RunStatus.RUNNING), OPERATORS),
    "resume": (operates(Operation.RESUME, RunStatus.PAUSED), OPERATORS),
    "step": (operates(Operation.STEP, RunStatus.PAUSED), OPERATORS),
    "go a step": (go_a_step, frozenset({"worker", "owner"})),
    **{f"{each.value} a pool": (asks_pool(each), OPERATORS) for each in (Ask.PAUSE, Ask.RESUME, Ask.DRAIN)},
    "retry": (operates(Operation.RETRY, RunStatus.FAILED), OPERATORS),
    "discard": (operates(Operation.DISCARD, RunStatus.FAILED), OPERATORS),
    "set a priority": (operates(Operation.SET_PRIORITY, RunStatus.PENDING, priority=7), OPERATORS),
    "fork": (fork, OPERATORS),
    "drain a worker": (drain, OPERATORS),
    "begin a bulk job": (begin_bulk, OPERATORS),
    "advance a bulk job": (advance_bulk, OPERATORS),
    "stop a bulk job": (stop_bulk, OPERATORS),
    "approve": (decides(Verdict.APPROVE), APPROVERS),
    "reject": (decides(Verdict.REJECT), APPROVERS),
    **{f"{each.value} an approval": (attends(each), APPROVERS) for each in Attention},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_role_can_do_what_it_is_for_and_nothing_else(
    store: PostgresStore, staff: People, kind: str
) -> None:
    owner = Scene(store)
    allowed, refused = set(), set()
    async with acting(staff, kind) as actor:
        for number, (name, (verb, _)) in enumerate(VERBS.items()):
            try:
                await verb(owner, actor, f"r{number}")
            except NotPermitted:
                refused.add(name)
            else:
                allowed.add(name)
    assert allowed == {name for name, (_, kinds) in VERBS.items() if kind in kinds}
    assert refused == VERBS.keys() - allowed


async def test_what_a_role_can_t_do_is_known_beforehand(store: PostgresStore, staff: People) -> None:
    rights = {}
    for kind in KINDS:
        async with acting(staff, kind) as actor:
            identity = await actor.store.get_identity()
            rights[kind] = identity.rights
            assert identity.name == (None if kind == "owner" else f"{staff.prefix}{kind[:3]}")
    assert rights == {
        "viewer": frozenset(),
        "approver": {Right.PAYLOADS, Right.DECIDE},
        "operator": {Right.PAYLOADS, Right.SUBMIT, Right.OPERATE},
        "worker": {Right.PAYLOADS, Right.SUBMIT, Right.EXECUTE},
        "owner": frozenset(Right),
    }
    assert await store.get_identity() == ANYBODY


async def test_every_table_is_somebody_s(store: PostgresStore, admin: asyncpg.Connection) -> None:
    """A table that a migration brings has to be placed: until then it is closed."""
    there = await admin.fetch(
        "select relname from pg_class where relnamespace = 'sagewai'::regnamespace and relkind in ('r', 'v')"
    )
    assert {row["relname"] for row in there} == {*OPEN, *PAYLOADS, "audit"}
