"""The memory store's own clock: what happens exactly at a boundary, and a day later, without waiting for it."""

from __future__ import annotations

import pytest

from sagewai.core.stores.base import EXPIRED_REASON, Ticked
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalExpired, WorkerNotFound
from sagewai.models.status import Ask, RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import BOB, Scene, ask, spec


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scene(clock: Clock) -> Scene:
    return Scene(InMemoryStore(clock=clock))


async def test_times_come_from_the_stores_clock(scene: Scene, clock: Clock) -> None:
    await scene.submit()
    assert (await scene.store.get_run("r1")).created_at.timestamp() == clock.now
    assert (await scene.store.now()).timestamp() == clock.now


async def test_a_lease_ends_at_its_moment_not_before(scene: Scene, clock: Clock) -> None:
    session = await scene.session(lease_ttl=30.0)
    await scene.own(session=session)
    clock.now += 29.999
    assert await scene.store.tick() == Ticked()
    clock.now += 0.001
    assert not (await scene.store.heartbeat(session)).alive
    with pytest.raises(WorkerNotFound):
        await scene.store.ask_session(session, Ask.DRAIN, BOB, "")
    assert await scene.store.tick() == Ticked(lapsed_sessions=1, taken_over=1)


async def test_an_owner_may_record_after_its_lease_until_somebody_takes_over(
    scene: Scene, clock: Clock
) -> None:
    owner = await scene.own(session=await scene.session(lease_ttl=30.0))
    clock.now += 3_600.0
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING
    await scene.store.tick()
    assert await owner.make(Move.STEP_DONE) is None


async def test_a_timer_is_due_at_its_moment(scene: Scene, clock: Clock) -> None:
    await scene.submit(delay=60.0)
    clock.now += 59.999
    assert (await scene.store.tick()).woken == 0
    clock.now += 0.001
    assert (await scene.store.tick()).woken == 1


async def test_a_deadline_binds_from_its_moment(scene: Scene, clock: Clock) -> None:
    for run_id in ("in time", "late"):
        owner = await scene.own(run_id)
        await owner.park(ask(timeout=60.0))
    clock.now += 59.999
    await scene.decide("in time")
    clock.now += 0.001
    with pytest.raises(ApprovalExpired):
        await scene.decide("late")
    assert (await scene.store.tick()).expired == 1
    assert (await scene.store.get_outcome("late")).reason == EXPIRED_REASON


async def test_a_stuck_cancel_is_forced_at_twice_the_lease(scene: Scene, clock: Clock) -> None:
    session = await scene.session(lease_ttl=30.0)
    await scene.own(session=session)
    await scene.store.operate("r1", Operation.CANCEL, BOB)
    for _ in range(5):
        clock.now += 11.0
        await scene.store.heartbeat(session)
    assert (await scene.store.tick()).cancelled == 0
    clock.now += 5.0
    assert (await scene.store.tick()).cancelled == 1


async def test_an_assignment_ends_at_its_moment(scene: Scene, clock: Clock) -> None:
    chosen, other = await scene.session("chosen"), await scene.session("other")
    await scene.submit()
    await scene.store.assign("r1", chosen, 5.0, BOB)
    clock.now += 4.999
    assert await scene.claim(other) == []
    clock.now += 0.001
    assert await scene.claim(other) == ["r1"]


async def test_a_worker_that_lost_its_lease_is_stale_for_an_hour_and_listed_for_a_day(
    scene: Scene, clock: Clock
) -> None:
    await scene.session("lost", lease_ttl=30.0)
    stopped = await scene.session("stopped", lease_ttl=30.0)
    await scene.store.close_session(stopped)
    await scene.submit()

    async def seen() -> tuple[int, int]:
        (pool,) = await scene.store.list_pools()
        return pool.stale_workers, len(await scene.store.list_sessions())

    assert await seen() == (0, 2)
    clock.now += 30.0
    await scene.store.tick()
    assert await seen() == (1, 2)
    clock.now += 3_600.0
    assert await seen() == (0, 2)
    clock.now += 24 * 3_600.0
    assert await seen() == (0, 0)


async def test_a_retry_in_place_starts_after_its_delay(scene: Scene, clock: Clock) -> None:
    owner = await scene.own()
    await owner.make(Move.RETRY, delay=1.5)
    started = (await scene.store.get_run("r1")).step_started_at
    assert started is not None
    assert started.timestamp() == clock.now + 1.5


async def test_ten_thousand_runs_are_claimed_and_listed_without_looking_at_each(scene: Scene) -> None:
    """Not a benchmark: a scan of all runs per claim would take minutes here."""
    await scene.store.insert_runs([spec(f"r{number}") for number in range(10_000)])
    session = await scene.session()
    routes = await scene.routes()
    claimed = 0
    while runs := (await scene.store.claim(session, routes, 50)).runs:
        claimed += len(runs)
    assert claimed == 10_000
