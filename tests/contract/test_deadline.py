"""Run deadlines: a run that isn't over in time fails, once, by the store's clock, wherever it stands."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import DEADLINE_PASSED, Store
from sagewai.core.transitions import Operation
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.status import TERMINAL, ApprovalStatus, Outcome, RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, LONG, Scene, ask, timer

SOON = 0.02


async def passed(scene: Scene, run_id: str = "r1") -> None:
    await scene.past((await scene.store.get_run(run_id)).deadline_at)


async def test_a_deadline_counts_from_the_submission(scene: Scene, store: Store) -> None:
    await scene.submit(deadline=90.0)
    run = await store.get_run("r1")
    assert run.deadline_at is not None
    assert (run.deadline_at - run.created_at).total_seconds() == pytest.approx(90.0, abs=0.001)
    await scene.submit("r2")
    assert (await store.get_run("r2")).deadline_at is None


async def test_a_delay_and_a_deadline_are_two_things(scene: Scene, store: Store) -> None:
    await scene.submit(delay=LONG, deadline=SOON)
    await passed(scene)
    assert (await store.tick()).timed_out == 1
    assert await scene.status() is RunStatus.FAILED


async def test_before_its_deadline_a_run_is_left_alone(scene: Scene, store: Store) -> None:
    for status in sorted(RunStatus):
        await scene.run_in(status, str(status), deadline=LONG)
    before = await picture(store)
    assert (await store.tick()).timed_out == 0
    assert await picture(store) == before


@pytest.mark.parametrize("status", sorted(set(RunStatus) - TERMINAL))
async def test_a_run_that_is_not_over_at_its_deadline_fails(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    before = await scene.run_in(status, deadline=SOON)
    await passed(scene)
    ticked = await store.tick()
    assert (ticked.timed_out, ticked.woken, ticked.taken_over) == (1, 0, 0)
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at) == (RunStatus.FAILED, None, None)
    assert (run.worker, run.session, run.step) == (None, None, before.step)
    outcome = await store.get_outcome("r1")
    assert outcome.error == DEADLINE_PASSED
    (event,) = await scene.events("r1", EventKind.DEADLINE_PASSED)
    assert (event.actor, event.source) == (SYSTEM.name, SYSTEM.source)
    (failed,) = await scene.events("r1", EventKind.FAILED)
    assert dict(failed.detail) == {"error": DEADLINE_PASSED.type}


async def test_the_dead_letter_says_why(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.WAITING, deadline=SOON)
    await passed(scene)
    await store.tick()
    letter = await store.get_dead_letter("r1")
    assert (letter.step, letter.error) == ("fetch", DEADLINE_PASSED)
    (group,) = await store.group_dead_letters()
    assert group.error_type == DEADLINE_PASSED.type


async def test_what_it_asked_of_people_is_closed(scene: Scene, store: Store) -> None:
    owner = await scene.own(deadline=SOON)
    await owner.park(ask("lead"), ask("legal"))
    await passed(scene)
    await store.tick()
    assert [each.status for each in await store.approvals_of("r1")] == [ApprovalStatus.CANCELLED] * 2
    assert len(await scene.events("r1", EventKind.APPROVAL_CANCELLED)) == 2
    assert (await store.counts()).pending_approvals == 0


async def test_a_running_run_is_taken_from_its_owner(scene: Scene, store: Store) -> None:
    owner = await scene.own(deadline=SOON)
    await owner.make(Move.STEP_DONE)
    await passed(scene)
    await store.tick()
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert (head.token, head.rev) == (2, owner.lease.rev + 1)
    assert await owner.make(Move.STEP_DONE) is None
    assert await scene.status() is RunStatus.FAILED
    attempt = (await store.get_attempts("r1"))[-1]
    assert (attempt.step, attempt.outcome, attempt.token, attempt.worker) == (
        "judge",
        Outcome.TIMED_OUT,
        1,
        "w1",
    )


async def test_a_session_goes_on_without_the_run_it_lost_to_a_deadline(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await scene.own("r1", session=session, deadline=SOON)
    await scene.own("r2", session=session)
    await passed(scene)
    await store.tick()
    assert [held.run_id for held in (await store.heartbeat(session)).held] == ["r2"]


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_a_run_that_is_over_has_no_deadline_to_meet(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    await scene.run_in(status, deadline=SOON)
    await passed(scene)
    before = await store.get_outcome("r1"), await scene.kinds()
    assert (await store.tick()).timed_out == 0
    assert (await store.get_outcome("r1"), await scene.kinds()) == before


async def test_a_run_that_ended_before_the_sweep_saw_its_deadline_stays_ended(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own(deadline=SOON)
    await passed(scene)
    assert await owner.finish() is RunStatus.COMPLETED
    assert (await store.tick()).timed_out == 0
    assert await scene.status() is RunStatus.COMPLETED


async def test_a_run_retried_after_its_deadline_has_none_any_more(scene: Scene, store: Store) -> None:
    await scene.submit(deadline=SOON)
    await passed(scene)
    await store.tick()
    assert (await store.operate("r1", Operation.RETRY, BOB)).deadline_at is None
    assert (await store.tick()).timed_out == 0
    owner = await scene.take()
    assert await owner.finish() is RunStatus.COMPLETED


async def test_a_deadline_that_passed_unseen_is_gone_with_a_retry(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.FAILED, deadline=SOON)
    await passed(scene)
    assert (await store.operate("r1", Operation.RETRY, BOB)).deadline_at is None
    assert (await store.tick()).timed_out == 0
    assert await scene.status() is RunStatus.PENDING


async def test_a_deadline_still_ahead_holds_for_a_retried_run(scene: Scene, store: Store) -> None:
    before = await scene.run_in(RunStatus.FAILED, deadline=2.0)
    retried = await store.operate("r1", Operation.RETRY, BOB)
    assert retried.deadline_at == before.deadline_at is not None
    await passed(scene)
    assert (await store.tick()).timed_out == 1
    assert await scene.status() is RunStatus.FAILED


@pytest.mark.parametrize("status", [RunStatus.PENDING, RunStatus.COMPLETED])
async def test_a_deadline_that_a_sweep_has_seen_is_shown_no_more(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    await scene.run_in(status, deadline=SOON)
    await passed(scene)
    await store.tick()
    assert (await store.get_run("r1")).deadline_at is None


async def test_a_deadline_comes_before_a_timer_that_is_due_too(scene: Scene, store: Store) -> None:
    owner = await scene.own(deadline=SOON)
    await owner.park(timer(delay=SOON))
    await passed(scene)
    await scene.past((await store.get_run("r1")).due_at)
    ticked = await store.tick()
    assert (ticked.timed_out, ticked.woken) == (1, 0)


async def test_a_lost_run_past_its_deadline_ends_in_the_same_sweep(scene: Scene, store: Store) -> None:
    await scene.own(deadline=SOON)
    await passed(scene)
    await scene.lose("r1")
    assert await scene.status() is RunStatus.FAILED
    assert [each.outcome for each in await store.get_attempts("r1")] == [Outcome.LOST]
    assert await scene.kinds() == [
        EventKind.SUBMITTED,
        EventKind.CLAIMED,
        EventKind.TAKEN_OVER,
        EventKind.DEADLINE_PASSED,
        EventKind.FAILED,
    ]


async def test_a_run_asked_to_pause_fails_at_its_deadline_all_the_same(scene: Scene, store: Store) -> None:
    await scene.own(deadline=SOON)
    await store.operate("r1", Operation.PAUSE, BOB)
    await passed(scene)
    await store.tick()
    run = await store.get_run("r1")
    assert (run.status, run.asked) == (RunStatus.FAILED, None)


async def test_deadlines_go_in_batches(scene: Scene, store: Store) -> None:
    for number in range(5):
        await scene.submit(f"r{number}", deadline=SOON)
    await passed(scene, "r4")
    ticked = [await store.tick(limit=2) for _ in range(3)]
    assert [each.timed_out for each in ticked] == [2, 2, 1]
    assert [each.more for each in ticked] == [True, True, False]


async def test_many_sweeps_at_once_fail_each_run_once(scene: Scene, store: Store) -> None:
    for number in range(20):
        await scene.submit(f"r{number}", deadline=SOON)
    await passed(scene, "r19")
    ticked = await asyncio.gather(*(store.tick() for _ in range(5)))
    assert sum(each.timed_out for each in ticked) == 20
    for number in range(20):
        assert len(await scene.events(f"r{number}", EventKind.FAILED)) == 1
    assert (await store.counts()).dead_letters == 20
