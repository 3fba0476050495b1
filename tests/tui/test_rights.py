"""A console offers what its database role may do, and nothing else: real roles on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sagewai.core import commands
from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.postgres.server import PostgresServer
from tests.postgres_store.people import People, people
from tests.tui.drive import driving
from tests.tui.stage import OPERATOR, Stage
from tui.gateway import Door


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[PostgresStore]:
    """With a run that is free and one that waits for a decision."""
    async with PostgresStore(postgres_url) as opened:
        stage = Stage(opened)
        await stage.worker("content-pipeline", lease=1e6)
        await stage.running("run-asks", done=2)
        await stage.ask("run-asks")
        await stage.submit("run-free")
        yield opened


@pytest.fixture
async def staff(
    store: PostgresStore, postgres_server: PostgresServer, postgres_url: str
) -> AsyncIterator[People]:
    with people(postgres_server, postgres_url) as everybody:
        await store.apply_roles(everybody.prefix)
        yield everybody
        await store.close()


async def test_a_viewer_is_offered_nothing_and_told_what_is_hidden(
    store: PostgresStore, staff: People
) -> None:
    await commands.start_bulk(store, "cancel", ["run-free"], actor=OPERATOR)
    login = staff.hire("vic", "viewer")
    async with driving(staff.store(login)) as drive:
        await drive.shows("run-free")
        assert "  RO  " in drive.lines[0]
        assert login in drive.lines[0]
        assert not {"approve", "cancel", "pause"} & set(drive.lines[23].split())
        await drive.press("C", "y", "P", "r", "D", "y")
        await drive.press("space", "space", "C", "y", "colon")
        await drive.type("bulk cancel")
        await drive.press("enter")
        await drive.shows("this console may not cancel runs")
        await drive.press("b")
        await drive.shows("cancel   ·····")
        assert "stop the job" not in drive.text
        await drive.press("D")
        assert "stop bulk job" not in drive.text
        await drive.press("escape", "escape", "3")
        await drive.shows("hidden from this database role")
        assert "does NOT match" not in drive.text
        for key in "axeczi":
            await drive.press(key)
            assert not drive.front.prompt.is_open
        assert not {"approve", "edit", "claim", "snooze", "diff"} & set(drive.lines[23].split())
        await drive.press("4")
        await drive.shows("worker-1")
        assert "drain" not in drive.lines[23]
        await drive.press("question_mark")
        await drive.shows("keys: workers")
        assert "drain" not in drive.text
    assert (await store.get_run("run-free")).status is RunStatus.PENDING
    assert [job.done for job in await store.list_bulks()] == [0], "a viewer carries out nothing"


async def test_an_approver_decides_under_their_own_name_and_does_nothing_else(
    store: PostgresStore, staff: People
) -> None:
    login = staff.hire("ann", "approver")
    async with driving(staff.store(login)) as drive:
        await drive.shows("run-free")
        assert "RO/approve" in drive.lines[0]
        assert "approve" in drive.lines[23]
        assert "cancel" not in drive.lines[23]
        await drive.press("C", "y", "P")
        await drive.press("3")
        await drive.shows("survive crashes.")
        await drive.press("c")
        await drive.shows("claimed  by you, until")
        await drive.press("i")
        await drive.type("fine")
        await drive.press("enter")
        await drive.shows(f"comment  {login} ")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-asks: done")
    [approval] = await store.approvals_of("run-asks")
    assert approval.status is ApprovalStatus.APPROVED
    assert approval.decision is not None
    assert (approval.decision.reviewer.name, approval.decision.reviewer.assurance) == (login, "db")
    assert (await store.get_run("run-free")).status is RunStatus.PENDING


async def test_an_operator_operates_and_does_not_decide(store: PostgresStore, staff: People) -> None:
    login = staff.hire("olga", "operator")
    async with driving(staff.store(login)) as drive:
        await drive.shows("run-free")
        assert "RO/operate" in drive.lines[0]
        assert "approve" not in drive.lines[23]
        await drive.press("P")
        await drive.shows("‖ PAUSE  run-free")
        await drive.press("3")
        await drive.shows("survive crashes.")
        await drive.press("a")
        assert not drive.front.prompt.is_open
    assert (await store.get_run("run-free")).status is RunStatus.PAUSED


async def test_who_owns_the_database_may_do_everything(store: PostgresStore) -> None:
    async with driving(store) as drive:
        await drive.shows("run-free")
        assert "  RW  " in drive.lines[0]
        assert "alice@ops1" in drive.lines[0]


async def test_a_read_only_console_stays_one_whatever_its_role_may(store: PostgresStore) -> None:
    async with driving(store, read_only=True) as drive:
        await drive.shows("run-free")
        assert "  RO  " in drive.lines[0]


async def test_nothing_is_asked_before_the_first_frame() -> None:
    def never(url: str) -> PostgresStore:
        raise AssertionError("the store was opened")

    door = Door("postgresql://", actor=OPERATOR, opener=never)
    assert (door.access, door.actor_name) == ("", "alice@ops1")
    assert Door("postgresql://", actor=OPERATOR, read_only=True, opener=never).access == "RO"
