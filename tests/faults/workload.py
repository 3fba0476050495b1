"""The workload: a workflow of five steps that write to the ledger, each of which can be told to misbehave.

The run's input says how: ``pace`` seconds in every step, ``acts`` what a step does besides, by its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from sagewai import ApprovalGate, DurableWorkflow, NonRetryableError, RetryPolicy, current_step
from sagewai.core.stores.base import Store
from tests.faults import ledger

STEPS = tuple(f"step-{number}" for number in range(1, 6))

SHORT_RETRY, LONG_RETRY = 0.1, 2.5
"""Seconds between the attempts of step-2 (slept through in place) and of step-3 (the run is let go)."""

POLICIES = {
    "step-2": RetryPolicy(delay=SHORT_RETRY, factor=1),
    "step-3": RetryPolicy(delay=LONG_RETRY, factor=1),
}
RETRIES = 2
"""Of each step."""

Act = Callable[[DurableWorkflow], Awaitable[None]]


async def nothing(_: DurableWorkflow) -> None:
    """As every step does."""


async def ask(flow: DurableWorkflow) -> None:
    """Wait for an approval of the same content every time, and write down that the gate has opened."""
    await ApprovalGate(flow).request_approval("Go on?", context={"amount": 42})
    ledger.append(ledger.OPENED)


async def fail_once(_: DurableWorkflow) -> None:
    """Fail at the first attempt."""
    step = current_step()
    assert step is not None
    if step.attempt == 1:
        raise ValueError("not yet")


async def fail(_: DurableWorkflow) -> None:
    """Fail at every attempt."""
    raise ValueError("never")


async def give_up(_: DurableWorkflow) -> None:
    """Fail for good."""
    raise NonRetryableError("hopeless")


async def dawdle(_: DurableWorkflow) -> None:
    """Wait until it is stopped."""
    await asyncio.Event().wait()


async def dawdle_once(flow: DurableWorkflow) -> None:
    """The step's first body waits until it is stopped."""
    if ledger.first_time():
        await dawdle(flow)


async def ask_again_when_told(flow: DurableWorkflow) -> None:
    """Ask at once, but when the step runs again wait for the test's word first."""
    step = current_step()
    assert step is not None
    while not ledger.first_time() and not ledger.go_ahead(step.run_id).exists():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await ask(flow)


ACTS: Mapping[str, Act] = {
    act.__name__.replace("_", " "): act
    for act in (nothing, ask, ask_again_when_told, fail_once, fail, give_up, dawdle, dawdle_once)
}


def ledger_workflow(
    store: Store | None = None,
    *,
    name: str = "ledger",
    version: str = "",
    steps: Sequence[str] = STEPS,
    timeout: float | None = None,
    repertoire: Mapping[str, Act] = ACTS,
) -> DurableWorkflow:
    """A new object of the workflow ``ledger``. Another ``name``, ``version`` or ``steps`` are another deploy,
    ``repertoire`` is what the input may tell a step to do."""
    flow = DurableWorkflow(name, store=store, version=version)

    def declare(step: str) -> None:
        policy = POLICIES.get(step, RetryPolicy(delay=0.05))

        @flow.step(step, retries=RETRIES, retry_policy=policy, timeout=timeout)
        async def body(done: int = 0, pace: float = 0.02, acts: dict[str, str] | None = None) -> int:
            ledger.append()
            await repertoire[(acts or {}).get(step, "nothing")](flow)
            await asyncio.sleep(pace)
            return done + 1

    for step in steps:
        declare(step)
    return flow
