"""Roles: what each kind of role can do, it can do whole; what it can't, the database refuses, whatever it sends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from sagewai.core.stores.migrations import Migration, migrations
from sagewai.core.stores.postgres import PostgresStore, schema
from sagewai.core.stores.postgres.grants import KINDS, OPEN, PAYLOADS
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidOptionError, NotPermitted
from sagewai.models.approval import Attention
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.right import ANYBODY, Right
from sagewai.models.run import ForkSpec
from sagewai.models.status import Ask, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, BOB, Scene, ask
from tests.postgres.server import PostgresServer
from tests.postgres_store.people import People, people

Verb = Callable[[Scene, Scene, str], Awaitable[object]]
"""Takes the owner's scene, that of the role under examination, and the id of a run of its own."""

SECRET = "the-secret"
"""In every payload, and nowhere else."""


@pytest.fixture
async def staff(
    store: PostgresStore, postgres_server: PostgresServer, postgres_url: str
) -> AsyncIterator[People]:
    """Roles in place, and a login of each kind named after it."""
    with people(postgres_server, postgres_url) as everybody:
        await store.apply_roles(everybody.prefix)
        for kind in KINDS:
            everybody.hire(kind[:3], kind)
        yield everybody
        await store.close()


@asynccontextmanager
async def acting(staff: People, kind: str) -> AsyncIterator[Scene]:
    async with staff.store(f"{staff.prefix}{kind[:3]}") as opened:
        yield Scene(opened)


# -- every role and every verb ------------------------------------------------------------------------------------


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
    await store.list_sessions()
    await store.list_pools()
    await store.counts()
    await store.info()
    return await store.get_run(run_id)


async def audit(owner: Scene, actor: Scene, run_id: str) -> object:
    return await actor.store.list_audit()


async def submit(owner: Scene, actor: Scene, run_id: str) -> object:
    return await actor.submit(run_id, tags={"team": "blue"}, deadline=600.0)


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


async def execute(owner: Scene, actor: Scene, run_id: str) -> object:
    await owner.submit(run_id)
    held = await actor.take(run_id)
    await actor.store.heartbeat((await actor.store.get_run(run_id)).session or 0)
    await held.make(Move.STEP_DONE)
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
    "retry": (operates(Operation.RETRY, RunStatus.FAILED), OPERATORS),
    "discard": (operates(Operation.DISCARD, RunStatus.FAILED), OPERATORS),
    "set a priority": (operates(Operation.SET_PRIORITY, RunStatus.PENDING, priority=7), OPERATORS),
    "fork": (fork, OPERATORS),
    "drain a worker": (drain, OPERATORS),
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


# -- payloads -----------------------------------------------------------------------------------------------------


async def run_of_secrets(scene: Scene) -> None:
    """One run with the secret in every kind of payload, and a dead letter."""
    held = await scene.own(values={"card": SECRET})
    await held.make(Move.STEP_DONE, result=json.dumps(SECRET))
    await scene.signal(payload=SECRET)
    await held.park(ask(step="judge", context={"card": SECRET}))
    await scene.decide(payload=json.dumps(SECRET))
    held = await scene.take()
    error = {
        "type": "shop.CardError",
        "message": f"{SECRET} \u0000 isn't a card",
        "traceback": f"at {SECRET}",
    }
    await held.make(Move.FAILED, step="judge", error=json.dumps(error))


async def everything(scene: Scene) -> str:
    """All that reading gives of it."""
    store = scene.store
    (approval,) = await store.approvals_of("r1")
    seen = [
        await store.get_input("r1"),
        await store.get_results("r1"),
        await store.get_attempts("r1"),
        await store.get_outcome("r1"),
        await store.get_dead_letter("r1"),
        await store.list_dead_letters(DeadLetterQuery()),
        await store.signals_of("r1"),
        await store.waits_of("r1"),
        approval,
        await store.get_approval(approval.id),
        await store.list_approvals(ApprovalQuery(status=None)),
        await store.get_run("r1"),
        await store.get_events("r1"),
        await store.list_audit(),
    ]
    return repr(seen)


async def test_a_viewer_sees_that_there_are_payloads_but_not_what_is_in_them(
    store: PostgresStore, staff: People
) -> None:
    await run_of_secrets(Scene(store))
    assert SECRET in await everything(Scene(store))
    async with acting(staff, "approver") as approver:
        assert await everything(approver) == await everything(Scene(store))
    async with acting(staff, "viewer") as viewer:
        assert SECRET not in await everything(viewer)
        (approval,) = await viewer.store.approvals_of("r1")
        assert json.loads(approval.context or "") == "[redacted]"
        assert approval.context_bytes > len(SECRET)
        assert approval.prompt == "Send it?"
        letter = await viewer.store.get_dead_letter("r1")
        assert (letter.error.type, letter.error.message) == ("shop.CardError", "[redacted]")
        assert json.loads(await viewer.store.get_input("r1")) == "[redacted]"
        assert (await viewer.store.get_attempts("r1"))[0].result_bytes == len(json.dumps(SECRET))


async def test_no_sql_shows_a_viewer_a_payload(staff: People, store: PostgresStore) -> None:
    await run_of_secrets(Scene(store))
    connection = await asyncpg.connect(staff.url(f"{staff.prefix}vie"))
    try:
        for table, columns in PAYLOADS.items():
            for column in columns:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"select {column} from sagewai.{table}")
        await connection.execute(
            "create temp table inputs (input text);"
            "create function pg_temp.has_column_privilege(regclass, text, text) returns bool return true;"
            "create function pg_temp.sees_payloads() returns bool return true;"
            "set search_path = pg_temp, pg_catalog, sagewai"
        )
        for view in [name for name in OPEN if name.endswith("_overview")]:
            rows = await connection.fetch(f"select * from sagewai.{view}")
            assert rows or view == "signal_overview"
            assert SECRET not in repr(rows)
    finally:
        await connection.close()


# -- identity -----------------------------------------------------------------------------------------------------


async def test_what_people_do_is_noted_in_the_name_they_proved(store: PostgresStore, staff: People) -> None:
    """Whatever name they pass."""
    owner = Scene(store)
    await owner.run_in(RunStatus.WAITING)
    held = await owner.own("r2")
    async with acting(staff, "approver") as approver:
        approval = await approver.decide(by=BOB)
        assert approval.decision is not None
        reviewer = approval.decision.reviewer
        assert (reviewer.name, reviewer.source, reviewer.assurance) == (f"{staff.prefix}app", "console", "db")
    async with acting(staff, "operator") as operator:
        await operator.store.operate("r2", Operation.CANCEL, BOB, "because")
        await operator.submit("r3")
        await operator.store.operate("r3", Operation.CANCEL, BOB, "because")
    async with acting(staff, "worker") as worker:
        held.store = worker.store
        assert await held.make(Move.STEP_DONE) is RunStatus.CANCELLED  # honours it in the asker's name

    entries = [(entry.kind, entry.run_id, entry.actor, entry.assurance) for entry in await store.list_audit()]
    assert entries == [
        ("approved", "r1", f"{staff.prefix}app", "db"),
        ("cancel_requested", "r2", f"{staff.prefix}ope", "db"),
        ("cancelled", "r3", f"{staff.prefix}ope", "db"),
        ("cancelled", "r2", f"{staff.prefix}ope", "db"),
    ]
    assert (await store.get_outcome("r2")).by == (await store.get_outcome("r3")).by == f"{staff.prefix}ope"
    assert (await store.get_run("r3")).submitted_by == f"{staff.prefix}ope"


async def test_an_owner_s_passed_name_stands(store: PostgresStore, staff: People) -> None:
    await Scene(store).run_in(RunStatus.WAITING)
    async with acting(staff, "owner") as owner:
        approval = await owner.decide(by=BOB)
    assert approval.decision is not None
    assert approval.decision.reviewer == BOB


async def test_an_outsider_in_none_of_the_roles_can_t_even_look(store: PostgresStore, staff: People) -> None:
    outsider = staff.store(staff.hire("outsider"))
    with pytest.raises(NotPermitted):
        await outsider.counts()
    await outsider.close()


# -- granting -----------------------------------------------------------------------------------------------------


async def test_roles_are_planned_without_a_change_and_applied_again_and_again(
    store: PostgresStore, staff: People, admin: asyncpg.Connection
) -> None:
    planned = await store.plan_roles("nobody_")
    assert "create role nobody_viewer nologin" in planned
    assert not await admin.fetchval("select exists (select from pg_roles where rolname like 'nobody%')")
    await store.apply_roles(staff.prefix)
    assert not [
        each for each in await store.plan_roles(staff.prefix) if each.startswith(("create", "alter schema"))
    ]
    await admin.execute(f"grant select on sagewai.inputs to {staff.prefix}viewer")
    await store.apply_roles(staff.prefix)
    async with acting(staff, "viewer") as viewer:
        assert Right.PAYLOADS not in (await viewer.store.get_identity()).rights


@pytest.mark.parametrize("prefix", ["", "1a", "A_", "a-b_", "a;drop table x;_", 'a"_', "a" * 49])
async def test_a_prefix_that_makes_no_plain_names_is_refused(store: PostgresStore, prefix: str) -> None:
    with pytest.raises(InvalidOptionError, match="begin names of roles"):
        await store.plan_roles(prefix)


async def test_whoever_may_not_make_roles_is_told(staff: People) -> None:
    async with acting(staff, "worker") as worker:
        with pytest.raises(NotPermitted):
            await worker.store.apply_roles("nobody_")


async def test_an_owner_who_is_no_superuser_applies_roles_and_stays_an_owner(
    postgres_server: PostgresServer, postgres_url: str, admin: asyncpg.Connection
) -> None:
    """Whoever made the schema needs the right to make roles, and no more."""
    with people(postgres_server, postgres_url) as everybody:
        boss = everybody.hire("boss")
        await admin.execute(f"alter role {boss} createrole")
        await admin.execute(f"grant create on database {everybody.database} to {boss}")
        async with everybody.store(boss) as owned:
            await owned.apply_roles(everybody.prefix)
            await owned.apply_roles(everybody.prefix)
            assert await owned.get_identity() == ANYBODY
            await Scene(owned).run_in(RunStatus.REJECTED)
            async with everybody.store(everybody.hire("app", "approver")) as approver:
                await Scene(owned).run_in(RunStatus.WAITING, "r2")
                await Scene(approver).decide("r2")
            assert [entry.kind for entry in await owned.list_audit()] == ["rejected", "approved"]


async def test_what_an_owner_migrates_belongs_to_all_owners(
    postgres_server: PostgresServer, postgres_url: str, admin: asyncpg.Connection
) -> None:
    """Whoever of them applies a migration: the functions with the owner's rights must reach what it makes."""
    first = migrations("postgres")[0]
    with people(postgres_server, postgres_url) as everybody:
        group, database = f"{everybody.prefix}owner", everybody.database
        await admin.execute(f"create role {group}")
        await admin.execute(f"grant create on database {database} to {group}")
        async with admin.transaction():
            await admin.execute(f"set local role {group}")
            await admin.execute(first.sql)
            await admin.execute(
                "insert into sagewai.migrations (number, name, checksum, min_code) values ($1, $2, $3, $4)",
                *(first.number, first.name, first.checksum, first.min_code),
            )
        async with everybody.store(everybody.hire("own", "owner")):
            owners = await admin.fetch(
                "select distinct pg_get_userbyid(relowner) as name from pg_class "
                "where relnamespace = 'sagewai'::regnamespace"
            )
        assert [row["name"] for row in owners] == [group]


async def test_a_migration_gives_roles_their_rights_to_what_it_brings(
    store: PostgresStore, staff: People, admin: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Applied by a member of the owners, while workers of the old code go on."""
    known = migrations("postgres")
    sql = "drop view sagewai.signal_overview; create view sagewai.signal_overview as select * from sagewai.signals"
    later = Migration(known[-1].number + 1, "later", sql, checksum="", min_code=1)
    monkeypatch.setattr(schema, "migrations", lambda _: (*known, later))
    async with acting(staff, "owner") as owner:
        assert (await owner.store.info()).schema == later.number
    async with acting(staff, "viewer") as viewer:
        await viewer.store.list_runs(RunQuery())
    rows = "select has_table_privilege($1, 'sagewai.signal_overview', 'select')"
    assert await admin.fetchval(rows, f"{staff.prefix}viewer")
