"""What a role sends by hand: the database refuses what the role may not do, whatever path and names it brings."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.postgres import PostgresStore
from sagewai.errors import ApprovalNotAllowed
from sagewai.models.actor import Actor
from sagewai.models.approval import ApprovalPolicy, Attention
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.contract.scene import ALICE, Scene, ask
from tests.postgres_store.people import People

REFUSED = asyncpg.InsufficientPrivilegeError


@pytest.fixture
async def worker(staff: People) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(staff.url(f"{staff.prefix}wor"))
    yield connection
    await connection.close()


@pytest.fixture(params=["worker", "operator"])
async def hand(request: pytest.FixtureRequest, staff: People) -> AsyncIterator[asyncpg.Connection]:
    """Somebody with rights to write, but not to decide."""
    connection = await asyncpg.connect(staff.url(f"{staff.prefix}{request.param[:3]}"))
    yield connection
    await connection.close()


@pytest.fixture
async def approver(staff: People) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(staff.url(f"{staff.prefix}app"))
    yield connection
    await connection.close()


BY_HAND = {
    "call decide": "select sagewai.decide('r1', 'approve', 'alice', 'cli', 'os', '', null, null, null)",
    "call attend": "select sagewai.attend(1, 'claim', 'alice', 'cli', 'os', 60, '')",
    "approve": "update sagewai.approvals set status = 2",
    "reject": "update sagewai.approvals set status = 3",
    "expire before the deadline": "update sagewai.approvals set status = 5",
    "move the deadline": "update sagewai.approvals set deadline_at = now() + interval '1 year'",
    "let the ladder join early": "update sagewai.approvals set level = level + 1",
    "name a decision": "update sagewai.approvals set decision = 1",
    "change what is asked": "update sagewai.approvals set context = '\"other\"'",
    "change the digest": "update sagewai.approvals set digest = 'other'",
    "change the policy": "update sagewai.approvals set policy = null",
    "ask what is approved already": (
        "insert into sagewai.approvals (run, requested_at, revision, context_bytes, status, step, branch, gate, digest,"
        " prompt, context) select run, now(), 1, 4, 2, 'fetch', '', '#9', '', '', 'null' from sagewai.approvals"
    ),
    "insert a decision": (
        "insert into sagewai.decisions (approval, decided_at, verdict, reviewer, source, assurance, reason)"
        " values (1, now(), 'approve', 'alice', 'cli', 'db', '')"
    ),
    "change a decision": "update sagewai.decisions set reviewer = 'alice'",
    "delete a decision": "delete from sagewai.decisions",
    "delete an approval": "delete from sagewai.approvals",
    "insert into the audit": "insert into sagewai.audit values (1, '', '', '', '', '', '', '', '', '')",
    "change the audit": "update sagewai.audit set actor = 'bob'",
    "cut the audit": "delete from sagewai.audit",
    "empty the audit": "truncate sagewai.audit",
    "drop the audit's trigger": "drop trigger audit_stays on sagewai.audit",
    "disable the audit's trigger": "alter table sagewai.audit disable trigger audit_stays",
    "note an approval": (
        "insert into sagewai.events (run, kind, actor, source, assurance)"
        " select run, 'approved', 'alice', 'cli', 'os' from sagewai.approvals"
    ),
    "note an approval as the engine": (
        "insert into sagewai.events (run, kind) select run, 'approved' from sagewai.approvals"
    ),
    "note a comment": (
        "insert into sagewai.events (run, kind, actor, source, assurance)"
        " select run, 'approval_commented', 'alice', 'cli', 'os' from sagewai.approvals"
    ),
    "make itself an approver": "insert into sagewai.roles (name, kind) values (session_user, 'approver')",
    "forget that it has rights of its own": "delete from sagewai.roles",
    "make its own trigger of the audit's": (
        "create temp table mine (like sagewai.events);"
        "create trigger forged after insert on mine for each row execute function sagewai.keep_audit()"
    ),
    "replace the guard": (
        "create or replace function sagewai.guard_approval() returns trigger language plpgsql as"
        " 'begin return new; end'"
    ),
    "make a table in the schema": "create table sagewai.mine (id int)",
}

BY_WORKERS = {
    "cancel in somebody's name": (
        "insert into sagewai.events (run, kind, actor, source, assurance)"
        " select run, 'cancelled', 'alice', 'cli', 'os' from sagewai.approvals"
    ),
    "note a retry": (
        "insert into sagewai.events (run, kind, actor, source, assurance)"
        " select run, 'retried', 'alice', 'cli', 'os' from sagewai.approvals"
    ),
    "ask to cancel": "insert into sagewai.asks values (1, now(), 1, 'alice', 'cli', 'os', '')",
}


async def approval_standing(store: PostgresStore) -> tuple[object, ...]:
    (approval,) = await store.approvals_of("r1")
    audit = [(entry.kind, entry.hash) for entry in await store.list_audit()]
    return approval, audit, await store.get_events("r1")


async def test_nothing_but_decide_settles_an_approval(
    store: PostgresStore, staff: People, hand: asyncpg.Connection
) -> None:
    owner = await Scene(store).own()
    ladder = ApprovalPolicy(approvers=("ann",), on_timeout="escalate", escalate_to=("bea", "cid"))
    await owner.park(ask(policy=ladder, timeout=600.0))
    (approval,) = await store.approvals_of("r1")
    await Scene(store).submit("r2")
    await store.attend(approval.id, Attention.COMMENT, ALICE, text="hm")
    before = await approval_standing(store)

    is_worker = (await hand.fetchval("select session_user")).endswith("wor")
    attempts = BY_HAND | BY_WORKERS if is_worker else BY_HAND
    taken = {}
    for what, statement in attempts.items():
        try:
            await hand.execute(statement)
        except (REFUSED, asyncpg.GeneratedAlwaysError):
            continue
        except asyncpg.PostgresError as error:
            taken[what] = repr(error)
        else:
            taken[what] = "done"
    assert taken == {}
    assert await approval_standing(store) == before


async def test_what_is_over_for_others_stays_possible(
    store: PostgresStore, worker: asyncpg.Connection, staff: People
) -> None:
    """A worker supersedes what its step asks no more, and its sweep expires and escalates what is due."""
    async with staff.store(f"{staff.prefix}wor") as mine:
        scene = Scene(mine)
        owner = await scene.own()
        ladder = ApprovalPolicy(approvers=("ann",), on_timeout="escalate", escalate_to=("bea",))
        await owner.park(ask("a", policy=ladder, timeout=0.05))
        await (await scene.own("r2")).park(ask("b", timeout=0.05))
        for gate, run_id in (("a", "r1"), ("b", "r2")):
            await scene.past((await scene.approvals(run_id))[gate].deadline_at)
        ticked = await mine.tick()
        assert (ticked.escalated, ticked.expired) == (1, 1)
        assert (await scene.approvals("r2"))["b"].status is ApprovalStatus.EXPIRED
        assert (await scene.approvals("r1"))["a"].level == 1


HIJACK = """
create schema {mine};
create function {mine}.own_rights() returns text[] language sql return null::text[];
create function {mine}.clock_timestamp() returns timestamptz language sql return 'epoch'::timestamptz;
create function {mine}.now() returns timestamptz language sql return 'epoch'::timestamptz;
create function {mine}.coalesce(text, text) returns text language sql return 'forged';
create function {mine}.split_part(text, text, int) returns text language sql return 'ann';
create function {mine}.sha256(bytea) returns bytea language sql return '\\x00'::bytea;
create function {mine}.has_a_rung(jsonb, int) returns bool language sql return true;
create function {mine}.pg_has_role(name, oid, text) returns bool language sql return true;
create function {mine}.same(text, text) returns bool language sql return true;
create operator {mine}.= (leftarg = text, rightarg = text, function = {mine}.same);
create operator {mine}.<> (leftarg = text, rightarg = text, function = {mine}.same);
create view {mine}.approvals as select 1 as id;
create temp table approvals (id bigint, status int2, decision bigint);
create temp table decisions (id bigint, reviewer text);
create temp table audit (number bigint);
create temp table roles (name text, kind text);
create temp table pg_roles (rolname name, oid oid, rolsuper bool);
create type pg_temp.jsonb as (a int);
create function pg_temp.own_rights() returns text[] language sql return null::text[];
set search_path = pg_temp, {mine}, pg_catalog, sagewai;
"""


async def test_names_of_one_s_own_change_nothing_of_a_decision(
    store: PostgresStore,
    staff: People,
    approver: asyncpg.Connection,
    admin: asyncpg.Connection,
    worker: asyncpg.Connection,
) -> None:
    """Whoever may make a schema, functions, operators and temporary tables still decides as who they are."""
    scene = Scene(store)
    await (await scene.own()).park(ask(policy=ApprovalPolicy(approvers=("ann",))))
    await (await scene.own("r2")).park()
    await admin.execute(f"grant create on database {staff.database} to {staff.prefix}app, {staff.prefix}wor")
    for hand in (approver, worker):
        mine = f"{staff.prefix}schema_of_{'app' if hand is approver else 'wor'}"
        for statement in HIJACK.format(mine=mine).strip().split(";\n"):
            await hand.execute(statement)

    call = "select * from sagewai.decide($1, 'approve', 'ann', 'worker', 'db', '', null, null, null)"
    assert (await approver.fetchrow(call, "r1"))["told"] == "not allowed"
    done = await approver.fetchrow(call, "r2")
    assert (done["told"], done["judged"]) == ("recorded", f"{staff.prefix}app")
    with pytest.raises(REFUSED):
        await worker.fetchrow(call, "r1")
    with pytest.raises(REFUSED):
        await worker.execute("update sagewai.approvals set status = 2 where status = 1")
    with pytest.raises(REFUSED):
        await worker.execute(
            "insert into sagewai.events (run, kind, actor, source, assurance) values (1, 'retried', 'a', 'cli', 'os')"
        )

    assert (await store.get_run("r1")).status is RunStatus.WAITING
    (entry,) = await store.list_audit()
    assert (entry.actor, entry.source, entry.assurance) == (f"{staff.prefix}app", "api", "db")
    assert (await verify(store)).broken is None


async def test_nobody_approves_a_run_they_asked_for_themselves(store: PostgresStore, staff: People) -> None:
    """Under whatever name and host they submitted it."""
    both = staff.hire("both", "operator", "approver")
    policy = ApprovalPolicy(exclude_requester=True)
    async with staff.store(both) as person:
        mine = Scene(person)
        await mine.submit("r1", actor=ALICE)  # an operator is noted by the name they proved
        await Scene(store).submit("r2", actor=Actor(f"{both}@laptop", source="cli", assurance="os"))
        for run_id in ("r1", "r2"):
            owner = await Scene(store).take(run_id)
            await owner.park(ask(policy=policy))
            with pytest.raises(ApprovalNotAllowed, match="submitted the run"):
                await mine.decide(run_id)
        assert (await person.get_run("r1")).status is RunStatus.WAITING


async def test_who_may_execute_runs_as_well_decides_nothing_that_needs_two(
    store: PostgresStore, staff: People
) -> None:
    both = staff.hire("both", "worker", "approver")
    await (await Scene(store).own()).park(ask(policy=ApprovalPolicy(required=2)))
    async with staff.store(both) as person:
        with pytest.raises(ApprovalNotAllowed, match="executes runs with the same rights"):
            await Scene(person).decide()
