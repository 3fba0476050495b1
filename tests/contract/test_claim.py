"""Claiming: each ready run goes to exactly one session, in order, under a token that rises."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import RunNotFound
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Scene, definition, spec


async def test_a_claimed_run_comes_with_all_that_is_needed_to_go_on(scene: Scene, store: Store) -> None:
    owner = await scene.own(pool="gpu", labels={"a": "1"}, tags={"t": "v"})
    await owner.make(Move.STEP_DONE, result='{"z":1,"a":2}')
    await owner.make(Move.RELEASED)

    session = await scene.session("w2")
    claimed = await store.claim(session, await scene.routes(pool="gpu", labels={"a": "1"}), 1)
    (lease,) = claimed.runs
    assert (lease.run_id, lease.workflow, lease.input) == ("r1", "orders", '{"order":1}')
    assert (lease.token, lease.seq, lease.attempt, lease.takeovers) == (2, 1, 1, 0)
    assert list(lease.results.items()) == [("fetch", '{"z":1,"a":2}')]
    assert (lease.pool, dict(lease.labels), dict(lease.tags)) == ("gpu", {"a": "1"}, {"t": "v"})
    assert lease.rev > owner.lease.rev
    assert lease.key == owner.lease.key
    run = await store.get_run("r1")
    assert (run.status, run.worker, run.session, run.token) == (RunStatus.RUNNING, "w2", session, 2)
    assert run.step_started_at == run.changed_at


async def test_a_claim_is_an_event_that_names_token_and_worker(scene: Scene) -> None:
    await scene.own()
    (event,) = await scene.events("r1", EventKind.CLAIMED)
    assert dict(event.detail) == {"token": 1, "worker": "w1"}
    assert event.source == "worker"


async def test_higher_priority_is_claimed_first_then_what_was_submitted_first(scene: Scene) -> None:
    for run_id, priority in (("low", -1), ("first", 0), ("second", 0), ("high", 5)):
        await scene.submit(run_id, priority=priority)
    session = await scene.session()
    assert await scene.claim(session, 1) == ["high"]
    assert await scene.claim(session, 2) == ["first", "second"]
    assert await scene.claim(session) == ["low"]


async def test_the_order_holds_across_routes(scene: Scene) -> None:
    for number, label in enumerate("abcabc"):
        await scene.submit(f"r{number}", labels={"site": label}, priority=number % 2)
    session = await scene.session()
    routes = [route for label in "abc" for route in await scene.routes(labels={"site": label})]
    claimed = await scene.store.claim(session, routes, 10)
    assert [run.run_id for run in claimed.runs] == ["r1", "r3", "r5", "r0", "r2", "r4"]


async def test_a_changed_priority_counts_at_the_next_claim(scene: Scene, store: Store) -> None:
    await scene.submit("r1")
    await scene.submit("r2")
    await store.operate("r2", Operation.SET_PRIORITY, ALICE, priority=9)
    assert await scene.claim(await scene.session()) == ["r2", "r1"]


async def test_a_run_that_is_ready_again_keeps_its_place(scene: Scene) -> None:
    owner = await scene.own("old")
    await scene.submit("young")
    await owner.make(Move.RELEASED)
    assert await scene.claim(await scene.session(), 1) == ["old"]


async def test_a_claim_takes_no_more_than_its_limit(scene: Scene) -> None:
    for number in range(5):
        await scene.submit(f"r{number}")
    session = await scene.session()
    assert await scene.claim(session, 0) == []
    assert await scene.claim(session, 3) == ["r0", "r1", "r2"]
    assert await scene.claim(session, 3) == ["r3", "r4"]
    assert await scene.claim(session, 3) == []


@pytest.mark.parametrize("status", [status for status in RunStatus if status is not RunStatus.PENDING])
async def test_only_pending_runs_are_claimed(scene: Scene, store: Store, status: RunStatus) -> None:
    await scene.run_in(status)
    session = await scene.session("other")
    before = await picture(store)
    assert await scene.claim(session) == []
    assert await store.claim_run(session, "r1") is None
    assert await picture(store) == before


async def test_twenty_claimers_of_one_run_get_it_once(scene: Scene, store: Store) -> None:
    sessions = [await scene.session(f"w{number}") for number in range(20)]
    await scene.submit()
    routes = await scene.routes()
    claims = await asyncio.gather(*(store.claim(session, routes, 5) for session in sessions))
    assert sum(len(claimed.runs) for claimed in claims) == 1
    assert (await store.get_run("r1")).token == 1
    assert len(await scene.events("r1", EventKind.CLAIMED)) == 1


async def test_twenty_attached_callers_of_one_run_get_it_once(scene: Scene, store: Store) -> None:
    sessions = [await scene.session(f"w{number}") for number in range(20)]
    await scene.submit()
    leases = await asyncio.gather(*(store.claim_run(session, "r1") for session in sessions))
    assert sum(lease is not None for lease in leases) == 1


async def test_claimers_side_by_side_share_the_runs_without_overlap(scene: Scene, store: Store) -> None:
    sessions = [await scene.session(f"w{number}") for number in range(10)]
    await store.insert_runs([spec(f"r{number:03}") for number in range(100)])
    routes = await scene.routes()
    taken: Counter[str] = Counter()

    async def drain(session: int) -> None:
        while (claimed := await store.claim(session, routes, 7)).runs:
            taken.update(run.run_id for run in claimed.runs)

    await asyncio.gather(*(drain(session) for session in sessions))
    # A claimer may find everything locked by others and stop early; what was taken was taken once.
    assert set(taken.values()) == {1}
    assert len(taken) == 100


async def test_a_session_that_is_not_active_and_live_gets_nothing(scene: Scene, store: Store) -> None:
    draining, paused, stopped, lapsed = [await scene.session(name) for name in "abcd"]
    await store.heartbeat(draining, status="draining")
    await store.heartbeat(paused, status="paused")
    await store.close_session(stopped)
    await store.lapse_sessions([lapsed])
    await scene.submit()
    for session in (draining, paused, stopped, lapsed, 999_999):
        assert await scene.claim(session) == []
        assert await store.claim_run(session, "r1") is None
    await store.heartbeat(paused, status="active")
    assert await scene.claim(paused) == ["r1"]


async def test_one_run_can_be_taken_whatever_its_route(scene: Scene, store: Store) -> None:
    await scene.submit(pool="elsewhere", labels={"gpu": True})
    owner = await scene.take("r1", session=await scene.session(kind="script", definitions=()))
    assert (owner.lease.run_id, owner.lease.token) == ("r1", 1)


async def test_taking_a_run_that_does_not_exist_says_so(scene: Scene, store: Store) -> None:
    with pytest.raises(RunNotFound, match="nowhere") as caught:
        await store.claim_run(await scene.session(), "nowhere")
    assert caught.value.run_id == "nowhere"


async def test_a_run_without_a_definition_takes_that_of_its_claimer(scene: Scene, store: Store) -> None:
    for run_id in ("claimed", "taken"):
        await scene.submit(run_id, shape=None)
    shape = definition(version="2", steps=("one", "two"))
    session = await scene.session(definitions=(definition("refunds"), shape))
    assert await scene.claim(session, 1) == ["claimed"]
    await store.claim_run(session, "taken")
    for run_id in ("claimed", "taken"):
        run = await store.get_run(run_id)
        assert (run.step, run.steps_total, run.version) == ("one", 2, "2")
        assert await store.get_steps(run_id) == shape.steps


async def test_a_run_keeps_the_definition_it_has(scene: Scene, store: Store) -> None:
    await scene.submit(shape=definition(version="1", steps=("one", "two")))
    session = await scene.session(definitions=(definition(version="2"),))
    assert await scene.claim(session, versions=["1"]) == ["r1"]
    run = await store.get_run("r1")
    assert (run.step, run.steps_total, run.version) == ("one", 2, "1")


# -- suspects -----------------------------------------------------------------------------------------------------


async def test_one_claim_gives_at_most_one_suspect(scene: Scene) -> None:
    for run_id in ("bad1", "bad2", "good"):
        await scene.submit(run_id)
    for run_id in ("bad1", "bad2"):
        await scene.lose_times(run_id, 2)
    session = await scene.session()
    assert await scene.claim(session) == ["bad1", "good"]
    assert await scene.claim(session) == []
    assert await scene.claim(await scene.session("w2")) == ["bad2"]


async def test_a_run_lost_once_is_no_suspect(scene: Scene) -> None:
    for run_id in ("r1", "r2"):
        await scene.submit(run_id)
        await scene.lose_times(run_id, 1)
    assert await scene.claim(await scene.session()) == ["r1", "r2"]


async def test_a_suspect_that_gets_on_makes_room_for_the_next(scene: Scene) -> None:
    for run_id in ("bad1", "bad2"):
        await scene.submit(run_id)
        await scene.lose_times(run_id, 2)
    session = await scene.session()
    owner = await scene.take("bad1", session=session)
    assert await scene.claim(session) == []
    await owner.make(Move.STEP_DONE)
    assert await scene.claim(session) == ["bad2"]


async def test_a_single_run_is_taken_although_it_is_a_suspect(scene: Scene, store: Store) -> None:
    session = await scene.session()
    for run_id in ("bad1", "bad2"):
        await scene.submit(run_id)
        await scene.lose_times(run_id, 2)
        lease = await store.claim_run(session, run_id)
        assert lease is not None
        assert lease.takeovers == 2


# -- assignments --------------------------------------------------------------------------------------------------


async def test_an_assigned_run_is_seen_by_its_session_alone(scene: Scene, store: Store) -> None:
    chosen, other = await scene.session("chosen"), await scene.session("other")
    await scene.submit()
    assert await store.assign("r1", chosen, LONG, BOB)
    assert await scene.claim(other) == []
    assert await scene.claim(chosen) == ["r1"]


@pytest.mark.parametrize("site", ["same route", "other route"])
async def test_what_is_passed_over_holds_up_nothing_behind_it(scene: Scene, store: Store, site: str) -> None:
    """Runs assigned elsewhere, and suspects beside a suspect, come first in order but are not for this session."""
    elsewhere, session = await scene.session("elsewhere"), await scene.session("w1")
    first = {"labels": {"site": site}, "priority": 9}
    for run_id in ("held suspect", "other suspect"):
        await scene.submit(run_id, **first)
        await scene.lose_times(run_id, 2)
    await scene.take("held suspect", session=session)
    for number in range(3):
        await scene.submit(f"assigned{number}", **first)
        await store.assign(f"assigned{number}", elsewhere, LONG, BOB)
    behind = {"site": "same route" if site == "same route" else "behind"}
    await scene.submit("r1", labels=behind)
    await scene.submit("r2", labels=behind)
    routes = {*await scene.routes(labels={"site": site}), *await scene.routes(labels=behind)}
    for expected in ("r1", "r2"):
        claimed = await store.claim(session, sorted(routes), 1)
        assert [run.run_id for run in claimed.runs] == [expected]


async def test_an_assignment_is_an_event_and_counts_as_load_until_it_is_claimed(
    scene: Scene, store: Store
) -> None:
    session = await scene.session("chosen")
    await scene.submit()
    await store.assign("r1", session, LONG, BOB)
    (event,) = await scene.events("r1", EventKind.ASSIGNED)
    assert dict(event.detail) == {"worker": "chosen", "seconds": LONG}
    assert (event.actor, event.source) == (BOB.name, BOB.source)
    (listed,) = await store.list_sessions()
    assert (listed.assigned, listed.running) == (1, 0)
    await scene.claim(session)
    (listed,) = await store.list_sessions()
    assert (listed.assigned, listed.running) == (0, 1)


async def test_an_assignment_ends_by_itself(scene: Scene, store: Store) -> None:
    chosen, other = await scene.session("chosen"), await scene.session("other")
    await scene.submit()
    await store.assign("r1", chosen, 0.05, BOB)

    async def is_claimed() -> bool:
        return await scene.claim(other) == ["r1"]

    await scene.until(is_claimed)
    assert [session.assigned for session in await store.list_sessions()] == [0, 0]


async def test_a_claim_ends_the_assignment_for_good(scene: Scene, store: Store) -> None:
    chosen, other = await scene.session("chosen"), await scene.session("other")
    await scene.submit()
    await store.assign("r1", chosen, LONG, BOB)
    owner = await scene.take("r1", session=chosen)
    await owner.make(Move.RELEASED)
    assert await scene.claim(other) == ["r1"]


async def test_an_assigned_run_can_still_be_taken_by_name(scene: Scene, store: Store) -> None:
    chosen, other = await scene.session("chosen"), await scene.session("other")
    await scene.submit()
    await store.assign("r1", chosen, LONG, BOB)
    assert await store.claim_run(other, "r1") is not None


async def test_a_later_assignment_replaces_the_earlier(scene: Scene, store: Store) -> None:
    first, second = await scene.session("first"), await scene.session("second")
    await scene.submit()
    await store.assign("r1", first, LONG, BOB)
    await store.assign("r1", second, LONG, BOB)
    assert {session.name: session.assigned for session in await store.list_sessions()} == {
        "first": 0,
        "second": 1,
    }
    assert await scene.claim(first) == []
    assert await scene.claim(second) == ["r1"]


async def test_nothing_is_assigned_that_waits_or_to_nobody_alive(scene: Scene, store: Store) -> None:
    session, gone = await scene.session(), await scene.session("gone")
    await store.close_session(gone)
    await scene.run_in(RunStatus.WAITING, "waits")
    await scene.submit("ready")
    before = await picture(store)
    assert not await store.assign("waits", session, LONG, BOB)
    assert not await store.assign("ready", gone, LONG, BOB)
    assert await picture(store) == before
    with pytest.raises(RunNotFound):
        await store.assign("nowhere", session, LONG, BOB)
