"""Pools: a paused one gives nothing to any claim until it is resumed, a drained one asks its workers; listed."""

from __future__ import annotations

from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidOptionError, StoreRefused
from sagewai.models.history import EventKind
from sagewai.models.status import Ask, RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Scene


async def paused(store: Store) -> set[str]:
    return {pool.pool for pool in await store.list_pools() if pool.paused}


async def test_nothing_of_a_paused_pool_is_claimed_until_it_is_resumed(scene: Scene, store: Store) -> None:
    await scene.submit("before", pool="gpu")
    await scene.submit("other")
    early = await scene.session("early", pool="gpu")
    assert await store.ask_pool("gpu", Ask.PAUSE, BOB, "driver") == 1
    assert await store.ask_pool("gpu", Ask.PAUSE, BOB, "again") == 1
    late = await scene.session("late", pool="gpu")
    await scene.submit("after", pool="gpu", workflow="bills")  # a route that nobody had resolved
    both: dict[str, Any] = {"pool": "gpu", "workflows": ("orders", "bills")}
    for session in (early, late):
        assert await scene.claim(session, **both) == []
    everything = [*await scene.routes(**both), *await scene.routes()]
    assert [run.run_id for run in (await store.claim(late, everything, 10)).runs] == ["other"]
    assert await store.ask_pool("gpu", Ask.RESUME, BOB) == 2
    assert await scene.claim(late, **both) == ["before", "after"]


async def test_what_runs_in_a_paused_pool_goes_on_and_is_taken_by_name(scene: Scene, store: Store) -> None:
    owner = await scene.own("r1", pool="gpu")
    await store.ask_pool("gpu", Ask.PAUSE, BOB)
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING
    await scene.lose("r1")
    assert await scene.claim(await scene.session(), pool="gpu") == []
    assert (await scene.take("r1")).lease.seq == 1


async def test_suspects_of_a_paused_pool_stay_too(scene: Scene, store: Store) -> None:
    await scene.submit(pool="gpu")
    await scene.lose_times("r1", 2)
    await store.ask_pool("gpu", Ask.PAUSE, BOB)
    session = await scene.session()
    assert await scene.claim(session, pool="gpu") == []
    await store.ask_pool("gpu", Ask.RESUME, BOB)
    assert await scene.claim(session, pool="gpu") == ["r1"]


async def test_a_paused_pool_is_listed_however_empty_it_is(scene: Scene, store: Store) -> None:
    await scene.submit(pool="full")
    for pool in ("empty", "full", "it's \u2603"):
        assert await store.ask_pool(pool, Ask.PAUSE, BOB) == 0
    listed = {pool.pool: pool for pool in await store.list_pools()}
    assert list(listed) == ["empty", "full", "it's \u2603"]
    assert all(pool.paused for pool in listed.values())
    assert (listed["empty"].pending, listed["full"].pending) == (0, 1)
    assert listed["empty"].oldest_pending_at is None
    await store.ask_pool("empty", Ask.RESUME, BOB)
    await store.ask_pool("nowhere", Ask.RESUME, BOB)
    assert await paused(store) == {"full", "it's \u2603"}
    assert [pool.pool for pool in await store.list_pools()] == ["full", "it's \u2603"]


async def test_a_drain_asks_the_live_workers_of_the_pool_alone(scene: Scene, store: Store) -> None:
    one, two = await scene.session("one", pool="gpu"), await scene.session("two", pool="gpu")
    await scene.session("script", pool="gpu", kind="script")
    await scene.session("elsewhere")
    gone = await scene.session("gone", pool="gpu")
    await store.close_session(gone)
    assert await store.ask_pool("gpu", Ask.DRAIN, BOB, "deploy") == 2
    assert {session.id for session in await store.list_sessions() if session.asked is Ask.DRAIN} == {one, two}
    assert (await store.heartbeat(one)).asked is Ask.DRAIN
    assert await paused(store) == set()
    later = await scene.session("later", pool="gpu")
    await scene.submit(pool="gpu")
    assert await scene.claim(later, pool="gpu") == ["r1"]


@pytest.mark.parametrize("ask", [Ask.PAUSE, Ask.RESUME, Ask.DRAIN])
async def test_who_asked_a_pool_and_why_is_an_event_of_no_run(store: Store, ask: Ask) -> None:
    await store.ask_pool("gpu", ask, BOB, "because")
    (event,) = await store.get_events()
    assert (event.kind, event.run_id, event.actor, event.reason) == (
        EventKind.POOL_ASKED,
        None,
        "bob",
        "because",
    )
    assert dict(event.detail) == {"pool": "gpu", "ask": ask.value}
    (entry,) = await store.list_audit()
    assert (entry.kind, entry.actor, entry.reason) == ("pool_asked", "bob", "because")


async def test_a_pool_is_asked_nothing_else_and_only_by_a_name(scene: Scene, store: Store) -> None:
    await scene.submit()
    before = await picture(store)
    for pool, ask in (("gpu", Ask.CANCEL), ("", Ask.PAUSE)):
        with pytest.raises(InvalidOptionError, match="can't be asked to"):
            await store.ask_pool(pool, ask, BOB)
    for pool, reason in (("a\0b", ""), ("a\ud800b", ""), ("gpu", "a\0b")):
        with pytest.raises(StoreRefused):
            await store.ask_pool(pool, Ask.PAUSE, BOB, reason)
    assert await picture(store) == before


async def test_a_step_and_a_resume_wait_for_their_pool(scene: Scene, store: Store) -> None:
    await scene.submit("stepped", pool="gpu")
    await scene.submit("resumed", pool="gpu")
    await store.ask_pool("gpu", Ask.PAUSE, BOB)
    session = await scene.session()
    for run_id, verb in (("stepped", Operation.STEP), ("resumed", Operation.RESUME)):
        await store.operate(run_id, Operation.PAUSE, ALICE)
        await store.assign(run_id, session, LONG, ALICE)
        await store.operate(run_id, verb, ALICE)
    assert await scene.claim(session, pool="gpu") == []
