"""Durable waits: timers and waits for signals are recorded once, settled by the store's clock, and wake their run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import StoreRefused
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus, Verdict, WaitReason, WaitStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, LONG, Owner, Scene, ask, definition, listen, timer

SOON = 0.02


async def take_again(scene: Scene) -> Owner:
    """The waiting run goes on although nothing came, as after an operator's pause."""
    await scene.store.operate("r1", Operation.PAUSE, BOB)
    await scene.store.operate("r1", Operation.RESUME, BOB)
    return await scene.take()


# -- recorded ---------------------------------------------------------------------------------------------------------


async def test_a_sleeping_run_waits_for_its_timer_and_holds_no_worker(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await store.now()
    assert await owner.park(timer(delay=90.0)) is RunStatus.WAITING
    run = await store.get_run("r1")
    assert (run.wait, run.step, run.attempt, run.worker, run.session) == (
        WaitReason.TIMER,
        "fetch",
        1,
        None,
        None,
    )
    (wait,) = await store.waits_of("r1")
    assert (wait.run_id, wait.step, wait.branch, wait.key, wait.kind, wait.name) == (
        "r1",
        "fetch",
        "",
        "#1",
        "timer",
        "",
    )
    assert (wait.status, wait.settled_at, wait.payload, wait.sender) == (
        WaitStatus.PENDING,
        None,
        None,
        None,
    )
    assert before <= wait.asked_at <= await store.now()
    assert wait.due_at is not None
    assert (wait.due_at - wait.asked_at).total_seconds() == pytest.approx(90.0, abs=0.001)
    assert run.due_at == wait.due_at
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.outcome, attempt.error) == (Outcome.SUSPENDED, None)
    (event,) = await scene.events("r1", EventKind.WAITING)
    assert event.detail["for"] == "timer"
    assert datetime.fromisoformat(str(event.detail["due_at"])) == wait.due_at


async def test_a_wait_for_a_signal_keeps_its_name_and_may_have_no_end(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await owner.park(listen("paid", "lead", branch="a/b")) is RunStatus.WAITING
    run = await store.get_run("r1")
    assert (run.wait, run.due_at) == (WaitReason.SIGNAL, None)
    (wait,) = await store.waits_of("r1")
    assert (wait.branch, wait.key, wait.kind, wait.name, wait.due_at) == (
        "a/b",
        "lead",
        "signal",
        "paid",
        None,
    )
    (event,) = await scene.events("r1", EventKind.WAITING)
    assert dict(event.detail) == {"for": "signal"}


async def test_a_wait_until_a_moment_is_due_at_that_moment_whatever_its_time_zone(
    scene: Scene, store: Store
) -> None:
    moment = datetime(2123, 4, 5, 6, 7, 8, 901234, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    owner = await scene.own()
    await owner.park(timer("nap", until=moment), listen("paid", until=moment))
    waits = await scene.waits()
    for key in ("nap", "#1"):
        assert waits[key].due_at == moment.astimezone(UTC)
    assert (await store.get_run("r1")).due_at == moment


async def test_waits_come_in_the_order_they_were_asked_for_and_by_step(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    names = [("y", "b"), ("y", "a"), ("x", "c")]
    await owner.park(*(timer(key, branch=branch) for branch, key in names))
    owner = await take_again(scene)
    await owner.make(Move.STEP_DONE)
    await owner.park(listen("paid", "late", step="judge"))
    assert [(wait.branch, wait.key) for wait in await store.waits_of("r1", "fetch")] == names
    assert [wait.key for wait in await store.waits_of("r1", "judge")] == ["late"]
    assert [wait.key for wait in await store.waits_of("r1")] == ["b", "a", "c", "late"]
    assert await store.waits_of("r1", "file") == []
    assert await store.waits_of("nowhere") == []


async def test_asking_again_keeps_the_first_due_time(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer("nap"), listen("paid", "word", delay=LONG))
    before = await store.waits_of("r1")
    owner = await take_again(scene)
    assert await owner.park(timer("nap", delay=5.0), listen("paid", "word")) is RunStatus.WAITING
    assert await store.waits_of("r1") == before
    assert (await store.get_run("r1")).due_at == before[0].due_at


async def test_the_same_key_in_another_step_or_branch_is_another_wait(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer("nap"), timer("nap", branch="x"))
    owner = await take_again(scene)
    await owner.make(Move.STEP_DONE)
    await owner.park(timer("nap", step="judge"))
    assert [(wait.step, wait.branch) for wait in await store.waits_of("r1")] == [
        ("fetch", ""),
        ("fetch", "x"),
        ("judge", ""),
    ]


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_wait_that_cannot_be_stored_records_nothing(scene: Scene, store: Store, bad: str) -> None:
    owner = await scene.own()
    before = await picture(store)
    for wait in (listen(bad), timer(bad), timer(branch=bad)):
        with pytest.raises(StoreRefused):
            await owner.park(wait)
    assert await picture(store) == before
    assert await store.waits_of("r1") == []


# -- what for, and until when -----------------------------------------------------------------------------------------


async def test_people_come_before_signals_and_signals_before_timers(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer("nap"), listen(), ask("lead"))
    assert (await store.get_run("r1")).wait is WaitReason.APPROVAL
    owner = await take_again(scene)
    await owner.make(Move.STEP_DONE)
    await owner.park(timer("nap", step="judge"), listen(step="judge"))
    assert (await store.get_run("r1")).wait is WaitReason.SIGNAL


async def test_a_run_waits_until_the_first_of_its_waits_is_due(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), timer("later", delay=2 * LONG), listen(delay=LONG), listen("x", "#2"))
    waits = await scene.waits()
    assert (await store.get_run("r1")).due_at == waits["#1"].due_at
    (event,) = await scene.events("r1", EventKind.WAITING)
    assert event.detail["for"] == "approval"
    assert datetime.fromisoformat(str(event.detail["due_at"])) == waits["#1"].due_at


async def test_a_decision_wakes_a_run_that_also_sleeps(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), timer("nap"))
    await scene.decide()
    run = await store.get_run("r1")
    assert (run.status, run.due_at) == (RunStatus.PENDING, None)
    assert (await scene.waits())["nap"].status is WaitStatus.PENDING


async def test_a_rejection_ends_a_run_that_also_listens(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), listen())
    await scene.decide("r1", Verdict.REJECT)
    assert await scene.status() is RunStatus.REJECTED


# -- settled by time --------------------------------------------------------------------------------------------------


async def test_a_due_timer_fires_and_wakes_its_run(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer(delay=SOON))
    (wait,) = await store.waits_of("r1")
    await scene.past(wait.due_at)
    assert (await store.tick()).woken == 1
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at) == (RunStatus.PENDING, None, None)
    (fired,) = await store.waits_of("r1")
    assert (fired.status, fired.payload, fired.sender) == (WaitStatus.FIRED, None, None)
    assert (fired.asked_at, fired.due_at) == (wait.asked_at, wait.due_at)
    assert fired.settled_at is not None
    assert fired.due_at is not None
    assert fired.settled_at >= fired.due_at
    (event,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(event.detail) == {"by": "timer"}
    assert (await scene.take()).lease.wakeups == owner.lease.wakeups + 1


async def test_a_signal_that_does_not_come_in_time_expires(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(listen(delay=SOON))
    await scene.past((await store.get_run("r1")).due_at)
    assert (await store.tick()).woken == 1
    (wait,) = await store.waits_of("r1")
    assert (wait.status, wait.payload, wait.sender) == (WaitStatus.EXPIRED, None, None)
    assert wait.settled_at is not None
    (event,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(event.detail) == {"by": "timer"}


async def test_a_sweep_settles_all_that_is_due_and_nothing_else(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer("a", delay=SOON), listen("x", "b", delay=SOON), timer("c"), listen("y", "d"))
    waits = await scene.waits()
    await scene.past(max(filter(None, (waits[key].due_at for key in "ab"))))
    assert (await store.tick()).woken == 1
    assert {key: wait.status for key, wait in (await scene.waits()).items()} == {
        "a": WaitStatus.FIRED,
        "b": WaitStatus.EXPIRED,
        "c": WaitStatus.PENDING,
        "d": WaitStatus.PENDING,
    }
    assert (await store.tick()).woken == 0


async def test_a_sweep_before_the_time_changes_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer(), listen(delay=LONG))
    before = (await picture(store), await store.waits_of("r1"))
    await store.tick()
    assert (await picture(store), await store.waits_of("r1")) == before


async def test_a_run_whose_approval_is_slow_wakes_for_its_timer(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), timer(delay=SOON))
    await scene.past((await store.get_run("r1")).due_at)
    await store.tick()
    owner = await scene.take()
    assert await owner.park(ask("lead")) is RunStatus.WAITING
    assert (await store.get_run("r1")).wait is WaitReason.APPROVAL


async def test_waking_from_a_retry_delay_is_still_told_apart(scene: Scene, store: Store) -> None:
    owner = await scene.own(shape=definition(steps=("judge",)))
    await owner.park(timer(step="judge", delay=0.0))
    owner = await scene.take()
    await owner.make(Move.RETRY_LATER, delay=0.0)
    await scene.past((await store.get_run("r1")).due_at)
    await store.tick()
    assert [event.detail["by"] for event in await scene.events("r1", EventKind.WOKEN)] == ["timer", "retry"]


# -- settled when asked -----------------------------------------------------------------------------------------------


async def test_a_timer_that_is_due_when_asked_for_wakes_at_once(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    long_ago = datetime(1999, 1, 1, tzinfo=UTC)
    assert await owner.park(timer("past", until=long_ago), timer("nap")) is RunStatus.PENDING
    waits = await scene.waits()
    assert (waits["past"].status, waits["past"].due_at) == (WaitStatus.FIRED, long_ago)
    assert waits["nap"].status is WaitStatus.PENDING
    (event,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(event.detail) == {"by": "timer"}
    assert await scene.events("r1", EventKind.WAITING) == []
    run = await store.get_run("r1")
    assert (run.wait, run.due_at, run.session) == (None, None, None)


async def test_a_wait_for_a_signal_without_patience_expires_at_once(scene: Scene) -> None:
    owner = await scene.own()
    assert await owner.park(listen(delay=0.0)) is RunStatus.PENDING
    assert (await scene.waits())["#1"].status is WaitStatus.EXPIRED


async def test_a_wait_that_became_due_while_nobody_waited_is_settled_by_the_next_park(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own()
    await owner.park(timer("nap", delay=SOON))
    due = (await store.get_run("r1")).due_at
    owner = await take_again(scene)
    await scene.past(due)
    assert (await store.tick()).woken == 0
    assert await owner.park(timer("nap")) is RunStatus.PENDING
    (wait,) = await store.waits_of("r1")
    assert (wait.status, wait.due_at) == (WaitStatus.FIRED, due)


async def test_a_wait_settled_long_ago_wakes_whoever_asks_again(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer("nap", delay=0.0))
    before = await store.waits_of("r1")
    owner = await scene.take()
    assert await owner.park(timer("nap"), timer("other")) is RunStatus.PENDING
    assert (await store.waits_of("r1"))[:1] == before


# -- asked to stop meanwhile ------------------------------------------------------------------------------------------


async def test_a_park_that_honours_a_pause_records_its_waits(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.PAUSE, BOB)
    assert await owner.park(timer("nap"), timer("now", delay=0.0)) is RunStatus.PAUSED
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at) == (RunStatus.PAUSED, None, None)
    waits = await scene.waits()
    assert (waits["nap"].status, waits["now"].status) == (WaitStatus.PENDING, WaitStatus.FIRED)


async def test_a_park_that_honours_a_cancel_records_no_wait(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB)
    assert await owner.park(timer("nap"), listen()) is RunStatus.CANCELLED
    assert await store.waits_of("r1") == []


async def test_a_park_that_lost_its_lease_records_no_wait(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await scene.lose("r1")
    assert await owner.park(timer("nap"), listen()) is None
    assert await store.waits_of("r1") == []


async def test_an_ended_run_is_woken_by_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(timer(delay=SOON))
    due = (await store.get_run("r1")).due_at
    await store.operate("r1", Operation.CANCEL, BOB)
    await scene.past(due)
    assert (await store.tick()).woken == 0
    assert await scene.status() is RunStatus.CANCELLED


async def test_parks_of_many_runs_in_one_batch_keep_to_themselves(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owners = [await scene.own(f"r{number}", session=session) for number in range(6)]
    await scene.signal("r1")
    waits = [timer("nap"), listen(), timer("now", delay=0.0)]
    batch = [
        owner.transition(Move.PARK, requests=(), waits=(waits[number % 3],), wakeups=99)
        for number, owner in enumerate(owners)
    ]
    assert await store.record(batch) == [
        RunStatus.WAITING,
        RunStatus.PENDING,
        RunStatus.PENDING,
        RunStatus.WAITING,
        RunStatus.WAITING,
        RunStatus.PENDING,
    ]
    found = [await store.waits_of(f"r{number}") for number in range(6)]
    assert [[wait.key for wait in each] for each in found] == [["nap"], ["#1"], ["now"]] * 2
