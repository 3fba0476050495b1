"""Single steps: a paused run goes one attempt further, for whoever claims it, and is paused again."""

from __future__ import annotations

from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidTransition
from sagewai.models.history import EventKind
from sagewai.models.run import ForkSpec
from sagewai.models.status import Ask, Outcome, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, ORDERS, Owner, Scene, listen


async def stepping(scene: Scene, run_id: str = "r1", **fields: Any) -> None:
    """A run that alice paused, and bob lets go one step further."""
    await scene.submit(run_id, **fields)
    await scene.store.operate(run_id, Operation.PAUSE, ALICE)
    run = await scene.store.operate(run_id, Operation.STEP, BOB, "look")
    assert (run.status, run.asked) == (RunStatus.PENDING, Ask.PAUSE)


async def claimed(scene: Scene, run_id: str = "r1") -> Owner:
    session = await scene.session()
    (lease,) = (await scene.store.claim(session, await scene.routes(), 10)).runs
    assert lease.run_id == run_id
    return Owner(scene.store, lease)


async def told_to_pause(scene: Scene) -> None:
    """Paused again, by who asked for the step; nothing is asked any more."""
    run = await scene.store.get_run("r1")
    assert (run.status, run.asked, run.session, run.wait) == (RunStatus.PAUSED, None, None, None)
    event = (await scene.events("r1", EventKind.PAUSED))[-1]
    assert (event.actor, event.source, event.reason) == ("bob", BOB.source, "look")


async def test_a_step_records_one_attempt_and_pauses_again(scene: Scene, store: Store) -> None:
    await stepping(scene)
    (event,) = await scene.events("r1", EventKind.STEPPED)
    assert (event.actor, event.reason, dict(event.detail)) == ("bob", "look", {"step": "fetch"})
    for step, last in (("judge", Move.STEP_DONE), ("file", Move.STEP_DONE), (None, Move.COMPLETED)):
        owner = await claimed(scene)
        assert (await store.get_run("r1")).asked is Ask.PAUSE
        beat = await store.heartbeat((await store.get_run("r1")).session or 0)
        assert [held.asked for held in beat.held] == [Ask.PAUSE]
        if last is Move.COMPLETED:
            assert await owner.make(last) is RunStatus.COMPLETED
            break
        assert await owner.make(last) is RunStatus.PAUSED
        assert (await store.get_run("r1")).step == step
        await told_to_pause(scene)
        await store.operate("r1", Operation.STEP, BOB, "look")
    run = await store.get_run("r1")
    assert (run.status, run.asked, run.steps_done) == (RunStatus.COMPLETED, None, 3)
    assert [attempt.outcome for attempt in await store.get_attempts("r1")] == [Outcome.COMPLETED] * 3


@pytest.mark.parametrize("move", [Move.RETRY, Move.RETRY_LATER, Move.PARK, Move.RELEASED, Move.REFUSED])
async def test_whatever_would_let_it_go_on_pauses_it(scene: Scene, store: Store, move: Move) -> None:
    await stepping(scene)
    owner = await claimed(scene)
    assert await owner.make(move) is RunStatus.PAUSED
    await told_to_pause(scene)
    assert len(await store.get_attempts("r1")) == 1
    assert (await store.get_run("r1")).attempt == (2 if move in (Move.RETRY, Move.RETRY_LATER) else 1)
    (approvals, expected) = (await store.approvals_of("r1"), 1 if move is Move.PARK else 0)
    assert len(approvals) == expected


@pytest.mark.parametrize("move", [Move.COMPLETED, Move.FAILED, Move.REJECTED, Move.CANCELLED])
async def test_a_step_that_ends_the_run_ends_it(scene: Scene, store: Store, move: Move) -> None:
    await stepping(scene)
    owner = await claimed(scene)
    status = await owner.make(move)
    run = await store.get_run("r1")
    assert run.status is status
    assert status is not RunStatus.PAUSED
    assert run.asked is None
    if move is Move.FAILED:
        assert (await store.operate("r1", Operation.RETRY, ALICE)).asked is None


async def test_a_step_asks_again_what_it_waited_for_and_meets_the_decision(
    scene: Scene, store: Store
) -> None:
    await stepping(scene)
    assert await (await claimed(scene)).park() is RunStatus.PAUSED
    await scene.decide("r1")
    assert await scene.status() is RunStatus.PAUSED
    await store.operate("r1", Operation.STEP, BOB, "look")
    assert await (await claimed(scene)).make(Move.STEP_DONE) is RunStatus.PAUSED
    await told_to_pause(scene)


async def test_a_takeover_pauses_it(scene: Scene, store: Store) -> None:
    await stepping(scene)
    await claimed(scene)
    await scene.lose("r1")
    await told_to_pause(scene)
    assert (await store.get_run("r1")).takeovers == 1


async def test_a_worker_that_closes_pauses_it(scene: Scene, store: Store) -> None:
    await stepping(scene)
    await claimed(scene)
    await store.close_session((await store.get_run("r1")).session or 0)
    await told_to_pause(scene)


async def test_a_resume_lets_it_go_on_for_good(scene: Scene, store: Store) -> None:
    await stepping(scene)
    run = await store.operate("r1", Operation.RESUME, ALICE, "seen")
    assert (run.status, run.asked) == (RunStatus.PENDING, None)
    with pytest.raises(InvalidTransition, match="it is pending and nobody asked it to pause"):
        await store.operate("r1", Operation.RESUME, ALICE)
    owner = await claimed(scene)
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING
    (event,) = await scene.events("r1", EventKind.RESUMED)
    assert (event.actor, event.reason) == ("alice", "seen")


async def test_a_resume_while_it_runs_lets_it_go_on_too(scene: Scene, store: Store) -> None:
    await stepping(scene)
    owner = await claimed(scene)
    await store.operate("r1", Operation.RESUME, ALICE)
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING


async def test_a_cancel_wins(scene: Scene, store: Store) -> None:
    await stepping(scene, "ready")
    run = await store.operate("ready", Operation.CANCEL, ALICE, "no")
    assert (run.status, run.asked) == (RunStatus.CANCELLED, None)
    await stepping(scene)
    owner = await claimed(scene)
    assert (await store.operate("r1", Operation.CANCEL, ALICE, "no")).asked is Ask.CANCEL
    assert await owner.make(Move.STEP_DONE) is RunStatus.CANCELLED
    assert (await store.get_outcome("r1")).by == "alice"


async def test_a_pause_before_anybody_takes_it_pauses_it_at_once(scene: Scene, store: Store) -> None:
    await stepping(scene)
    run = await store.operate("r1", Operation.PAUSE, ALICE, "wait")
    assert (run.status, run.asked) == (RunStatus.PAUSED, None)
    run = await store.operate("r1", Operation.RESUME, ALICE)
    assert (run.status, run.asked) == (RunStatus.PENDING, None)
    assert await (await claimed(scene)).make(Move.STEP_DONE) is RunStatus.RUNNING


async def test_what_ends_it_before_anybody_takes_it_leaves_nothing_asked(scene: Scene, store: Store) -> None:
    await scene.submit("late", deadline=0.05)
    await store.operate("late", Operation.PAUSE, ALICE)
    await store.operate("late", Operation.STEP, BOB)
    await scene.run_in(RunStatus.WAITING, "asks")
    await store.operate("asks", Operation.PAUSE, ALICE)
    await store.operate("asks", Operation.STEP, BOB)
    await scene.decide("asks", Verdict.REJECT, reason="no")
    await scene.past((await store.get_run("late")).deadline_at)
    await store.tick()
    for run_id, status in (("late", RunStatus.FAILED), ("asks", RunStatus.REJECTED)):
        run = await store.get_run(run_id)
        assert (run.status, run.asked) == (status, None)
    assert (await store.operate("late", Operation.RETRY, ALICE)).asked is None


async def test_what_leaves_it_ready_leaves_the_step(scene: Scene, store: Store) -> None:
    """Signals, priorities and approvals are not about whether it goes on."""
    owner = await scene.own("r1")
    await owner.park(listen())
    await store.operate("r1", Operation.PAUSE, ALICE)
    await store.operate("r1", Operation.STEP, BOB, "look")
    await scene.signal("r1")
    await store.operate("r1", Operation.SET_PRIORITY, ALICE, priority=5)
    run = await store.get_run("r1")
    assert (run.status, run.asked, run.priority) == (RunStatus.PENDING, Ask.PAUSE, 5)
    assert await (await claimed(scene)).make(Move.STEP_DONE) is RunStatus.PAUSED
    await told_to_pause(scene)


async def test_only_a_paused_run_is_stepped(scene: Scene, store: Store) -> None:
    await stepping(scene)
    before = await picture(store)
    with pytest.raises(InvalidTransition, match="can't step run 'r1': it is pending"):
        await store.operate("r1", Operation.STEP, BOB)
    assert await picture(store) == before


async def test_a_paused_run_is_kept_for_the_session_that_is_to_step_it(scene: Scene, store: Store) -> None:
    chosen, other = await scene.session("chosen"), await scene.session("other")
    for run_id, verb in (("stepped", Operation.STEP), ("resumed", Operation.RESUME)):
        await scene.submit(run_id)
        await store.operate(run_id, Operation.PAUSE, ALICE)
        assert await store.assign(run_id, chosen, LONG, BOB)
        await store.operate(run_id, verb, BOB)
    assert await scene.claim(other) == []
    assert {each.name: each.assigned for each in await store.list_sessions()} == {"chosen": 2, "other": 0}
    assert await scene.claim(chosen) == ["stepped", "resumed"]


async def test_a_script_that_attaches_takes_the_step(scene: Scene, store: Store) -> None:
    await stepping(scene)
    owner = await scene.take("r1", session=await scene.session(kind="script", definitions=(ORDERS,)))
    assert await owner.make(Move.STEP_DONE) is RunStatus.PAUSED


async def test_a_fork_of_a_run_that_steps_is_an_ordinary_run(scene: Scene, store: Store) -> None:
    await stepping(scene)
    fork = await store.fork_run(ForkSpec("r1", "f1", ALICE))
    assert (fork.status, fork.asked) == (RunStatus.PENDING, None)
