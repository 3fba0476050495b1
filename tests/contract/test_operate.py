"""Operators: what each verb makes of a run in each status, by the one table, with actor and reason."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import LEGAL, Operation
from sagewai.errors import (
    ApprovalError,
    DeadLetterNotFound,
    InvalidOptionError,
    InvalidTransition,
    RunNotFound,
    StoreRefused,
)
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import TERMINAL, ApprovalStatus, Ask, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Scene, ask

VERBS = [
    Operation.CANCEL,
    Operation.PAUSE,
    Operation.RESUME,
    Operation.STEP,
    Operation.RETRY,
    Operation.DISCARD,
    Operation.SET_PRIORITY,
]
EVENTS = {
    Operation.CANCEL: EventKind.CANCELLED,
    Operation.PAUSE: EventKind.PAUSED,
    Operation.RESUME: EventKind.RESUMED,
    Operation.STEP: EventKind.STEPPED,
    Operation.RETRY: EventKind.RETRIED,
    Operation.DISCARD: EventKind.DISCARDED,
    Operation.SET_PRIORITY: EventKind.PRIORITY_CHANGED,
}
ASKED = {Operation.CANCEL: EventKind.CANCEL_REQUESTED, Operation.PAUSE: EventKind.PAUSE_REQUESTED}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", list(RunStatus))
async def test_every_verb_in_every_status_follows_the_table(
    scene: Scene, store: Store, status: RunStatus, verb: Operation
) -> None:
    await scene.run_in(status)
    if (status, verb) == (RunStatus.RUNNING, Operation.RESUME):
        await store.operate("r1", Operation.PAUSE, ALICE)
    if (status, verb) == (RunStatus.PENDING, Operation.RESUME):
        await store.operate("r1", Operation.PAUSE, ALICE)
        await store.operate("r1", Operation.STEP, ALICE)
    before = await picture(store)
    known = len(await scene.events())
    expected = LEGAL.get((status, verb))
    if expected is None:
        with pytest.raises(InvalidTransition, match="r1") as caught:
            await store.operate("r1", verb, BOB, "because", priority=1)
        assert caught.value.run_id == "r1"
        assert status in str(caught.value)
        assert await picture(store) == before
        return
    run = await store.operate("r1", verb, BOB, "because", priority=1)
    assert run.status is expected
    assert run == await store.get_run("r1")
    kind = (ASKED if status is RunStatus.RUNNING else {}).get(verb, EVENTS[verb])
    (event,) = [each for each in (await scene.events())[known:] if each.kind is kind]
    assert event.actor == BOB.name
    assert (event.source, event.assurance, event.reason) == (BOB.source, BOB.assurance, "because")


@pytest.mark.parametrize("operation", [each for each in Operation if each not in VERBS])
async def test_what_is_not_an_operators_is_refused(scene: Scene, store: Store, operation: Operation) -> None:
    await scene.submit()
    with pytest.raises(InvalidOptionError):
        await store.operate("r1", operation, BOB)
    assert await scene.status() is RunStatus.PENDING


async def test_operating_on_a_run_that_does_not_exist_says_so(store: Store) -> None:
    for verb in VERBS:
        with pytest.raises(RunNotFound, match="nowhere"):
            await store.operate("nowhere", verb, BOB, priority=1)


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_reason_or_name_that_cannot_be_stored_changes_nothing(
    scene: Scene, store: Store, bad: str
) -> None:
    await scene.submit()
    before = await picture(store)
    with pytest.raises(StoreRefused):
        await store.operate("r1", Operation.CANCEL, BOB, bad)
    with pytest.raises(StoreRefused):
        await store.operate("r1", Operation.CANCEL, Actor(bad))
    assert await picture(store) == before


# -- cancel -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [RunStatus.PENDING, RunStatus.WAITING, RunStatus.PAUSED])
async def test_a_cancelled_run_ends_on_its_cancellers_account(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    await scene.run_in(status)
    run = await store.operate("r1", Operation.CANCEL, BOB, "duplicate")
    assert (run.status, run.wait, run.due_at) == (RunStatus.CANCELLED, None, None)
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason, outcome.step) == ("bob", "duplicate", "fetch")
    for approval in await store.approvals_of("r1"):
        assert approval.status is ApprovalStatus.CANCELLED
    for event in await scene.events("r1", EventKind.APPROVAL_CANCELLED):
        assert event.actor == "bob"
    assert (await store.counts()).dead_letters == 0


async def test_a_cancelled_timer_never_wakes(scene: Scene, store: Store) -> None:
    await scene.submit(delay=0.02)
    due_at = (await store.get_run("r1")).due_at
    await store.operate("r1", Operation.CANCEL, BOB)
    await scene.past(due_at)
    assert (await store.tick()).woken == 0
    assert await scene.status() is RunStatus.CANCELLED


async def test_a_running_run_is_only_asked(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    run = await store.operate("r1", Operation.CANCEL, BOB)
    assert (run.status, run.asked, run.worker) == (RunStatus.RUNNING, Ask.CANCEL, "w1")
    assert run.token == owner.lease.token
    assert EventKind.CANCELLED not in await scene.kinds()


async def test_asking_again_leaves_the_first_asker_and_adds_an_event(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.CANCEL, ALICE, "first")
    await store.operate("r1", Operation.CANCEL, BOB, "second")
    assert [event.actor for event in await scene.events("r1", EventKind.CANCEL_REQUESTED)] == ["alice", "bob"]
    await owner.make(Move.CANCELLED)
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason) == ("alice", "first")


async def test_cancel_replaces_an_asked_pause(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.PAUSE, ALICE)
    run = await store.operate("r1", Operation.CANCEL, BOB, "enough")
    assert run.asked is Ask.CANCEL
    assert await owner.make(Move.STEP_DONE) is RunStatus.CANCELLED
    assert (await store.get_outcome("r1")).by == "bob"


@pytest.mark.parametrize("verb", [Operation.PAUSE, Operation.RESUME])
async def test_an_asked_cancel_is_not_taken_back(scene: Scene, store: Store, verb: Operation) -> None:
    await scene.own()
    await store.operate("r1", Operation.CANCEL, ALICE)
    before = await picture(store)
    with pytest.raises(InvalidTransition, match="r1"):
        await store.operate("r1", verb, BOB)
    assert await picture(store) == before


# -- pause and resume -------------------------------------------------------------------------------------------------


async def test_an_asked_pause_can_be_taken_back(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.PAUSE, BOB)
    run = await store.operate("r1", Operation.RESUME, BOB)
    assert (run.status, run.asked) == (RunStatus.RUNNING, None)
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING


async def test_a_running_run_that_nobody_asked_to_pause_cannot_be_resumed(scene: Scene, store: Store) -> None:
    await scene.own()
    with pytest.raises(InvalidTransition, match="r1"):
        await store.operate("r1", Operation.RESUME, BOB)


async def test_a_paused_run_is_held_until_it_is_resumed(scene: Scene, store: Store) -> None:
    await scene.submit()
    await store.operate("r1", Operation.PAUSE, BOB)
    session = await scene.session()
    assert await scene.claim(session) == []
    await store.operate("r1", Operation.RESUME, BOB)
    assert await scene.claim(session) == ["r1"]


async def test_pausing_ends_a_timer_and_resuming_makes_ready_at_once(scene: Scene, store: Store) -> None:
    await scene.submit(delay=LONG)
    run = await store.operate("r1", Operation.PAUSE, BOB)
    assert (run.status, run.wait, run.due_at) == (RunStatus.PAUSED, None, None)
    run = await store.operate("r1", Operation.RESUME, BOB)
    assert run.status is RunStatus.PENDING


async def test_a_paused_run_keeps_its_progress(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    await store.operate("r1", Operation.PAUSE, BOB)
    await owner.make(Move.RELEASED)
    await store.operate("r1", Operation.RESUME, BOB)
    heir = await scene.take()
    assert (heir.lease.seq, heir.lease.attempt, list(heir.lease.results)) == (1, 2, ["fetch"])


# -- retry and discard ------------------------------------------------------------------------------------------------


async def test_a_retried_run_goes_on_at_its_first_step_without_a_checkpoint(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE, result='"kept"')
    await owner.make(Move.RETRY)
    await owner.make(Move.FAILED)
    run = await store.operate("r1", Operation.RETRY, BOB, "fixed the card")
    assert (run.status, run.step, run.steps_done, run.attempt, run.takeovers) == (
        RunStatus.PENDING,
        "judge",
        1,
        1,
        0,
    )
    (event,) = await scene.events("r1", EventKind.RETRIED)
    assert (dict(event.detail), event.reason) == ({"step": "judge"}, "fixed the card")
    with pytest.raises(DeadLetterNotFound):
        await store.get_dead_letter("r1")
    outcome = await store.get_outcome("r1")
    assert (outcome.status, outcome.error) == (RunStatus.PENDING, None)
    heir = await scene.take()
    assert (heir.lease.seq, heir.lease.attempt, dict(heir.lease.results)) == (1, 1, {"fetch": '"kept"'})
    assert heir.lease.token == 2
    assert await heir.finish() is RunStatus.COMPLETED
    assert (await store.counts()).dead_letters == 0


async def test_a_run_may_fail_and_be_retried_again_and_again(scene: Scene, store: Store) -> None:
    await scene.submit()
    for token in (1, 2, 3):
        owner = await scene.take()
        assert owner.lease.token == token
        await owner.make(Move.FAILED)
        assert (await store.get_dead_letter("r1")).attempts == 1
        await store.operate("r1", Operation.RETRY, BOB)
    assert len(await store.get_attempts("r1")) == 3


async def test_a_poisoned_run_can_be_retried(scene: Scene, store: Store) -> None:
    await scene.submit()
    await scene.lose_times("r1", 5)
    assert await scene.status() is RunStatus.FAILED
    run = await store.operate("r1", Operation.RETRY, BOB)
    assert (run.status, run.takeovers) == (RunStatus.PENDING, 0)
    assert await scene.claim(await scene.session("w2")) == ["r1"]


async def test_a_discarded_dead_letter_leaves_the_run_failed(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.FAILED)
    run = await store.operate("r1", Operation.DISCARD, BOB, "known bug")
    assert run.status is RunStatus.FAILED
    (event,) = await scene.events("r1", EventKind.DISCARDED)
    assert (dict(event.detail), event.reason) == ({"error": "builtins.ValueError"}, "known bug")
    assert (await store.counts()).dead_letters == 0
    outcome = await store.get_outcome("r1")
    assert outcome.error is not None
    assert outcome.error.message == "boom"


@pytest.mark.parametrize("verb", [Operation.RETRY, Operation.DISCARD])
async def test_what_was_discarded_can_be_neither_retried_nor_discarded_again(
    scene: Scene, store: Store, verb: Operation
) -> None:
    await scene.run_in(RunStatus.FAILED)
    await store.operate("r1", Operation.DISCARD, BOB)
    before = await picture(store)
    with pytest.raises(DeadLetterNotFound, match="r1"):
        await store.operate("r1", verb, BOB)
    assert await picture(store) == before


# -- priority ---------------------------------------------------------------------------------------------------------


async def test_a_changed_priority_names_both(scene: Scene, store: Store) -> None:
    await scene.submit(priority=2)
    run = await store.operate("r1", Operation.SET_PRIORITY, BOB, priority=-3)
    assert run.priority == -3
    (event,) = await scene.events("r1", EventKind.PRIORITY_CHANGED)
    assert dict(event.detail) == {"before": 2, "after": -3}


async def test_a_priority_must_be_given(scene: Scene, store: Store) -> None:
    await scene.submit()
    with pytest.raises(InvalidOptionError):
        await store.operate("r1", Operation.SET_PRIORITY, BOB)


async def test_a_priority_changed_elsewhere_counts_when_the_run_is_ready_again(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own("r1")
    await scene.submit("r2", priority=1)
    await store.operate("r1", Operation.SET_PRIORITY, BOB, priority=2)
    await owner.make(Move.RELEASED)
    assert await scene.claim(await scene.session()) == ["r1", "r2"]


# -- at once ----------------------------------------------------------------------------------------------------------


async def test_twenty_operators_at_once_one_cancels(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.WAITING)

    async def cancel(number: int) -> bool:
        try:
            await store.operate("r1", Operation.CANCEL, Actor(f"person{number}"))
        except InvalidTransition:
            return False
        return True

    assert sum(await asyncio.gather(*map(cancel, range(20)))) == 1
    assert len(await scene.events("r1", EventKind.CANCELLED)) == 1
    assert len(await scene.events("r1", EventKind.APPROVAL_CANCELLED)) == 1


async def test_an_operator_and_a_reviewer_at_once_leave_one_ending(scene: Scene, store: Store) -> None:
    names = [f"r{number}" for number in range(10)]
    for name in names:
        owner = await scene.own(name)
        await owner.park(ask("lead"), ask("legal"))

    async def decide(name: str) -> None:
        approval = (await scene.approvals(name))["lead"]
        try:
            await scene.decide(name, Verdict.REJECT, approval_id=approval.id, reason="no")
        except ApprovalError:
            return

    async def cancel(name: str) -> None:
        try:
            await store.operate(name, Operation.CANCEL, BOB)
        except InvalidTransition:
            return

    await asyncio.gather(*(task(name) for name in names for task in (decide, cancel)))
    for name in names:
        assert await scene.status(name) in TERMINAL
        ended = await scene.events(name, EventKind.CANCELLED, EventKind.REJECTED)
        assert len(ended) == 1
        assert not [each for each in await store.approvals_of(name) if each.status is ApprovalStatus.PENDING]
    assert (await store.counts()).pending_approvals == 0
