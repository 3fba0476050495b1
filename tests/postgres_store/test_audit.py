"""The audit on PostgreSQL: one chain whoever writes at once, nothing of it is taken back, who tampers is found."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

import asyncpg
import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalError, InvalidTransition
from sagewai.models.actor import Actor
from sagewai.models.history import AUDITED, EventKind
from sagewai.models.status import RunStatus
from tests.contract.scene import BOB, Scene

SESSIONS = 20
CUT = "delete from sagewai.audit where number = 3"


async def test_twenty_sessions_at_once_keep_one_chain(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    """Each decides and cancels the same runs as the others, in another order, while sweeps run."""
    runs = [f"r{number}" for number in range(10)]
    session = await scene.session()
    for run_id in runs:
        await (await scene.own(run_id, session=session)).park()

    async def act(number: int, mine: PostgresStore) -> Counter[str]:
        done: Counter[str] = Counter()
        person = Actor(f"person-{number}", source="cli", assurance="os")
        for at in range(len(runs)):
            run_id = runs[(number + at * 3) % len(runs)]
            try:
                await Scene(mine).decide(run_id, by=person)
                done["approved"] += 1
            except ApprovalError:
                done["refused"] += 1
            try:
                await mine.operate(run_id, Operation.SET_PRIORITY, person, priority=number)
                done["priority_changed"] += 1
                if at == 9:
                    await mine.operate(run_id, Operation.CANCEL, person)
                    done["cancelled"] += 1
            except InvalidTransition:
                done["refused"] += 1
        return done

    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(PostgresStore(database_url, pool_size=1)) for _ in range(SESSIONS)
        ]
        done = sum(
            await asyncio.gather(*(act(number, each) for number, each in enumerate(stores))), Counter[str]()
        )

    verified = await verify(store)
    assert verified.broken is None
    written = Counter(entry.kind for entry in await store.list_audit())
    assert dict(written) == {kind: count for kind, count in done.items() if kind != "refused"}
    assert written["approved"] == len(runs)
    assert verified.entries == sum(written.values()) >= 100
    assert (
        await admin.fetchval("select deadlocks from pg_stat_database where datname = current_database()") == 0
    )


async def test_an_entry_is_there_with_its_event_or_neither_is(
    scene: Scene, store: PostgresStore, admin: asyncpg.Connection
) -> None:
    await scene.submit()
    change = admin.transaction()
    await change.start()
    await admin.execute(
        "insert into sagewai.events (run, kind, actor, source, assurance) values (1, 'retried', 'a', 'cli', 'os')"
    )
    assert await admin.fetchval("select count(*) from sagewai.audit") == 1
    await change.rollback()
    assert await store.list_audit() == []


@pytest.fixture
async def told(scene: Scene) -> str:
    """A chain of some entries; its head."""
    await scene.run_in(RunStatus.WAITING)
    await scene.decide(by=BOB)
    for number in range(4):
        await scene.store.operate("r1", Operation.SET_PRIORITY, BOB, priority=number)
    return (await verify(scene.store)).head


@pytest.mark.parametrize(
    "statement",
    [
        "update sagewai.audit set actor = 'mallory'",
        "delete from sagewai.audit where number = 3",
        "truncate sagewai.audit",
        "update sagewai.audit set number = number where false",
    ],
)
@pytest.mark.parametrize("mode", ["origin", "replica"])
async def test_nothing_of_it_is_changed_not_even_by_a_superuser(
    store: PostgresStore, told: str, admin: asyncpg.Connection, statement: str, mode: str
) -> None:
    await admin.execute(f"set session_replication_role = {mode}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await admin.execute(statement)
    assert (await verify(store)).head == told


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("update sagewai.audit set actor = 'mallory' where number = 3", "entry 3 isn't what was written"),
        ("update sagewai.audit set at = at || ' ' where number = 1", "entry 1 isn't what was written"),
        (CUT, "entry 3 is missing"),
        (
            f"{CUT}; update sagewai.audit set number = number - 1 where number > 3",
            "entry 3 isn't what was written",
        ),
        ("delete from sagewai.audit where number > 3", "its end was cut off"),
        ("truncate sagewai.audit", "its end was cut off"),
    ],
)
async def test_whoever_drops_the_guard_and_tampers_is_found_out(
    store: PostgresStore, told: str, admin: asyncpg.Connection, statement: str, broken: str
) -> None:
    await admin.execute("drop trigger audit_stays on sagewai.audit")
    await admin.execute(statement)
    verified = await verify(store, head=told)
    assert verified.broken is not None
    assert broken in verified.broken


async def test_the_database_audits_the_kinds_that_the_code_names(
    admin: asyncpg.Connection, store: PostgresStore
) -> None:
    audited = await admin.fetch(
        "select kind from unnest($1::text[]) as kind where sagewai.is_audited(kind)", list(EventKind)
    )
    assert {row["kind"] for row in audited} == {kind.value for kind in AUDITED}
