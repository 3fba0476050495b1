"""Signals: kept until a step waits for their name, taken once, oldest first, and never lost to a park under way."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidTransition, RunNotFound, StoreRefused
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import TERMINAL, RunStatus, WaitReason, WaitStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Owner, Scene, ask, listen, timer


async def take_again(scene: Scene) -> Owner:
    """The waiting run goes on although nothing came, as after an operator's pause."""
    await scene.store.operate("r1", Operation.PAUSE, BOB)
    await scene.store.operate("r1", Operation.RESUME, BOB)
    return await scene.take()


async def test_a_signal_wakes_the_run_that_waits_for_it(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(listen("paid", delay=LONG))
    before = await store.now()
    sent = await scene.signal("r1", "paid", {"amount": 5, "ü": None}, by=BOB)
    assert (sent.run_id, sent.name, sent.payload, sent.sender, sent.taken) == (
        "r1",
        "paid",
        '{"amount":5,"ü":null}',
        BOB,
        True,
    )
    assert before <= sent.sent_at <= await store.now()
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.due_at, run.step) == (RunStatus.PENDING, None, None, "fetch")
    (wait,) = await store.waits_of("r1")
    assert (wait.status, wait.payload, wait.sender) == (WaitStatus.FIRED, sent.payload, BOB)
    assert wait.settled_at is not None
    assert await store.signals_of("r1") == [sent]
    assert (await scene.take()).lease.wakeups == owner.lease.wakeups + 1


async def test_a_signal_leaves_an_event_with_its_sender_and_one_for_the_waking(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(listen("paid"))
    sent = await scene.signal("r1", "paid", by=BOB)
    (event,) = await scene.events("r1", EventKind.SIGNALLED)
    assert dict(event.detail) == {"signal_id": sent.id, "name": "paid"}
    assert (event.actor, event.source, event.assurance) == ("bob", "console", "ssh")
    (woken,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(woken.detail) == {"by": "signal"}


async def test_a_signal_of_another_name_is_kept_and_wakes_nobody(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(listen("paid"))
    assert (await scene.signal("r1", "shipped")).taken is False
    assert (await store.get_run("r1")).wait is WaitReason.SIGNAL
    assert (await scene.waits())["#1"].status is WaitStatus.PENDING
    (kept,) = await store.signals_of("r1")
    assert (kept.name, kept.taken) == ("shipped", False)


async def test_a_signal_of_another_run_does_not_matter(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(listen("paid"))
    await scene.submit("r2")
    await scene.signal("r2", "paid")
    assert await scene.status("r1") is RunStatus.WAITING


async def test_a_signal_sent_before_anybody_waits_is_kept(scene: Scene, store: Store) -> None:
    await scene.submit()
    assert (await scene.signal("r1", "paid", 7)).taken is False
    owner = await scene.take()
    assert await owner.park(listen("paid")) is RunStatus.PENDING
    (wait,) = await store.waits_of("r1")
    assert (wait.status, wait.payload, wait.sender) == (WaitStatus.FIRED, "7", ALICE)
    (signal,) = await store.signals_of("r1")
    assert signal.taken is True
    (woken,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(woken.detail) == {"by": "signal"}


async def test_one_wait_takes_one_signal_the_oldest_first(scene: Scene, store: Store) -> None:
    await scene.submit()
    for number in range(3):
        await scene.signal("r1", "paid", number)
    owner = await scene.take()
    await owner.park(listen("paid", "a"), listen("paid", "b"))
    waits = await scene.waits()
    assert (waits["a"].payload, waits["b"].payload) == ("0", "1")
    assert [signal.taken for signal in await store.signals_of("r1")] == [True, True, False]
    owner = await scene.take()
    await owner.park(listen("paid", "a"), listen("paid", "b"), listen("paid", "c"))
    assert (await scene.waits())["c"].payload == "2"


async def test_the_oldest_wait_takes_the_signal(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(listen("paid", "b"), listen("paid", "a"))
    await scene.signal("r1", "paid", 1)
    waits = await scene.waits()
    assert (waits["b"].payload, waits["a"].payload) == ("1", None)
    await scene.signal("r1", "paid", 2)
    assert (await scene.waits())["a"].payload == "2"


async def test_a_settled_wait_takes_no_second_signal(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(listen("paid"))
    await scene.signal("r1", "paid", 1)
    assert (await scene.signal("r1", "paid", 2)).taken is False
    owner = await scene.take()
    await owner.park(listen("paid"))
    assert (await scene.waits())["#1"].payload == "1"
    assert [signal.taken for signal in await store.signals_of("r1")] == [True, False]


async def test_a_wait_that_expired_takes_no_signal(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(listen("paid", delay=0.0))
    assert (await scene.signal("r1", "paid")).taken is False
    assert (await scene.waits())["#1"].status is WaitStatus.EXPIRED


async def test_a_signal_that_is_there_counts_although_the_time_is_over_too(scene: Scene) -> None:
    await scene.submit()
    await scene.signal("r1", "paid", 1)
    owner = await scene.take()
    await owner.park(listen("paid", delay=0.0))
    wait = (await scene.waits())["#1"]
    assert (wait.status, wait.payload) == (WaitStatus.FIRED, "1")


async def left_behind(scene: Scene) -> Owner:
    """``fetch`` waited for two signals, and was content with one: the run is at ``judge``."""
    owner = await scene.own()
    await owner.park(listen("paid"), listen("enough", "#2"))
    await scene.signal("r1", "enough")
    owner = await scene.take()
    await owner.make(Move.STEP_DONE)
    return owner


async def test_a_wait_that_an_earlier_step_left_behind_swallows_no_signal(scene: Scene, store: Store) -> None:
    owner = await left_behind(scene)
    assert (await scene.signal("r1", "paid", 1)).taken is False
    assert await owner.park(listen("paid", step="judge")) is RunStatus.PENDING
    left, _, judged = await store.waits_of("r1")
    assert (left.step, left.status, left.payload) == ("fetch", WaitStatus.PENDING, None)
    assert (judged.step, judged.status, judged.payload) == ("judge", WaitStatus.FIRED, "1")


async def test_the_step_that_waits_now_comes_before_an_older_wait_of_an_earlier_one(
    scene: Scene, store: Store
) -> None:
    owner = await left_behind(scene)
    await owner.park(listen("paid", step="judge"))
    assert (await scene.signal("r1", "paid", 1)).taken is True
    assert await scene.status() is RunStatus.PENDING
    assert [wait.payload for wait in await store.waits_of("r1")] == [None, "null", "1"]


async def test_a_timer_takes_no_signal(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(timer())
    assert (await scene.signal("r1", "")).taken is False
    assert await scene.status() is RunStatus.WAITING


async def test_a_signal_wakes_a_run_that_also_waits_for_people(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), listen("paid"))
    await scene.signal("r1", "paid")
    assert await scene.status() is RunStatus.PENDING
    assert (await store.counts()).pending_approvals == 1


@pytest.mark.parametrize("status", [RunStatus.PAUSED, RunStatus.PENDING, RunStatus.RUNNING])
async def test_a_signal_meets_the_wait_of_a_run_that_does_not_wait_now(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    owner = await scene.own()
    await owner.park(listen("paid"))
    await store.operate("r1", Operation.PAUSE, BOB)
    if status is not RunStatus.PAUSED:
        await store.operate("r1", Operation.RESUME, BOB)
    if status is RunStatus.RUNNING:
        owner = await scene.take()
    sent = await scene.signal("r1", "paid", 1)
    assert sent.taken is True
    assert await scene.status() is status
    assert (await scene.waits())["#1"].payload == "1"
    assert await scene.events("r1", EventKind.WOKEN) == []
    if status is RunStatus.RUNNING:
        assert await owner.park(listen("paid")) is RunStatus.PENDING


async def test_a_signal_leaves_token_and_rev_alone(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await scene.signal()
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert (head.token, head.rev, head.status) == (1, owner.lease.rev, RunStatus.RUNNING)
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_a_run_that_is_over_takes_no_signal(scene: Scene, store: Store, status: RunStatus) -> None:
    await scene.run_in(status)
    before = await picture(store)
    with pytest.raises(InvalidTransition, match="r1"):
        await scene.signal()
    assert await picture(store) == before
    assert await store.signals_of("r1") == []


async def test_a_run_that_does_not_exist_takes_no_signal(scene: Scene, store: Store) -> None:
    with pytest.raises(RunNotFound, match="nowhere"):
        await scene.signal("nowhere")
    with pytest.raises(RunNotFound, match="nowhere"):
        await store.signals_of("nowhere")


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_signal_that_cannot_be_stored_is_refused(scene: Scene, store: Store, bad: str) -> None:
    owner = await scene.own()
    await owner.park(listen("paid"))
    before = await picture(store)
    for name, payload, sender in ((bad, "1", ALICE), ("paid", bad, ALICE), ("paid", "1", Actor(bad))):
        with pytest.raises(StoreRefused):
            await store.signal("r1", name, payload, sender)
    assert await picture(store) == before
    assert await store.signals_of("r1") == []


async def test_signals_come_in_the_order_they_were_sent(scene: Scene, store: Store) -> None:
    await scene.submit()
    sent = [await scene.signal("r1", name, name) for name in ("b", "a", "b")]
    found = await store.signals_of("r1")
    assert found == sent
    assert [signal.id for signal in found] == sorted(signal.id for signal in found)


# -- sent while the step parks ----------------------------------------------------------------------------------------


async def test_a_signal_between_reading_and_parking_wakes_the_run(scene: Scene, store: Store) -> None:
    """The step looked for its signal in vain, then parks; meanwhile it was sent."""
    owner = await scene.own()
    assert await store.waits_of("r1") == []
    await scene.signal("r1", "paid", 1)
    assert await owner.park(listen("paid")) is RunStatus.PENDING
    assert (await scene.waits())["#1"].payload == "1"


async def test_even_a_signal_nobody_asked_for_lets_the_step_look_again(scene: Scene) -> None:
    owner = await scene.own()
    await scene.signal("r1", "shipped")
    assert await owner.park(listen("paid")) is RunStatus.PENDING
    (woken,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(woken.detail) == {"by": "signal"}
    owner = await scene.take()
    assert await owner.park(listen("paid")) is RunStatus.WAITING


async def test_a_signal_and_a_park_at_once_always_meet(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=30)
    owners = [await scene.own(f"r{number}", session=session) for number in range(30)]
    sent, parked = await asyncio.gather(
        asyncio.gather(*(scene.signal(owner.run_id, "paid", owner.run_id) for owner in owners)),
        asyncio.gather(*(owner.park(listen("paid")) for owner in owners)),
    )
    assert len(sent) == 30
    assert set(parked) <= {RunStatus.WAITING, RunStatus.PENDING}
    for owner in owners:
        assert await scene.status(owner.run_id) is RunStatus.PENDING
        (wait,) = await store.waits_of(owner.run_id)
        assert (wait.status, wait.payload) == (WaitStatus.FIRED, f'"{owner.run_id}"')
        (signal,) = await store.signals_of(owner.run_id)
        assert signal.taken is True


async def test_twenty_signals_at_once_are_each_taken_by_one_wait(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(*(listen("paid", f"w{number}") for number in range(20)))
    await asyncio.gather(*(scene.signal("r1", "paid", number) for number in range(20)))
    assert all(signal.taken for signal in await store.signals_of("r1"))
    payloads = [wait.payload for wait in await store.waits_of("r1")]
    assert sorted(map(str, payloads)) == sorted(map(str, range(20)))
    assert len(await scene.events("r1", EventKind.WOKEN)) == 1


async def test_signals_race_a_sweep_and_each_wait_ends_one_way(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=20)
    for number in range(20):
        owner = await scene.own(f"r{number}", session=session)
        await owner.park(listen("paid", delay=0.05))
    await scene.past((await store.get_run("r19")).due_at)
    await asyncio.gather(*(scene.signal(f"r{number}") for number in range(20)), store.tick(), store.tick())
    for number in range(20):
        (wait,) = await store.waits_of(f"r{number}")
        (signal,) = await store.signals_of(f"r{number}")
        assert wait.status is (WaitStatus.FIRED if signal.taken else WaitStatus.EXPIRED)
        assert await scene.status(f"r{number}") is RunStatus.PENDING
        assert len(await scene.events(f"r{number}", EventKind.WOKEN)) == 1
