"""Sessions: opened, kept alive by one row's beat, asked, closed, lapsed; and what is seen of workers and pools."""

from __future__ import annotations

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import LabelError, StoreRefused, WorkerNotFound
from sagewai.models.bulk import BulkSpec
from sagewai.models.history import EventKind
from sagewai.models.page import ApprovalQuery
from sagewai.models.run import LabelValue
from sagewai.models.status import Ask, Outcome, RunStatus, SessionStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, PROCESS, Scene, ask, definition


async def test_an_opened_session_is_listed_with_all_it_brings(scene: Scene, store: Store) -> None:
    labels: dict[str, LabelValue] = {"gpu": True, "n": 1}
    session = await scene.session(
        "w1",
        lease_ttl=90.0,
        pool="gpu",
        labels=labels,
        max_concurrent=7,
        definitions=(definition("b"), definition("a")),
    )
    (listed,) = await store.list_sessions()
    assert (listed.id, listed.name, listed.kind, listed.pool) == (session, "w1", "worker", "gpu")
    assert dict(listed.labels) == labels
    assert {key: type(value) for key, value in listed.labels.items()} == {"gpu": bool, "n": int}
    assert sorted(listed.workflows) == ["a", "b"]
    assert (listed.status, listed.asked, listed.live) == (SessionStatus.ACTIVE, None, True)
    assert (listed.process, listed.max_concurrent) == (PROCESS, 7)
    assert (listed.running, listed.assigned) == (0, 0)
    assert listed.beat_at == listed.started_at
    assert (listed.lease_until - listed.beat_at).total_seconds() == pytest.approx(90.0, abs=0.001)


async def test_ids_of_sessions_rise(scene: Scene) -> None:
    first = await scene.session()
    assert await scene.session() > first


async def test_a_session_that_cannot_be_stored_is_not_opened(scene: Scene, store: Store) -> None:
    with pytest.raises(StoreRefused):
        await scene.session("a\0b")
    with pytest.raises(StoreRefused):
        await scene.session(definitions=(definition("a\ud800"),))
    with pytest.raises(LabelError):
        await scene.session(labels={"x": None})
    assert await store.list_sessions() == []


async def test_a_heartbeat_renews_the_lease_and_tells_what_is_held(scene: Scene, store: Store) -> None:
    session = await scene.session(lease_ttl=60.0)
    (before,) = await store.list_sessions()
    owners = [await scene.own(run_id, session=session) for run_id in ("r1", "r2")]
    beat = await store.heartbeat(session)
    assert (beat.alive, beat.asked) == (True, None)
    assert [(held.key, held.run_id, held.token, held.asked) for held in beat.held] == [
        (owner.lease.key, owner.run_id, 1, None) for owner in owners
    ]
    (after,) = await store.list_sessions()
    assert after.beat_at > before.beat_at
    assert (after.lease_until - after.beat_at).total_seconds() == pytest.approx(60.0, abs=0.001)
    assert after.running == 2


async def test_what_was_let_go_is_not_held(scene: Scene, store: Store) -> None:
    session = await scene.session()
    for number, move in enumerate((Move.COMPLETED, Move.PARK, Move.RETRY_LATER, Move.RELEASED, Move.FAILED)):
        owner = await scene.own(f"r{number}", session=session)
        await owner.make(move)
    assert (await store.heartbeat(session)).held == ()
    (listed,) = await store.list_sessions()
    assert listed.running == 0


@pytest.mark.parametrize("status", ["active", "draining", "paused"])
async def test_a_heartbeat_says_how_the_session_stands(scene: Scene, store: Store, status: str) -> None:
    session = await scene.session()
    await store.heartbeat(session, status=status)  # type: ignore[arg-type]
    (listed,) = await store.list_sessions()
    assert listed.status == status


async def test_a_session_without_a_heartbeat_is_not_live_after_its_lease(scene: Scene, store: Store) -> None:
    session = await scene.session(lease_ttl=0.05)
    (opened,) = await store.list_sessions()
    await scene.past(opened.lease_until)
    (listed,) = await store.list_sessions()
    assert not listed.live
    assert await store.list_sessions(live_only=True) == []
    before = await picture(store)
    beat = await store.heartbeat(session)
    assert (beat.alive, beat.asked, beat.held) == (False, None, ())
    assert await picture(store) == before


async def test_heartbeats_keep_a_short_lease_alive(scene: Scene, store: Store) -> None:
    session = await scene.session(lease_ttl=0.8)
    await scene.own(session=session)
    (opened,) = await store.list_sessions()

    async def outlived_its_first_lease() -> bool:
        assert (await store.heartbeat(session)).alive
        await store.tick()
        return await store.now() > opened.lease_until

    await scene.until(outlived_its_first_lease)
    assert await scene.status() is RunStatus.RUNNING


@pytest.mark.parametrize("how", ["stopped", "given up", "swept", "unknown"])
async def test_a_session_that_is_over_is_not_revived(scene: Scene, store: Store, how: str) -> None:
    session = await scene.session()
    if how == "stopped":
        await store.close_session(session)
    elif how == "unknown":
        session += 1_000
    else:
        await store.lapse_sessions([session])
    if how == "swept":
        await store.tick()
    before = await picture(store)
    beat = await store.heartbeat(session)
    assert (beat.alive, beat.held) == (False, ())
    assert await picture(store) == before


# -- closing ----------------------------------------------------------------------------------------------------------


async def test_a_closed_session_releases_what_it_holds(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await scene.own("r1", session=session)
    await scene.own("r2", session=session)
    await store.close_session(session)
    for run_id in ("r1", "r2"):
        run = await store.get_run(run_id)
        assert (run.status, run.worker, run.takeovers, run.attempt) == (RunStatus.PENDING, None, 0, 1)
        (attempt,) = await store.get_attempts(run_id)
        assert (attempt.outcome, attempt.worker, attempt.token) == (Outcome.RELEASED, "w1", 1)
        (event,) = await scene.events(run_id, EventKind.RELEASED)
        assert dict(event.detail) == {"token": 1, "worker": "w1"}
    (listed,) = await store.list_sessions()
    assert (listed.status, listed.live, listed.running) == (SessionStatus.STOPPED, False, 0)
    assert await store.list_sessions(live_only=True) == []
    assert await scene.claim(await scene.session("w2")) == ["r1", "r2"]


async def test_closing_counts_as_a_release(scene: Scene, store: Store) -> None:
    await scene.submit()
    await scene.lose_times("r1", 2)
    session = await scene.session()
    await scene.take(session=session)
    await store.close_session(session)
    assert (await store.get_run("r1")).takeovers == 0


async def test_closing_honours_what_was_asked(scene: Scene, store: Store) -> None:
    session = await scene.session()
    for run_id, operation in (("stop", Operation.CANCEL), ("hold", Operation.PAUSE)):
        await scene.own(run_id, session=session)
        await store.operate(run_id, operation, BOB, "asked")
    await store.close_session(session)
    assert await scene.status("stop") is RunStatus.CANCELLED
    assert (await store.get_outcome("stop")).by == "bob"
    assert await scene.status("hold") is RunStatus.PAUSED


async def test_closing_twice_or_nobody_is_nothing(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await store.close_session(session)
    before = await picture(store)
    await store.close_session(session)
    await store.close_session(session + 1_000)
    assert await picture(store) == before


async def test_a_lapsed_session_stays_lapsed_when_it_is_closed(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await store.lapse_sessions([session])
    await store.tick()
    await store.close_session(session)
    (listed,) = await store.list_sessions()
    assert listed.status is SessionStatus.LAPSED


async def test_ending_a_lease_tells_how_many_were_held(scene: Scene, store: Store) -> None:
    sessions = [await scene.session(name) for name in ("a", "b", "c")]
    await store.close_session(sessions[2])
    assert await store.lapse_sessions([*sessions, 999_999]) == 2
    assert await store.lapse_sessions(sessions) == 0
    assert await store.lapse_sessions([]) == 0
    assert not any(session.live for session in await store.list_sessions())


async def test_live_sessions_are_listed_first_then_the_newest(scene: Scene, store: Store) -> None:
    a, b, c, d = [await scene.session(name) for name in "abcd"]
    await store.close_session(d)
    await store.lapse_sessions([b])
    assert [session.id for session in await store.list_sessions()] == [c, a, d, b]
    assert [session.id for session in await store.list_sessions(live_only=True)] == [c, a]
    assert [session.id for session in await store.list_sessions(limit=3)] == [c, a, d]


# -- asked ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "before", "after"),
    [(Ask.DRAIN, "active", "draining"), (Ask.PAUSE, "active", "paused"), (Ask.RESUME, "paused", "active")],
)
async def test_an_ask_is_told_until_the_session_fulfils_it(
    scene: Scene, store: Store, wanted: Ask, before: str, after: str
) -> None:
    session = await scene.session()
    await store.heartbeat(session, status=before)  # type: ignore[arg-type]
    shown = await store.ask_session(session, wanted, BOB, "deploy")
    assert (shown.id, shown.asked) == (session, wanted)
    for _ in range(2):
        assert (await store.heartbeat(session, status=before)).asked is wanted  # type: ignore[arg-type]
    assert (await store.heartbeat(session, status=after)).asked is None  # type: ignore[arg-type]
    (listed,) = await store.list_sessions()
    assert (listed.asked, listed.status) == (None, after)


async def test_a_later_ask_replaces_an_earlier_one(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await store.ask_session(session, Ask.PAUSE, ALICE, "")
    await store.ask_session(session, Ask.DRAIN, BOB, "")
    assert (await store.heartbeat(session)).asked is Ask.DRAIN


async def test_an_ask_is_an_event_of_the_store_as_a_whole(scene: Scene, store: Store) -> None:
    session = await scene.session("w1")
    await store.ask_session(session, Ask.DRAIN, BOB, "deploy")
    (event,) = await store.get_events()
    assert (event.kind, event.run_id) == (EventKind.WORKER_ASKED, None)
    assert dict(event.detail) == {"worker": "w1", "ask": "drain"}
    assert (event.actor, event.source, event.assurance, event.reason) == ("bob", "console", "ssh", "deploy")


async def test_a_session_that_does_not_live_cannot_be_asked(scene: Scene, store: Store) -> None:
    stopped, lapsed = await scene.session(), await scene.session()
    await store.close_session(stopped)
    await store.lapse_sessions([lapsed])
    for session in (stopped, lapsed, 999_999):
        with pytest.raises(WorkerNotFound, match=str(session)):
            await store.ask_session(session, Ask.DRAIN, BOB, "")
    assert await store.get_events() == []


# -- pools ------------------------------------------------------------------------------------------------------------


async def test_a_pool_is_seen_with_its_runs_and_workers(scene: Scene, store: Store) -> None:
    await scene.session("w1", pool="gpu", max_concurrent=4)
    draining = await scene.session("w2", pool="gpu", max_concurrent=3)
    await scene.session("script", pool="gpu", kind="script")
    await scene.submit("first", pool="gpu")
    await scene.submit("second", pool="gpu")
    await scene.submit("later", pool="gpu", delay=LONG)
    await scene.own("runs", pool="gpu", session=draining)
    owner = await scene.own("asks", pool="gpu", session=draining)
    await owner.park(ask())
    await store.heartbeat(draining, status="draining")

    (gpu,) = await store.list_pools()
    assert (gpu.pool, gpu.pending, gpu.running, gpu.waiting) == ("gpu", 2, 1, 2)
    assert (gpu.live_workers, gpu.stale_workers, gpu.capacity) == (2, 0, 4)
    assert gpu.oldest_pending_at == (await store.get_run("first")).changed_at


async def test_pools_are_listed_by_name_while_anything_goes_on_in_them(scene: Scene, store: Store) -> None:
    await scene.submit("r1", pool="nobody serves it")
    await scene.session("idle", pool="a")
    await scene.session("script", pool="only a script", kind="script")
    gone = await scene.session("gone", pool="only the dead")
    owner = await scene.own("done", pool="all done", session=gone)
    await owner.finish()
    await store.lapse_sessions([gone])
    pools = await store.list_pools()
    assert [pool.pool for pool in pools] == ["a", "nobody serves it"]
    assert [(pool.live_workers, pool.capacity) for pool in pools] == [(1, 1), (0, 0)]
    assert pools[0].oldest_pending_at is None


@pytest.mark.parametrize("swept", [False, True])
async def test_a_worker_that_lost_its_lease_is_stale_one_that_stopped_is_not(
    scene: Scene, store: Store, swept: bool
) -> None:
    stopped, lost, _ = [await scene.session(name) for name in ("stopped", "lost", "lives")]
    await store.close_session(stopped)
    await store.lapse_sessions([lost])
    if swept:
        await store.tick()
    (pool,) = await store.list_pools()
    assert (pool.live_workers, pool.stale_workers, pool.capacity) == (1, 1, 1)


async def test_the_oldest_pending_run_is_the_one_that_is_ready_for_longest(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own("submitted first, ready last")
    await scene.submit("ready first")
    await owner.make(Move.RELEASED)
    (pool,) = await store.list_pools()
    assert pool.oldest_pending_at == (await store.get_run("ready first")).changed_at


async def test_what_a_session_holds_is_listed_newest_first(scene: Scene, store: Store) -> None:
    session, other = await scene.session("w1"), await scene.session("w2")
    for run_id in ("r1", "r2", "r3"):
        await scene.own(run_id, session=session)
    owner = await scene.own("r4", session=session)
    await scene.own("r5", session=other)
    await owner.finish()
    held = await store.held_by(session)
    assert [run.run_id for run in held] == ["r3", "r2", "r1"]
    assert held[0] == await store.get_run("r3")
    assert [run.run_id for run in await store.held_by(session, 2)] == ["r3", "r2"]
    assert await store.held_by(999_999) == []


async def test_a_glance_has_the_clock_and_says_whether_bulk_jobs_run(scene: Scene, store: Store) -> None:
    glance = await store.glance()
    assert (glance.pools, glance.counts.dead_letters) == ((), 0)
    assert (glance.newest_bulk, glance.running_bulks) == (0, 0)
    await scene.submit("r1")
    jobs = [await store.create_bulk(BulkSpec("cancel", (run_id,), ALICE)) for run_id in ("r1", "r2")]
    glance = await store.glance()
    assert (glance.newest_bulk, glance.running_bulks) == (jobs[1].id, 2)
    assert glance.now >= jobs[1].created_at
    assert (glance.counts, list(glance.pools)) == (await store.counts(), await store.list_pools())
    assert (glance.newest_approvals, glance.newest_dead_letters) == ((), ())
    await store.advance_bulk(job=jobs[1].id)
    glance = await store.glance()
    assert (glance.newest_bulk, glance.running_bulks) == (jobs[1].id, 1)


async def test_a_glance_names_the_newest_that_wait_for_a_person(scene: Scene, store: Store) -> None:
    for run_id in ("r1", "r2", "r3"):
        await scene.run_in(RunStatus.WAITING, run_id)
    first, second, third = [approval.id for approval in await store.list_approvals(ApprovalQuery())]
    await scene.run_in(RunStatus.FAILED, "r4")
    glance = await store.glance()
    assert glance.newest_approvals == (third, second, first)
    [died] = glance.newest_dead_letters
    await scene.decide("r2")
    await scene.run_in(RunStatus.WAITING, "r5")
    await scene.run_in(RunStatus.FAILED, "r6")
    await store.operate("r4", Operation.RETRY, ALICE)
    glance = await store.glance()
    fifth, *others = glance.newest_approvals
    assert fifth > third
    assert others == [third, first]
    assert len(glance.newest_dead_letters) == 1
    assert glance.newest_dead_letters[0] > died
