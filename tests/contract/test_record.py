"""The owner's moves: what each makes of the run, and the attempt it leaves."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.status import Ask, Outcome, RunStatus, WaitReason
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, BOB, Owner, Scene, ask, definition, failure, spec

YIELDING = [Move.STEP_DONE, Move.RETRY, Move.RETRY_LATER, Move.PARK, Move.RELEASED, Move.REFUSED]


async def test_a_recorded_step_is_a_checkpoint_and_the_next_begins(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await store.get_run("r1")
    assert await owner.make(Move.STEP_DONE, result='{"b":1,"a":[2]}') is RunStatus.RUNNING

    run = await store.get_run("r1")
    assert (run.status, run.step, run.steps_done, run.attempt) == (RunStatus.RUNNING, "judge", 1, 1)
    assert (run.token, run.worker, run.session) == (1, "w1", before.session)
    assert run.max_attempts == 3
    assert run.changed_at == before.changed_at
    assert run.step_started_at is not None
    assert before.step_started_at is not None
    assert run.step_started_at >= before.step_started_at
    assert await store.get_results("r1") == {"fetch": '{"b":1,"a":[2]}'}
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.run_id, attempt.seq, attempt.step, attempt.attempt, attempt.token) == (
        "r1",
        0,
        "fetch",
        1,
        1,
    )
    assert (attempt.outcome, attempt.worker, attempt.result_bytes) == (Outcome.COMPLETED, "w1", 15)
    assert (attempt.error, attempt.delay) == (None, None)
    assert attempt.started_at == before.step_started_at
    assert attempt.finished_at == run.step_started_at


async def test_each_step_begins_with_its_first_attempt(scene: Scene, store: Store) -> None:
    owner = await scene.own(shape=definition(steps=("judge", "file")))
    await owner.make(Move.RETRY)
    await owner.make(Move.STEP_DONE)
    assert (await store.get_run("r1")).attempt == 1
    await owner.make(Move.RELEASED)
    assert (await scene.take()).lease.attempt == 1


async def test_steps_leave_no_events_their_attempts_say_it(scene: Scene) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    assert await scene.kinds() == [EventKind.SUBMITTED, EventKind.CLAIMED]


async def test_the_last_step_completes_the_run(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    for result in ('"one"', '"two"'):
        await owner.make(Move.STEP_DONE, result=result)
    assert await owner.make(Move.COMPLETED, result='"three"') is RunStatus.COMPLETED

    run = await store.get_run("r1")
    assert (run.status, run.wait, run.step, run.steps_done) == (RunStatus.COMPLETED, None, None, 3)
    assert (run.worker, run.session, run.step_started_at) == (None, None, None)
    assert list((await store.get_results("r1")).items()) == [
        ("fetch", '"one"'),
        ("judge", '"two"'),
        ("file", '"three"'),
    ]
    outcome = await store.get_outcome("r1")
    assert (outcome.status, outcome.output, outcome.error) == (RunStatus.COMPLETED, '"three"', None)
    assert (await scene.kinds())[-1] is EventKind.COMPLETED


async def test_only_a_completed_run_has_an_output(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    assert (await store.get_outcome("r1")).output is None


async def test_a_retry_in_place_keeps_the_lease_and_starts_after_its_delay(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own(shape=definition(steps=("judge",)))
    assert await owner.make(Move.RETRY, delay=1.5) is RunStatus.RUNNING

    run = await store.get_run("r1")
    assert (run.status, run.step, run.attempt, run.max_attempts) == (RunStatus.RUNNING, "judge", 2, 3)
    assert (run.worker, run.token) == ("w1", 1)
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.outcome, attempt.attempt, attempt.delay) == (Outcome.FAILED, 1, 1.5)
    assert attempt.error is not None
    assert (attempt.error.type, attempt.error.code) == ("builtins.ValueError", "ValueError")
    assert (attempt.error.message, attempt.error.traceback) == ("boom", "line 1")
    assert run.step_started_at == attempt.finished_at + timedelta(seconds=1.5)


async def test_an_attempt_never_starts_after_it_ended(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.RETRY, delay=1.5)
    await scene.lose("r1")
    for attempt in await store.get_attempts("r1"):
        assert attempt.started_at <= attempt.finished_at


async def test_a_later_retry_lets_go_until_its_timer(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await owner.make(Move.RETRY_LATER, delay=90.0) is RunStatus.WAITING

    run = await store.get_run("r1")
    assert (run.status, run.wait, run.step, run.attempt) == (RunStatus.WAITING, WaitReason.TIMER, "fetch", 2)
    assert (run.worker, run.session, run.step_started_at) == (None, None, None)
    assert run.due_at is not None
    assert (run.due_at - run.changed_at).total_seconds() == pytest.approx(90.0, abs=0.001)
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.outcome, attempt.delay) == (Outcome.FAILED, 90.0)
    (event,) = await scene.events("r1", EventKind.WAITING)
    assert event.detail["for"] == "timer"
    due_at = datetime.fromisoformat(str(event.detail["due_at"]))
    assert abs((due_at - run.due_at).total_seconds()) < 0.001
    outcome = await store.get_outcome("r1")
    assert (outcome.wait, outcome.due_at, outcome.step) == (WaitReason.TIMER, run.due_at, "fetch")


async def test_a_timed_out_attempt_says_so(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.RETRY, outcome=Outcome.TIMED_OUT)
    (attempt,) = await store.get_attempts("r1")
    assert attempt.outcome is Outcome.TIMED_OUT


async def test_a_failed_run_is_a_dead_letter_at_once(scene: Scene, store: Store) -> None:
    owner = await scene.own(pool="gpu")
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    assert await owner.make(Move.FAILED, error=failure("shop.Refused", "no card")) is RunStatus.FAILED

    run = await store.get_run("r1")
    assert (run.status, run.step, run.attempt, run.steps_done) == (RunStatus.FAILED, "judge", 2, 1)
    assert (run.worker, run.session) == (None, None)
    letter = await store.get_dead_letter("r1")
    assert (letter.run_id, letter.workflow, letter.pool, letter.step) == ("r1", "orders", "gpu", "judge")
    assert (letter.attempts, letter.takeovers) == (2, 0)
    assert (letter.error.type, letter.error.message) == ("shop.Refused", "no card")
    assert letter.failed_at == run.changed_at
    outcome = await store.get_outcome("r1")
    assert outcome.error == letter.error
    assert (outcome.status, outcome.step) == (RunStatus.FAILED, "judge")
    (event,) = await scene.events("r1", EventKind.FAILED)
    assert dict(event.detail) == {"error": "shop.Refused"}
    assert (event.actor, event.source) == (SYSTEM.name, SYSTEM.source)


async def test_a_released_run_is_pending_with_the_same_attempt(scene: Scene, store: Store) -> None:
    owner = await scene.own(shape=definition(steps=("judge", "file")))
    await owner.make(Move.RETRY)
    assert await owner.make(Move.RELEASED) is RunStatus.PENDING

    run = await store.get_run("r1")
    assert (run.status, run.step, run.attempt, run.worker) == (RunStatus.PENDING, "judge", 2, None)
    assert [attempt.outcome for attempt in await store.get_attempts("r1")] == [
        Outcome.FAILED,
        Outcome.RELEASED,
    ]
    (event,) = await scene.events("r1", EventKind.RELEASED)
    assert dict(event.detail) == {"token": 1, "worker": "w1"}
    again = await scene.take()
    assert (again.lease.token, again.lease.attempt, again.lease.seq) == (2, 2, 0)


async def test_the_same_attempt_under_a_new_token_is_another_row(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.RELEASED)
    again = await scene.take()
    await again.make(Move.STEP_DONE)
    attempts = await store.get_attempts("r1")
    assert [(each.attempt, each.token, each.outcome) for each in attempts] == [
        (1, 1, Outcome.RELEASED),
        (1, 2, Outcome.COMPLETED),
    ]


async def test_a_cancelled_step_ends_the_run_on_the_askers_account(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB, "wrong customer")
    assert await owner.make(Move.CANCELLED) is RunStatus.CANCELLED
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason) == ("bob", "wrong customer")
    (attempt,) = await store.get_attempts("r1")
    assert attempt.outcome is Outcome.CANCELLED


@pytest.mark.parametrize("move", YIELDING)
async def test_an_asked_cancel_is_honoured_by_the_next_move(scene: Scene, store: Store, move: Move) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB, "wrong customer")
    assert await owner.make(move) is RunStatus.CANCELLED

    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at, run.asked) == (RunStatus.CANCELLED, None, None, None)
    assert (run.worker, run.session) == (None, None)
    (event,) = await scene.events("r1", EventKind.CANCELLED)
    assert (event.actor, event.source, event.assurance) == (BOB.name, BOB.source, BOB.assurance)
    assert event.reason == "wrong customer"
    assert await store.approvals_of("r1") == []
    assert await scene.claim(await scene.session("w2")) == []


@pytest.mark.parametrize("move", YIELDING)
async def test_an_asked_pause_is_honoured_by_the_next_move(scene: Scene, store: Store, move: Move) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.PAUSE, BOB, "let me look")
    assert await owner.make(move) is RunStatus.PAUSED

    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at, run.asked) == (RunStatus.PAUSED, None, None, None)
    assert (run.worker, run.session) == (None, None)
    (event,) = await scene.events("r1", EventKind.PAUSED)
    assert (event.actor, event.reason) == ("bob", "let me look")
    assert await scene.claim(await scene.session("w2")) == []


async def test_the_progress_made_is_kept_when_an_ask_is_honoured(scene: Scene, store: Store) -> None:
    for operation in (Operation.PAUSE, Operation.CANCEL):
        owner = await scene.own(str(operation))
        await store.operate(owner.run_id, operation, BOB)
        await owner.make(Move.STEP_DONE)
        run = await store.get_run(owner.run_id)
        assert (run.step, run.steps_done, run.attempt) == ("judge", 1, 1)
        assert list(await store.get_results(owner.run_id)) == ["fetch"]


async def test_a_pause_honoured_by_a_park_keeps_its_requests_open(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.PAUSE, BOB)
    await owner.park(ask("lead"))
    assert list(await scene.approvals()) == ["lead"]
    await scene.decide()
    assert await scene.status() is RunStatus.PAUSED


@pytest.mark.parametrize(
    ("move", "status"),
    [
        (Move.COMPLETED, RunStatus.COMPLETED),
        (Move.FAILED, RunStatus.FAILED),
        (Move.REJECTED, RunStatus.REJECTED),
        (Move.CANCELLED, RunStatus.CANCELLED),
    ],
)
@pytest.mark.parametrize("operation", [Operation.CANCEL, Operation.PAUSE])
async def test_a_move_that_ends_the_run_settles_what_was_asked(
    scene: Scene, store: Store, move: Move, status: RunStatus, operation: Operation
) -> None:
    owner = await scene.own(shape=definition(steps=("only",)))
    await store.operate("r1", operation, BOB)
    assert await owner.make(move) is status
    assert (await store.get_run("r1")).asked is None


async def test_what_is_asked_is_seen_by_the_owner_until_it_is_honoured(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.PAUSE, ALICE)
    session = (await store.get_run("r1")).session
    assert session is not None
    for _ in range(2):
        (held,) = (await store.heartbeat(session)).held
        assert held.asked is Ask.PAUSE
    await owner.make(Move.STEP_DONE)
    assert (await store.heartbeat(session)).held == ()


@pytest.mark.parametrize("move", YIELDING)
async def test_every_move_clears_the_count_of_takeovers(scene: Scene, store: Store, move: Move) -> None:
    await scene.submit()
    await scene.lose_times("r1", 3)
    owner = await scene.take()
    assert owner.lease.takeovers == 3
    await owner.make(move)
    assert (await store.get_run("r1")).takeovers == 0


async def test_a_batch_makes_the_moves_of_many_runs_and_answers_in_order(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owners = [await scene.own(f"r{number}", session=session) for number in range(10)]
    moves = list(Move)
    batch = [owner.transition(move) for owner, move in zip(owners, moves, strict=True)]
    assert await store.record(list(reversed(batch))) == [
        RunStatus.PENDING,
        RunStatus.PENDING,
        RunStatus.CANCELLED,
        RunStatus.REJECTED,
        RunStatus.FAILED,
        RunStatus.WAITING,
        RunStatus.WAITING,
        RunStatus.RUNNING,
        RunStatus.COMPLETED,
        RunStatus.RUNNING,
    ]
    heads = await store.heads([owner.lease.key for owner in owners])
    assert {head.rev for head in heads.values()} == {owner.lease.rev + 1 for owner in owners}


async def test_recording_nothing_is_nothing(store: Store) -> None:
    assert await store.record([]) == []


async def test_heads_tell_token_rev_and_status(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await scene.submit("r2")
    (head,) = (await store.heads([owner.lease.key, 999_999])).values()
    assert (head.token, head.rev, head.status) == (1, owner.lease.rev, RunStatus.RUNNING)
    await owner.make(Move.RETRY_LATER)
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert (head.token, head.rev, head.status) == (1, owner.lease.rev, RunStatus.WAITING)
    assert await store.heads([]) == {}


async def test_people_and_timers_leave_token_and_rev_alone(scene: Scene, store: Store) -> None:
    """What else could an owner, whose reply was lost, conclude from them?"""
    owner = await scene.own()
    await owner.park(ask("lead"))
    await scene.decide()
    await store.operate("r1", Operation.SET_PRIORITY, BOB, priority=3)
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r1", Operation.RESUME, BOB)
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert (head.token, head.rev, head.status) == (1, owner.lease.rev, RunStatus.PENDING)


async def test_a_large_batch_is_one_call(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=500)
    inserted = await store.insert_runs([spec(f"r{number}") for number in range(500)], session=session)
    owners = [Owner(store, each.lease) for each in inserted if each.lease is not None]
    result = json.dumps("x" * 200)
    statuses = await store.record([owner.transition(Move.STEP_DONE, result=result) for owner in owners])
    assert statuses == [RunStatus.RUNNING] * 500
