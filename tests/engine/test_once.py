"""once(): what was called in a step isn't called again when the step runs again, whatever made it run again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sagewai import (
    AnswerUnusable,
    DurableWorkflow,
    InMemoryStore,
    InvalidOptionError,
    LeaseLost,
    OutsideRun,
    PayloadError,
    RunFailed,
    once,
    once_sync,
    sleep,
    sleep_sync,
)
from sagewai.core.context import branch
from sagewai.core.failpoints import VARIABLE as FAILPOINTS
from sagewai.core.stores.base import Store
from sagewai.core.worker.process import this_process
from sagewai.models.call import CallRecord
from sagewai.models.session import SessionSpec
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Transition
from tests.engine import charger
from tests.engine.helpers import until, until_status
from tests.engine.ledger import LEDGER

ROOT = Path(__file__).parents[2]


class Receipt(BaseModel):
    cents: int
    at: datetime


class Bank:
    """Counts what is charged."""

    def __init__(self) -> None:
        self.charged: list[int] = []

    async def charge(self, cents: int) -> Receipt:
        self.charged.append(cents)
        return Receipt(cents=cents, at=datetime(2026, 11, 23, len(self.charged), tzinfo=UTC))


async def test_a_step_that_waits_does_not_call_again_and_sees_the_same_result(store: Store) -> None:
    bank, seen = Bank(), list[Receipt]()
    wf = DurableWorkflow("pay", store)

    @wf.step("pay")
    async def pay(cents: int) -> int:
        seen.append(await once("charge", bank.charge, cents))
        await sleep(0.01)
        return seen[-1].cents

    assert await wf.run(run_id="r", cents=5) == 5

    assert bank.charged == [5]
    assert len(seen) == 2
    assert seen[0] == seen[1] == Receipt(cents=5, at=datetime(2026, 11, 23, 1, tzinfo=UTC))
    (call,) = await store.calls_of("r")
    assert (call.step, call.kind, call.name, call.branch, call.position) == ("pay", "once", "charge", "", 1)
    assert (call.request, call.model) == ('{"args":[5],"kwargs":{}}', "")


async def test_a_failed_attempt_leaves_its_calls_to_the_next(store: Store) -> None:
    bank, attempts = Bank(), list[int]()
    wf = DurableWorkflow("pay", store)

    @wf.step("pay", retries=2, retry_delay=0)
    async def pay() -> int:
        receipt = await once("charge", bank.charge, 5)
        attempts.append(receipt.at.hour)
        if len(attempts) < 3:
            raise RuntimeError("what comes after it fails")
        return receipt.cents

    await wf.run()

    assert (attempts, bank.charged) == ([1, 1, 1], [5])


@pytest.mark.parametrize("grouped", [False, True])
async def test_an_attempt_that_calls_its_answer_unusable_lets_the_next_call_anew(
    grouped: bool, store: Store
) -> None:
    bank = Bank()
    wf = DurableWorkflow("pay", store)

    @wf.step("pay", retries=2, retry_delay=0)
    async def pay() -> int:
        receipt = await once("charge", bank.charge, 5)
        if receipt.at.hour == 1:
            unusable = AnswerUnusable("not before two")
            raise ExceptionGroup("both", [ValueError(), unusable]) if grouped else unusable
        if len(bank.charged) == 2 and (await store.get_run("r")).attempt == 2:
            raise RuntimeError("no fault of the answer")
        return receipt.at.hour

    assert await wf.run(run_id="r") == 2
    assert bank.charged == [5, 5]
    assert [(call.kind, call.round) for call in await store.calls_of("r")] == [
        ("once", 0),
        ("void", 0),
        ("once", 1),
    ]


async def test_other_arguments_another_name_and_another_branch_are_other_calls(store: Store) -> None:
    bank = Bank()
    wf = DurableWorkflow("pay", store)

    @wf.step("pay")
    async def pay() -> None:
        await once("charge", bank.charge, 1)
        await once("charge", bank.charge, 2)
        await once("charge", bank.charge, cents=2)
        await once("again", bank.charge, 2)
        with branch("left"):
            await once("charge", bank.charge, 2)
        await once("charge", bank.charge, 2)
        await sleep(0.01)

    await wf.run()

    assert bank.charged == [1, 2, 2, 2, 2, 2]


async def test_calls_side_by_side_find_their_results_in_whatever_order_they_come(store: Store) -> None:
    called: list[int] = []
    wf = DurableWorkflow("pay", store)
    turns = iter([[1, 2, 3], [3, 1, 2]])
    seen: list[list[str]] = []

    async def call(number: int) -> str:
        called.append(number)
        return f"{number} was call {len(called)}"

    @wf.step("pay")
    async def pay() -> None:
        turn = next(turns)
        gates = [asyncio.Event() for _ in turn]

        async def one(number: int) -> str:
            await gates[turn.index(number)].wait()
            result = await once("call", call, number)
            if turn.index(number) + 1 < len(turn):
                gates[turn.index(number) + 1].set()
            return result

        gates[0].set()
        seen.append(await asyncio.gather(*(one(number) for number in (1, 2, 3))))
        await sleep(0.01)

    await wf.run()

    assert called == [1, 2, 3]
    assert seen[0] == seen[1] == ["1 was call 1", "2 was call 2", "3 was call 3"]


async def test_sync_functions_and_sync_steps_have_their_threads(store: Store) -> None:
    threads: list[str] = []
    wf = DurableWorkflow("pay", store)

    def charge(cents: int) -> tuple[int, str]:
        threads.append(threading.current_thread().name)
        return cents, "EUR"

    @wf.step("async")
    async def first() -> str:
        result = await once("charge", charge, 5)
        assert result == (5, "EUR")
        await sleep(0.01)
        return result[1]

    @wf.step("sync")
    def second(currency: str) -> tuple[int, str]:
        result = once_sync("charge", charge, 6)
        sleep_sync(0.01)
        return result

    assert tuple(await wf.run()) == (6, "EUR")
    assert threads == ["sagewai-step", "sagewai-step"]


class Looped(InMemoryStore):
    """Notes in which event loops calls are recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: set[asyncio.AbstractEventLoop] = set()

    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        self.loops.add(asyncio.get_running_loop())
        return await super().record_calls(calls)


async def test_a_sync_step_may_run_a_loop_of_its_own() -> None:
    store, bank = Looped(), Bank()
    wf = DurableWorkflow("pay", store)

    @wf.step("pay")
    def pay() -> int:
        receipt = asyncio.run(_charge(bank))
        sleep_sync(0.01)
        return receipt.cents

    assert await wf.run() == 5
    assert bank.charged == [5]
    assert store.loops == {asyncio.get_running_loop()}  # the committer's: it serves no other


async def _charge(bank: Bank) -> Receipt:
    return await once("charge", bank.charge, 5)


async def test_what_the_function_raises_is_raised_and_not_recorded(store: Store) -> None:
    wf = DurableWorkflow("pay", store)
    asked: list[int] = []

    def charge() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionError("no bank")
        return "paid"

    @wf.step("pay", retries=1, retry_delay=0)
    async def pay() -> str:
        return await once("charge", charge)

    assert await wf.run(run_id="r") == "paid"
    assert len(await store.calls_of("r")) == 1


async def test_outside_a_step_the_function_is_just_called() -> None:
    bank = Bank()

    for _ in range(2):
        await once("charge", bank.charge, 5)
        await asyncio.to_thread(once_sync, "charge", bank.charged.append, 6)

    assert bank.charged == [5, 6, 5, 6]
    with pytest.raises(OutsideRun, match="await once"):
        once_sync("charge", print)


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        (
            ("charge", lambda card: None, threading.Lock()),
            PayloadError,
            "argument 1 of once.'charge'. is a lock",
        ),
        (("charge", lambda: {1, 2}), PayloadError, "the result of once.'charge'. is a set"),
        (("", print), InvalidOptionError, "the name given to once.. is blank"),
        (("charge", 5), InvalidOptionError, "once.. was given 5"),
    ],
)
async def test_what_cannot_be_recorded_says_so(given: Any, error: type[Exception], text: str) -> None:
    wf = DurableWorkflow("pay", InMemoryStore())

    @wf.step("pay")
    async def pay() -> None:
        await once(*given)

    with pytest.raises(RunFailed) as failed:
        await wf.run()
    assert isinstance(failed.value.__cause__, error)
    with pytest.raises(error, match=text):
        raise failed.value.__cause__


# -- who may record ---------------------------------------------------------------------------------------------------


async def test_a_run_that_has_another_owner_records_nothing_more(store: Store) -> None:
    wf = DurableWorkflow("pay", store)
    went_on: list[str] = []

    async def charge() -> str:
        """Slow enough for its worker to be thought dead, and the run to be given to another."""
        run = await store.get_run("r")
        assert run.session is not None
        await store.lapse_sessions([run.session])
        await store.tick()
        other = await store.open_session(
            SessionSpec(name="w2", kind="worker", process=this_process(), lease_ttl=60, max_concurrent=1)
        )
        assert await store.claim_run(other, "r") is not None
        return "paid"

    @wf.step("pay")
    async def pay() -> str:
        try:
            return await once("charge", charge)
        except LeaseLost:
            await asyncio.Event().wait()  # whatever it does, it is stopped
            raise
        finally:
            went_on.append("the step was stopped")

    caller = asyncio.create_task(wf.run(run_id="r"))

    async def stopped() -> bool:
        return bool(went_on)

    await until(stopped, timeout=6)  # the heartbeat would only tell after ten
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)

    assert await store.calls_of("r") == []
    run = await store.get_run("r")
    assert (run.status, run.worker) == (RunStatus.RUNNING, "w2")
    assert [attempt.outcome for attempt in await store.get_attempts("r")] == [Outcome.LOST]


class Slow(InMemoryStore):
    """Notes in which order calls and transitions reach it; calls take their time."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []
        self.release = asyncio.Event()

    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        await self.release.wait()
        self.order += [call.kind for call in calls]
        return await super().record_calls(calls)

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        self.order += [transition.move.name for transition in transitions]
        return await super().record(transitions)


async def test_a_step_is_recorded_after_the_calls_that_it_left_under_way() -> None:
    store = Slow()
    wf = DurableWorkflow("pay", store)
    left: list[asyncio.Task[str]] = []

    async def charge() -> str:
        asyncio.get_running_loop().call_later(0.05, store.release.set)
        return "paid"

    @wf.step("pay")
    async def pay() -> str:
        left.append(asyncio.create_task(once("charge", charge)))
        await asyncio.sleep(0.01)
        return "done"

    assert await wf.run(run_id="r") == "done"
    assert store.order == ["once", "COMPLETED"]
    assert await left[0] == "paid"


async def test_what_an_attempt_left_behind_is_neither_called_nor_recorded() -> None:
    store = InMemoryStore()
    bank = Bank()
    wf = DurableWorkflow("pay", store)
    left: list[asyncio.Task[Any]] = []
    over = asyncio.Event()

    async def later() -> None:
        await over.wait()
        await once("charge", bank.charge, 5)

    @wf.step("pay")
    async def pay() -> str:
        left.append(asyncio.create_task(later()))
        return "done"

    await wf.run(run_id="r")
    over.set()

    with pytest.raises(Exception, match="attempt 1 of step 'pay' is over"):
        await left[0]
    assert bank.charged == []
    assert await store.calls_of("r") == []


# -- kill -9 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize(
    ("failpoint", "charges"),
    [("after commit=kill", 1), ("before commit=kill", 2)],
    ids=["after it was recorded", "before it was recorded"],
)
async def test_kill_9_after_the_record_never_calls_again_and_before_it_at_least_once(
    failpoint: str, charges: int, store: Store, store_url: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.txt"
    charger.workflow.store = store
    workers: list[subprocess.Popen[bytes]] = []

    def start(failpoint: str = "") -> subprocess.Popen[bytes]:
        env = {**os.environ, LEDGER: str(ledger), FAILPOINTS: failpoint, "PYTHONPATH": str(ROOT)}
        workers.append(
            subprocess.Popen([sys.executable, "-m", "tests.engine.charger", store_url], cwd=ROOT, env=env)
        )
        return workers[-1]

    try:
        handle = await charger.workflow.submit(run_id="r", cents=5)
        victim = start(failpoint)
        assert await asyncio.to_thread(victim.wait, 30) == -signal.SIGKILL
        assert len(await store.calls_of("r")) == 2 - charges
        start()
        assert await handle.result(timeout=30) == charges
    finally:
        charger.workflow.store = None
        for worker in workers:
            worker.kill()
            worker.wait()

    assert [line.split()[:2] for line in ledger.read_text().splitlines()] == [["charged", "5"]] * charges
    await until_status(store, "r", RunStatus.COMPLETED)
    assert len(await store.calls_of("r")) == 1
