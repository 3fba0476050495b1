"""wf.run: execute or attach, checkpoints, retries, time-outs, and bodies that misbehave."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import pytest

from sagewai import (
    DurableWorkflow,
    NonRetryableError,
    PayloadError,
    PayloadTooLarge,
    RunCancelled,
    RunFailed,
    RunInputMismatch,
    RunNotFound,
    RunPaused,
    WorkflowMonitor,
    current_step,
)
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.status import Outcome, RunStatus
from tests.engine.helpers import until_status, working


async def test_a_completed_run_returns_its_stored_result_and_runs_no_body_again(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    calls: list[str] = []

    @wf.step("one")
    async def one(topic: str) -> str:
        calls.append("one")
        return topic.upper()

    assert await wf.run(run_id="r1", topic="x") == "X"
    assert await wf.run(run_id="r1") == "X"
    assert await wf.run(run_id="r1", topic="x") == "X"
    assert calls == ["one"]
    with pytest.raises(RunInputMismatch, match="r1"):
        await wf.run(run_id="r1", topic="y")


async def test_a_failed_step_resumes_at_itself_after_a_retry_and_earlier_steps_stay_recorded(
    store: Store,
) -> None:
    wf = DurableWorkflow("flow", store)
    calls: list[str] = []

    @wf.step("one")
    async def one() -> int:
        calls.append("one")
        return 1

    @wf.step("two")
    async def two(value: int) -> int:
        calls.append("two")
        if calls.count("two") == 1:
            raise ValueError("not yet")
        return value + 1

    with pytest.raises(RunFailed, match="ValueError: not yet") as failed:
        await wf.run(run_id="r")
    assert isinstance(failed.value.__cause__, ValueError)
    assert failed.value.step == "two"
    await WorkflowMonitor(store).retry_execution("r")
    assert await wf.run(run_id="r") == 2
    assert calls == ["one", "two", "two"]


async def test_many_callers_of_one_run_id_lead_to_one_execution(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    calls: list[int] = []

    @wf.step("one")
    async def one(n: int) -> int:
        calls.append(n)
        await asyncio.sleep(0.05)
        return n + 1

    assert await asyncio.gather(*(wf.run(run_id="same", n=1) for _ in range(10))) == [2] * 10
    assert calls == [1]


async def test_an_unknown_run_id_without_input_is_an_error_that_names_it(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one(topic: str) -> str:
        return topic

    with pytest.raises(RunNotFound, match="nobody-knows-it"):
        await wf.run(run_id="nobody-knows-it")


async def test_a_run_id_of_another_workflow_is_refused(store: Store) -> None:
    first, second = DurableWorkflow("first", store), DurableWorkflow("second", store)
    first.step("one")(lambda x: x)
    second.step("one")(lambda x: x)
    handle = await first.submit(run_id="r", x=1)
    with pytest.raises(RunInputMismatch, match="r"):
        await second.run(run_id="r")
    with pytest.raises(RunInputMismatch, match="r"):
        await second.run(run_id="r", x=1)
    assert (await handle.status()).status is RunStatus.PENDING


async def test_retries_happen_in_place_and_each_attempt_is_on_the_timeline(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    attempts: list[int] = []
    keys: set[str] = set()

    @wf.step("one", retries=2, retry_delay=0.01)
    async def one() -> str:
        step = current_step()
        assert step is not None
        attempts.append(step.attempt)
        keys.add(step.idempotency_key)
        if step.attempt < 3:
            raise OSError("flaky")
        return "ok"

    assert await wf.run(run_id="r") == "ok"
    assert attempts == [1, 2, 3]
    assert keys == {"r:one"}
    recorded = await store.get_attempts("r")
    assert [(item.attempt, item.outcome) for item in recorded] == [
        (1, Outcome.FAILED),
        (2, Outcome.FAILED),
        (3, Outcome.COMPLETED),
    ]


async def test_exhausted_retries_make_a_dead_letter(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one", retries=1, retry_delay=0.0)
    async def one() -> None:
        raise KeyError("gone")

    with pytest.raises(RunFailed):
        await wf.run(run_id="r")
    letter = await store.get_dead_letter("r")
    assert (letter.step, letter.attempts, letter.error.type) == ("one", 2, "KeyError")


async def test_a_non_retryable_error_skips_the_remaining_retries(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    calls: list[int] = []

    @wf.step("one", retries=5)
    async def one() -> None:
        calls.append(1)
        raise NonRetryableError("no use")

    with pytest.raises(RunFailed, match="no use"):
        await wf.run()
    assert calls == [1]


async def test_a_long_delay_parks_the_run_and_lets_go_of_the_worker(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    calls: list[float] = []

    @wf.step("one", retries=1, retry_delay=2.2)
    async def one() -> str:
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise OSError("later")
        return "ok"

    task = asyncio.create_task(wf.run(run_id="r"))
    run = await until_status(store, "r", RunStatus.WAITING)
    assert (run.wait, run.worker, run.attempt) == ("timer", None, 2)
    assert await task == "ok"
    assert calls[1] - calls[0] >= 2.1


async def test_a_timeout_bounds_each_attempt_and_is_retried(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one", retries=1, retry_delay=0.0, timeout=0.05)
    async def one() -> str:
        step = current_step()
        assert step is not None
        if step.attempt == 1:
            await asyncio.sleep(30)
        return "ok"

    assert await wf.run(run_id="r") == "ok"
    assert [item.outcome for item in await store.get_attempts("r")] == [Outcome.TIMED_OUT, Outcome.COMPLETED]


async def _raises_cancelled() -> str:
    raise asyncio.CancelledError


async def _exits() -> str:
    sys.exit(3)


def _exits_in_thread() -> str:
    sys.exit(3)


@pytest.mark.parametrize("body", [_raises_cancelled, _exits, _exits_in_thread])
async def test_a_body_that_exits_or_cancels_itself_fails_its_attempt_and_nothing_else(
    body: Any, store: Store
) -> None:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(body)
    with pytest.raises(RunFailed):
        await wf.run()


@pytest.mark.parametrize("store_url", ["memory"], indirect=True)
async def test_a_body_that_swallows_cancellation_is_left_behind(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    stubborn = asyncio.Event()
    gave_in = asyncio.Event()

    @wf.step("one", timeout=0.05)
    async def one() -> str:
        while not stubborn.is_set():
            try:
                await stubborn.wait()
            except asyncio.CancelledError:
                continue
        gave_in.set()
        return "too late"

    began = time.monotonic()
    with pytest.raises(RunFailed, match="longer than"):
        await wf.run(run_id="r")
    assert time.monotonic() - began < 8
    stubborn.set()
    await gave_in.wait()
    assert await store.get_results("r") == {}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, {"b": {1, 2}}]}, r"\['a'\]\[1\]\['b'\] is a set"),
        (float("nan"), "nan"),
        ({1: 2}, "key 1"),
        (b"x", "bytes"),
        (object(), "object"),
        pytest.param(10**5000, "digits", id="5,000 digits"),
    ],
)
async def test_a_result_that_would_not_read_back_the_same_fails_by_its_place(
    value: object, place: str, store: Store
) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one", retries=3)
    async def one():
        return value

    with pytest.raises(RunFailed, match=place) as failed:
        await wf.run(run_id="r")
    assert isinstance(failed.value.__cause__, PayloadError)
    assert len(await store.get_attempts("r")) == 1


async def test_an_oversized_result_is_refused_with_its_size(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> str:
        return "x" * 2_000_001

    with pytest.raises(RunFailed, match="2,000,003 bytes") as failed:
        await wf.run()
    assert isinstance(failed.value.__cause__, PayloadTooLarge)


@pytest.mark.parametrize(
    "value", ["a\0b", "\ud800", "é" * 10, {"z": 1, "a": 2}, [1.5, None, True], "x" * 1_000_000]
)
async def test_results_read_back_as_they_were(value: object, store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one():
        return value

    assert await wf.run(run_id="r") == value
    again = await wf.run(run_id="r")
    assert again == value
    if isinstance(again, dict) and isinstance(value, dict):
        assert list(again) == list(value)


async def test_an_error_is_recorded_without_the_secret_it_holds(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "hunter2-hunter2")
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> None:
        raise RuntimeError(
            "401 for hunter2-hunter2 at postgresql://me:topsecret@db/x with sk-abcdefghijklmnopqrstuv"
        )

    with pytest.raises(RunFailed) as failed:
        await wf.run(run_id="r")
    letter = await store.get_dead_letter("r")
    attempts = await store.get_attempts("r")
    for text in (str(failed.value), repr(letter), repr(attempts)):
        assert "hunter2" not in text
        assert "topsecret" not in text
        assert "sk-abc" not in text


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("can't say")


@pytest.mark.parametrize(
    "error", [ValueError("a\0b\ud800\x1b[2J"), Unspeakable(), ValueError("x" * 100_000), KeyError(object())]
)
async def test_whatever_an_exception_says_its_run_fails_properly(error: Exception, store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> None:
        raise error

    with pytest.raises(RunFailed):
        await wf.run(run_id="r")
    letter = await store.get_dead_letter("r")
    assert letter.error.code == type(error).__name__
    assert len(letter.error.message) < 5_000


async def test_cancelling_the_caller_hands_the_run_back(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    reached = asyncio.Event()

    @wf.step("one")
    async def one() -> str:
        reached.set()
        await asyncio.sleep(0 if reached.is_set() and again else 30)
        return "ok"

    again: list[int] = []
    task = asyncio.create_task(wf.run(run_id="r"))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    run = await store.get_run("r")
    assert (run.status, run.takeovers) == (RunStatus.PENDING, 0)
    again.append(1)
    assert await wf.run(run_id="r") == "ok"


async def test_submitted_runs_wait_for_a_worker_and_the_handle_gets_their_result(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one(n: int) -> int:
        return n * 2

    handles = await wf.submit_many([{"n": n} for n in range(5)])
    assert (await handles[0].status()).status is RunStatus.PENDING
    async with working(store, wf):
        assert await asyncio.gather(*(handle.result(timeout=20) for handle in handles)) == [0, 2, 4, 6, 8]


async def test_submitting_many_is_all_or_nothing(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    await wf.submit(run_id="b", n=1)
    with pytest.raises(RunInputMismatch, match="b"):
        await wf.submit_many([{"n": 1}, {"n": 2}], run_ids=["a", "b"])
    with pytest.raises(RunNotFound):
        await store.get_run("a")


async def test_a_delayed_run_starts_when_it_is_due(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    handle = await wf.submit(n=1, delay=0.5)
    run = await handle.status()
    assert (run.status, run.wait) == (RunStatus.WAITING, "timer")
    async with working(store, wf):
        assert await handle.result(timeout=20) == 1


async def test_a_paused_run_says_so_and_goes_on_when_resumed(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    actor = Actor("ada", source="cli", assurance="os")
    await wf.submit(run_id="r", n=1)
    await commands.pause(store, "r", actor=actor)
    with pytest.raises(RunPaused, match="sagewai runs resume r"):
        await wf.run(run_id="r")
    await commands.resume(store, "r", actor=actor)
    assert await wf.run(run_id="r") == 1


async def test_a_cancelled_run_says_by_whom_and_why(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    await wf.submit(run_id="r", n=1)
    await commands.cancel(store, "r", actor=Actor("ada"), reason="wrong customer")
    with pytest.raises(RunCancelled, match="cancelled by ada: wrong customer"):
        await wf.run(run_id="r")
