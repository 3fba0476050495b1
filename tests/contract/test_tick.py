"""Sweeping: what time makes due is done by any process, once, and innocents survive a poisonous neighbour."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import EXPIRED_REASON, POISON_LIMIT, POISONED, Store, Ticked
from sagewai.core.transitions import Operation
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, Ask, Outcome, RunStatus, SessionStatus, WaitReason
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, LONG, Scene, ask, definition, spec


async def test_with_nothing_due_a_sweep_changes_nothing(scene: Scene, store: Store) -> None:
    await scene.own("runs")
    await scene.submit("waits", delay=LONG)
    owner = await scene.own("asks")
    await owner.park(ask(timeout=LONG))
    before = await picture(store)
    assert await store.tick() == Ticked()
    assert await picture(store) == before


# -- takeover ---------------------------------------------------------------------------------------------------------


async def test_a_run_whose_session_lapsed_is_ready_under_a_higher_token(scene: Scene, store: Store) -> None:
    owner = await scene.own(shape=definition(steps=("fetch", "judge")))
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    before = await store.get_run("r1")
    assert before.session is not None
    await store.lapse_sessions([before.session])
    assert await store.tick() == Ticked(lapsed_sessions=1, taken_over=1)

    run = await store.get_run("r1")
    assert (run.status, run.token, run.takeovers) == (RunStatus.PENDING, 2, 1)
    assert (run.step, run.steps_done, run.attempt) == ("judge", 1, 2)
    assert (run.worker, run.session, run.step_started_at) == (None, None, None)
    lost = (await store.get_attempts("r1"))[-1]
    assert (lost.seq, lost.step, lost.attempt, lost.token, lost.worker) == (1, "judge", 2, 1, "w1")
    assert (lost.outcome, lost.error, lost.result_bytes, lost.delay) == (Outcome.LOST, None, None, None)
    assert lost.started_at == before.step_started_at
    assert lost.finished_at == run.changed_at
    (event,) = await scene.events("r1", EventKind.TAKEN_OVER)
    assert dict(event.detail) == {"token": 2, "worker": "w1", "takeovers": 1}
    assert event.source == SYSTEM.source
    (session,) = await store.list_sessions()
    assert (session.status, session.live, session.running) == (SessionStatus.LAPSED, False, 0)
    heir = await scene.take()
    assert (heir.lease.token, heir.lease.attempt, heir.lease.takeovers) == (3, 2, 1)


async def test_a_lease_that_runs_out_is_enough(scene: Scene, store: Store) -> None:
    await scene.own(session=await scene.session(lease_ttl=0.5))

    async def is_taken_over() -> bool:
        return (await store.tick()).taken_over == 1

    await scene.until(is_taken_over)
    assert await scene.status() is RunStatus.PENDING


async def test_every_run_of_a_lapsed_session_is_taken_over(scene: Scene, store: Store) -> None:
    session, other = await scene.session(), await scene.session("other")
    for number in range(5):
        await scene.own(f"r{number}", session=session)
    await scene.own("safe", session=other)
    await store.lapse_sessions([session])
    assert await store.tick() == Ticked(lapsed_sessions=1, taken_over=5)
    assert await scene.status("safe") is RunStatus.RUNNING


async def test_sweepers_side_by_side_take_over_once(scene: Scene, store: Store) -> None:
    session = await scene.session()
    for number in range(5):
        await scene.own(f"r{number}", session=session)
    await scene.submit("due", delay=0.01)
    await scene.past((await store.get_run("due")).due_at)
    await store.lapse_sessions([session])
    ticks = await asyncio.gather(*(store.tick() for _ in range(10)))
    assert sum(tick.lapsed_sessions for tick in ticks) == 1
    assert sum(tick.taken_over for tick in ticks) == 5
    assert sum(tick.woken for tick in ticks) == 1
    for number in range(5):
        assert (await store.get_run(f"r{number}")).token == 2
        assert len(await scene.events(f"r{number}", EventKind.TAKEN_OVER)) == 1


async def test_small_batches_get_everything_done_while_there_is_more(scene: Scene, store: Store) -> None:
    for number in range(3):
        await scene.own(f"r{number}", session=await scene.session(f"w{number}"))
        await scene.submit(f"due{number}", delay=0.01)
    await scene.past((await store.get_run("due2")).due_at)
    await store.lapse_sessions([session.id for session in await store.list_sessions()])
    ticks = [await store.tick(limit=1)]
    while ticks[-1].more:
        ticks.append(await store.tick(limit=1))
        assert len(ticks) < 20
    assert sum(tick.taken_over for tick in ticks) == 3
    assert sum(tick.woken for tick in ticks) == 3
    assert await store.tick() == Ticked()


async def test_a_run_let_go_before_the_lapse_is_not_taken_over(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owner = await scene.own(session=session)
    await owner.park()
    await store.lapse_sessions([session])
    assert await store.tick() == Ticked(lapsed_sessions=1)
    assert await scene.status() is RunStatus.WAITING


# -- poison -----------------------------------------------------------------------------------------------------------


async def test_a_run_that_loses_its_worker_too_often_is_a_dead_letter(scene: Scene, store: Store) -> None:
    await scene.submit(shape=definition(steps=("only",)))
    await scene.lose_times("r1", POISON_LIMIT - 1)
    assert await scene.status() is RunStatus.PENDING
    await scene.take()
    session = (await store.get_run("r1")).session
    assert session is not None
    await store.lapse_sessions([session])
    assert await store.tick() == Ticked(lapsed_sessions=1, poisoned=1)

    run = await store.get_run("r1")
    assert (run.status, run.takeovers, run.step) == (RunStatus.FAILED, POISON_LIMIT, "only")
    letter = await store.get_dead_letter("r1")
    assert (letter.error, letter.takeovers, letter.attempts) == (POISONED, POISON_LIMIT, 1)
    outcome = await store.get_outcome("r1")
    assert outcome.error == POISONED
    attempts = await store.get_attempts("r1")
    assert [attempt.outcome for attempt in attempts] == [Outcome.LOST] * POISON_LIMIT
    assert set((await scene.kinds())[-2:]) == {EventKind.TAKEN_OVER, EventKind.FAILED}
    (failed,) = await scene.events("r1", EventKind.FAILED)
    assert dict(failed.detail) == {"error": POISONED.type}


async def test_a_poisoned_run_is_fenced_off_from_its_last_owner(scene: Scene, store: Store) -> None:
    await scene.submit()
    await scene.lose_times("r1", POISON_LIMIT - 1)
    zombie = await scene.take()
    await scene.lose("r1")
    before = await picture(store)
    assert await zombie.make(Move.STEP_DONE) is None
    assert await picture(store) == before


async def test_a_recorded_attempt_in_between_clears_a_run(scene: Scene, store: Store) -> None:
    await scene.submit()
    await scene.lose_times("r1", POISON_LIMIT - 1)
    owner = await scene.take()
    await owner.make(Move.RETRY)
    await scene.lose("r1")
    assert (await store.get_run("r1")).takeovers == 1


async def test_a_death_with_one_suspect_aboard_counts_for_that_one_alone(scene: Scene, store: Store) -> None:
    await scene.submit("bad")
    await scene.lose_times("bad", 2)
    names = [f"innocent{number}" for number in range(3)]
    for _ in range(POISON_LIMIT - 2):
        session = await scene.session(max_concurrent=9)
        await scene.take("bad", session=session)
        for name in names:
            await store.insert_runs([spec(name)])
            await scene.take(name, session=session)
        await store.lapse_sessions([session])
        await store.tick()
    assert await scene.status("bad") is RunStatus.FAILED
    for name in names:
        run = await store.get_run(name)
        assert (run.status, run.takeovers) == (RunStatus.PENDING, 0)
        assert {attempt.outcome for attempt in await store.get_attempts(name)} == {Outcome.LOST}


async def test_without_a_suspect_every_run_aboard_is_counted(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await scene.submit("once")
    await scene.lose_times("once", 1)
    await scene.take("once", session=session)
    await scene.own("never", session=session)
    await store.lapse_sessions([session])
    await store.tick()
    assert [(await store.get_run(name)).takeovers for name in ("once", "never")] == [2, 1]


async def test_a_whole_session_is_judged_at_once_even_in_small_batches(scene: Scene, store: Store) -> None:
    await scene.submit("bad")
    await scene.lose_times("bad", 2)
    session = await scene.session()
    await scene.take("bad", session=session)
    for number in range(3):
        await scene.own(f"r{number}", session=session)
    await store.lapse_sessions([session])
    while (await store.tick(limit=1)).more:
        pass
    assert (await store.get_run("bad")).takeovers == 3
    assert [(await store.get_run(f"r{number}")).takeovers for number in range(3)] == [0, 0, 0]


# -- what was asked of a lost run -------------------------------------------------------------------------------------


async def test_a_run_asked_to_cancel_whose_owner_lapsed_is_cancelled(scene: Scene, store: Store) -> None:
    zombie = await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB, "duplicate")
    session = (await store.get_run("r1")).session
    assert session is not None
    await store.lapse_sessions([session])
    assert await store.tick() == Ticked(lapsed_sessions=1, cancelled=1)
    run = await store.get_run("r1")
    assert (run.status, run.asked, run.token) == (RunStatus.CANCELLED, None, 2)
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason) == ("bob", "duplicate")
    assert (await store.get_attempts("r1"))[-1].outcome is Outcome.LOST
    assert len(await scene.events("r1", EventKind.TAKEN_OVER)) == 1
    (event,) = await scene.events("r1", EventKind.CANCELLED)
    assert event.actor == "bob"
    assert await zombie.make(Move.CANCELLED) is None


async def test_a_run_asked_to_pause_whose_owner_lapsed_is_paused(scene: Scene, store: Store) -> None:
    await scene.own()
    await store.operate("r1", Operation.PAUSE, BOB, "let me look")
    await scene.lose("r1")
    run = await store.get_run("r1")
    assert (run.status, run.asked, run.takeovers) == (RunStatus.PAUSED, None, 1)
    (event,) = await scene.events("r1", EventKind.PAUSED)
    assert (event.actor, event.reason) == ("bob", "let me look")


@pytest.mark.parametrize(
    ("operation", "status"), [(Operation.CANCEL, RunStatus.CANCELLED), (Operation.PAUSE, RunStatus.FAILED)]
)
async def test_at_the_limit_a_cancel_comes_before_poison_and_a_pause_after(
    scene: Scene, store: Store, operation: Operation, status: RunStatus
) -> None:
    await scene.submit()
    await scene.lose_times("r1", POISON_LIMIT - 1)
    await scene.take()
    await store.operate("r1", operation, BOB)
    await scene.lose("r1")
    run = await store.get_run("r1")
    assert (run.status, run.asked) == (status, None)


async def test_an_owner_that_does_not_obey_a_cancel_loses_the_run_at_twice_its_lease(
    scene: Scene, store: Store
) -> None:
    session = await scene.session(lease_ttl=0.5)
    deaf = await scene.own(session=session)
    asked_at = await store.now()
    await store.operate("r1", Operation.CANCEL, BOB, "stop it")
    cancelled = 0

    async def is_cancelled() -> bool:
        nonlocal cancelled
        assert (await store.heartbeat(session)).alive
        cancelled += (await store.tick()).cancelled
        return cancelled == 1

    await scene.until(is_cancelled)
    run = await store.get_run("r1")
    assert (run.status, run.token, run.asked, run.takeovers) == (RunStatus.CANCELLED, 2, None, 0)
    assert (run.changed_at - asked_at).total_seconds() >= 1.0
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.outcome, attempt.token) == (Outcome.CANCELLED, 1)
    assert (await store.get_outcome("r1")).reason == "stop it"
    assert EventKind.TAKEN_OVER not in await scene.kinds()
    assert (await store.heartbeat(session)).held == ()
    assert await deaf.make(Move.STEP_DONE) is None


async def test_asking_again_does_not_grant_more_time(scene: Scene, store: Store) -> None:
    session = await scene.session(lease_ttl=0.5)
    await scene.own(session=session)
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r1", Operation.CANCEL, BOB)
    asked_at = await store.now()

    async def is_cancelled() -> bool:
        await store.heartbeat(session)
        if (await store.tick()).cancelled:
            return True
        await store.operate("r1", Operation.CANCEL, BOB)
        return False

    await scene.until(is_cancelled, seconds=5.0)
    assert (await store.now() - asked_at).total_seconds() < 4.0


async def test_a_pause_is_never_forced(scene: Scene, store: Store) -> None:
    session = await scene.session(lease_ttl=0.5)
    await scene.own(session=session)
    await store.operate("r1", Operation.PAUSE, BOB)
    asked_at = await store.now()

    async def twice_the_lease_passed() -> bool:
        assert (await store.heartbeat(session)).alive
        await store.tick()
        return (await store.now() - asked_at).total_seconds() > 1.1

    await scene.until(twice_the_lease_passed)
    run = await store.get_run("r1")
    assert (run.status, run.asked) == (RunStatus.RUNNING, Ask.PAUSE)


# -- timers -----------------------------------------------------------------------------------------------------------


async def test_a_due_timer_makes_the_run_ready(scene: Scene, store: Store) -> None:
    await scene.submit(delay=0.02)
    await scene.past((await store.get_run("r1")).due_at)
    assert await scene.claim(await scene.session()) == []
    assert await store.tick() == Ticked(woken=1)
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at, run.attempt) == (RunStatus.PENDING, None, None, 1)
    (event,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(event.detail) == {"by": "timer"}
    assert await store.tick() == Ticked()


async def test_a_due_retry_goes_on_with_its_next_attempt(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.RETRY_LATER, delay=0.02)
    await scene.past((await store.get_run("r1")).due_at)
    assert (await store.tick()).woken == 1
    (event,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(event.detail) == {"by": "retry"}
    assert (await scene.take()).lease.attempt == 2


async def test_a_timer_that_is_not_due_is_left(scene: Scene, store: Store) -> None:
    await scene.submit("soon", delay=0.02)
    await scene.submit("late", delay=LONG)
    await scene.past((await store.get_run("soon")).due_at)
    assert (await store.tick()).woken == 1
    run = await store.get_run("late")
    assert (run.status, run.wait) == (RunStatus.WAITING, WaitReason.TIMER)


# -- deadlines --------------------------------------------------------------------------------------------------------


async def test_a_deadline_rejects_the_run(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead", timeout=0.02), ask("legal"))
    approvals = await scene.approvals()
    await scene.past(approvals["lead"].deadline_at)
    assert await store.tick() == Ticked(expired=1)

    run = await store.get_run("r1")
    assert (run.status, run.wait) == (RunStatus.REJECTED, None)
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason) == (SYSTEM.name, EXPIRED_REASON)
    after = await scene.approvals()
    assert (after["lead"].status, after["lead"].decision) == (ApprovalStatus.EXPIRED, None)
    assert after["legal"].status is ApprovalStatus.CANCELLED
    (event,) = await scene.events("r1", EventKind.APPROVAL_EXPIRED)
    assert (event.detail["approval_id"], event.detail["gate"]) == (approvals["lead"].id, "lead")
    assert (event.actor, event.source) == (SYSTEM.name, SYSTEM.source)
    assert (await store.counts()).pending_approvals == 0
    assert (await store.counts()).dead_letters == 0
    assert await store.tick() == Ticked()


async def test_two_deadlines_of_one_run_expire_together(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead", timeout=0.02), ask("legal", timeout=0.02))
    await scene.past((await scene.approvals())["legal"].deadline_at)
    assert (await store.tick()).expired == 2
    assert {each.status for each in await store.approvals_of("r1")} == {ApprovalStatus.EXPIRED}
    assert await scene.status() is RunStatus.REJECTED


async def test_a_paused_run_is_rejected_at_its_deadline_too(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask(timeout=0.02))
    await store.operate("r1", Operation.PAUSE, BOB)
    await scene.past((await scene.approvals())["#1"].deadline_at)
    assert (await store.tick()).expired == 1
    assert await scene.status() is RunStatus.REJECTED


async def test_a_running_run_meets_the_expiry_when_it_parks(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask(timeout=0.3))
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r1", Operation.RESUME, BOB)
    owner = await scene.take()
    await scene.past((await scene.approvals())["#1"].deadline_at)
    assert (await store.tick()).expired == 1
    assert await scene.status() is RunStatus.RUNNING
    assert await owner.park(ask(timeout=0.3)) is RunStatus.PENDING
    (approval,) = await store.approvals_of("r1")
    assert approval.status is ApprovalStatus.EXPIRED
    owner = await scene.take()
    assert await owner.make(Move.REJECTED) is RunStatus.REJECTED
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason) == (SYSTEM.name, EXPIRED_REASON)


async def test_an_approval_without_a_deadline_waits_for_ever(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask())
    assert (await scene.approvals())["#1"].deadline_at is None
    assert await store.tick() == Ticked()
