"""A park and a signal that meet at the run's lock: what the one that waited couldn't see when it began isn't lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import asyncpg

from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.status import RunStatus, WaitReason, WaitStatus
from tests.contract.scene import BOB, Scene, ask, listen

SEND = "select sagewai.send_signal('r1', $1, $2, 'bob', 'console', 'ssh')"


@asynccontextmanager
async def locked(admin: asyncpg.Connection) -> AsyncIterator[None]:
    """Somebody holds the run, and lets go at the end."""
    async with admin.transaction():
        await admin.execute("select from sagewai.runs where run_id = 'r1' for no key update")
        yield


async def queue(admin: asyncpg.Connection, call: Awaitable[object], place: int = 1) -> asyncio.Task[object]:
    """The call, begun, and waiting for a lock as the ``place``-th."""
    task = asyncio.ensure_future(call)
    async with asyncio.timeout(10):
        while await admin.fetchval(BLOCKED) < place:
            await asyncio.sleep(0.005)
            await admin.execute("select pg_stat_clear_snapshot()")
    return task


BLOCKED = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


async def test_a_signal_that_commits_while_the_park_waits_for_the_lock_wakes_the_run(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    owner = await scene.own()
    async with admin.transaction():
        await admin.execute(SEND, "paid", "7")
        park = await queue(admin, owner.park(listen("paid")))
    assert await park is RunStatus.PENDING
    (wait,) = await store.waits_of("r1")
    assert wait.status is WaitStatus.PENDING  # the park began before the signal was there to be seen

    again = await scene.take()
    assert await again.park(listen("paid")) is RunStatus.PENDING
    (wait,) = await store.waits_of("r1")
    assert (wait.status, wait.payload, wait.sender) == (WaitStatus.FIRED, "7", BOB)
    assert [sent.taken for sent in await store.signals_of("r1")] == [True]


async def test_a_signal_that_no_park_has_seen_goes_before_a_later_one(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    owner = await scene.own()
    async with admin.transaction():
        await admin.execute(SEND, "paid", "1")
        park = await queue(admin, owner.park(listen("paid")))
    await park
    assert (await store.signal("r1", "paid", "2", BOB)).taken is False
    (wait,) = await store.waits_of("r1")
    assert wait.payload == "1"
    assert [sent.taken for sent in await store.signals_of("r1")] == [True, False]


async def test_a_signal_that_waits_for_a_parking_run_finds_what_it_parked_for(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    owner = await scene.own()
    async with locked(admin):
        park = await queue(admin, owner.park(listen("paid")))
        sent = await queue(admin, store.signal("r1", "paid", "7", BOB), place=2)
    assert await park is RunStatus.WAITING
    assert getattr(await sent, "taken", None) is True
    assert await scene.status() is RunStatus.PENDING
    (wait,) = await store.waits_of("r1")
    assert (wait.status, wait.payload) == (WaitStatus.FIRED, "7")


async def test_a_park_that_was_overtaken_by_a_signal_gives_nothing_away_twice(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    """The park sees a signal that nobody took; an older wait has taken it while the park waited for the lock."""
    owner = await scene.own()
    async with admin.transaction():
        await admin.execute(SEND, "paid", "1")
        first = await queue(admin, owner.park(listen("paid")))
    await first
    again = await scene.take()
    async with admin.transaction():
        await admin.execute(SEND, "paid", "2")  # the wait takes the first
        park = await queue(admin, again.park(listen("paid", "#2")))
    assert await park is RunStatus.PENDING
    answers = {wait.key: wait.payload for wait in await store.waits_of("r1")}
    assert answers == {"#1": "1", "#2": None}
    last = await scene.take()
    await last.park(listen("paid", "#2"))
    answers = {wait.key: wait.payload for wait in await store.waits_of("r1")}
    assert answers == {"#1": "1", "#2": "2"}


async def test_a_signal_for_another_name_lets_a_park_look_again(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    """Whatever came, the step is asked once more: only then is it sure that nothing was missed."""
    owner = await scene.own()
    async with admin.transaction():
        await admin.execute(SEND, "other", "1")
        park = await queue(admin, owner.park(listen("paid"), ask("lead")))
    assert await park is RunStatus.PENDING
    again = await scene.take()
    assert await again.park(listen("paid"), ask("lead")) is RunStatus.WAITING
    assert (await store.get_run("r1")).wait is WaitReason.APPROVAL
