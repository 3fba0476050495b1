"""The audit's table: it grows and nothing else, and whoever gets past that is found out by the chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalContentChanged, StoreRefused
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, Scene
from tests.sqlite.processes import children

COPIED = "kind, run_id, actor, source, assurance, reason, detail, hash"


@pytest.fixture
async def audited(store: SQLiteStore, scene: Scene) -> SQLiteStore:
    """Four entries: priority, pause, resume, cancel."""
    await scene.submit()
    await store.operate("r1", Operation.SET_PRIORITY, ALICE, "urgent", priority=9)
    await store.operate("r1", Operation.PAUSE, BOB, "wait")
    await store.operate("r1", Operation.RESUME, BOB)
    await store.operate("r1", Operation.CANCEL, ALICE, "no need")
    assert (await verify(store)).entries == 4
    return store


@pytest.fixture
def intruder(audited: SQLiteStore) -> Iterator[apsw.Connection]:
    """Somebody with the file and without this library."""
    connection = apsw.Connection(str(audited.path))
    connection.set_busy_timeout(10_000)
    yield connection
    connection.close()


def drop_guards(intruder: apsw.Connection) -> None:
    for (name,) in intruder.execute(
        "select name from sqlite_schema where type = 'trigger' and tbl_name = 'audit'"
    ).fetchall():
        intruder.execute(f"drop trigger {name}")


TAMPERING = [
    "update audit set actor = 'eve' where number = 2",
    "update audit set number = 7 where number = 4",
    "update or replace audit set number = 1 where number = 2",
    "delete from audit where number = 4",
    "delete from audit",
    f"insert or replace into audit select 2, at, {COPIED} from audit where number = 1",
    f"insert into audit select 9, at, {COPIED} from audit where number = 1",
    f"insert into audit select 0, at, {COPIED} from audit where number = 1",
    f"insert into audit select null, at, {COPIED} from audit where number = 1",
]


@pytest.mark.parametrize("tampering", TAMPERING)
async def test_the_table_refuses_whatever_is_no_next_entry(
    audited: SQLiteStore, intruder: apsw.Connection, tampering: str
) -> None:
    before = await audited.list_audit()
    with pytest.raises(apsw.ConstraintError, match="the audit is append-only"):
        intruder.execute(tampering)
    assert await audited.list_audit() == before


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("update audit set actor = 'eve' where number = 2", "entry 2 isn't what was written"),
        ("update audit set at = '2001-01-01T00:00:00+00:00' where number = 4", "entry 4 isn't"),
        ("delete from audit where number = 2", "entry 2 is missing"),
        ("delete from audit where number = 1", "entry 1 is missing"),
        (
            "delete from audit where number = 2; update audit set number = number - 1 where number > 2",
            "entry 2 isn't",
        ),
    ],
)
async def test_who_drops_the_guards_and_tampers_is_found_out_by_the_chain(
    audited: SQLiteStore, intruder: apsw.Connection, tampering: str, said: str
) -> None:
    drop_guards(intruder)
    intruder.execute(tampering)
    found = await verify(audited)
    assert found.broken is not None
    assert said in found.broken


async def test_a_forged_entry_at_the_end_is_found_out(
    audited: SQLiteStore, intruder: apsw.Connection
) -> None:
    intruder.execute(f"insert into audit select 5, at, {COPIED} from audit where number = 4")
    assert "entry 5 isn't" in ((await verify(audited)).broken or "")


async def test_an_end_that_was_cut_off_is_found_out_by_a_head_noted_before(
    audited: SQLiteStore, intruder: apsw.Connection
) -> None:
    noted = (await verify(audited)).head
    drop_guards(intruder)
    intruder.execute("delete from audit where number = 4")
    assert (await verify(audited)).broken is None
    assert "its end was cut off" in ((await verify(audited, head=noted)).broken or "")


async def test_entry_and_event_are_written_together_or_not_at_all(
    audited: SQLiteStore, scene: Scene, intruder: apsw.Connection
) -> None:
    await scene.submit("r2")
    intruder.execute("create trigger full before insert on audit begin select raise(abort, 'no room'); end")
    before = await picture(audited)
    with pytest.raises(StoreRefused, match="no room"):
        await audited.operate("r2", Operation.CANCEL, ALICE)
    assert await picture(audited) == before
    intruder.execute("drop trigger full")
    await audited.operate("r2", Operation.CANCEL, ALICE)
    assert (await verify(audited)).entries == 5


async def test_what_was_refused_or_done_by_workers_is_no_deed(audited: SQLiteStore, scene: Scene) -> None:
    owner = await scene.own("r2")
    await scene.own("r3")
    await scene.lose("r3")
    await owner.park()
    with pytest.raises(ApprovalContentChanged):
        await scene.decide("r2", digest="0" * 64)
    assert (await verify(audited)).entries == 4


async def test_processes_that_act_at_once_add_to_one_chain(
    store: SQLiteStore, scene: Scene, sqlite_path: Path
) -> None:
    await scene.submit()
    with children("reprioritise", sqlite_path, count=3) as clerks:
        for clerk in clerks:
            clerk.go()
        assert [clerk.wait() for clerk in clerks] == [0] * 3
    found = await verify(store)
    assert (found.entries, found.broken) == (60, None)
    assert len(await scene.events("r1", EventKind.PRIORITY_CHANGED)) == 60
    assert await scene.status() is RunStatus.PENDING
