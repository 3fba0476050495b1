"""What the model calls of a run may cost: at the limit a person is asked for more, or the run fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sagewai import (
    ApprovalGate,
    Budget,
    BudgetExceeded,
    DurableWorkflow,
    InMemoryStore,
    InvalidOptionError,
    ParallelAgent,
    RunFailed,
    UniversalAgent,
    WorkflowSuspended,
    sleep,
)
from sagewai.core import commands
from sagewai.core.actors import as_actor
from sagewai.core.codec import input_digest
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from sagewai.models.run import RunSpec
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.agents.endpoint import Call, LoopbackModels, Reply, Request
from tests.engine.helpers import until

PRICE = 11 * 2.5e-6 + 7 * 1e-5
"""USD of one call of gpt-4o, as the endpoint counts its tokens: 11 in, 7 out."""


def writing(store: Store, calls: int, budget: Budget | None = None) -> DurableWorkflow:
    """A workflow of two steps that make so many calls each."""
    wf = DurableWorkflow("letters", store, budget=budget)
    writer = UniversalAgent("writer", "gpt-4o")

    async def write() -> list[str]:
        return [await writer.chat(f"part {number}") for number in range(calls)]

    @wf.step("draft")
    async def draft() -> list[str]:
        return await write()

    @wf.step("polish")
    async def polish(drafted: list[str]) -> list[str]:
        return [*drafted, *await write()]

    return wf


async def suspended(wf: DurableWorkflow) -> Approval:
    """The one approval that the run waits for."""
    with pytest.raises(WorkflowSuspended, match="budget #"):
        await wf.run(run_id="r")
    assert wf.store is not None
    (pending,) = [
        approval for approval in await wf.store.approvals_of("r") if approval.status is ApprovalStatus.PENDING
    ]
    return pending


def content(approval: Approval) -> Any:
    return json.loads(str(approval.context))


async def test_a_run_submitted_without_the_code_has_its_workflow_s_budget(
    store: Store, models: LoopbackModels
) -> None:
    await store.insert_runs([RunSpec("r", "letters", "{}", input_digest({}))])

    await suspended(writing(store, calls=2, budget=Budget(usd=2 * PRICE)))

    assert len(models.requests) == 2


async def test_at_the_limit_a_person_sees_what_was_spent_and_allows_more(
    store: Store, models: LoopbackModels
) -> None:
    wf = writing(store, calls=2, budget=Budget(usd=2 * PRICE))
    gate = ApprovalGate(wf)

    asked = await suspended(wf)

    assert len(models.requests) == 2
    assert (asked.step, asked.branch, asked.gate) == ("polish", "", "budget #1")
    spent = {"usd": pytest.approx(2 * PRICE), "tokens": 36, "calls": 2, "unpriced": 0}
    assert content(asked) == {
        "budget": {"usd": 2 * PRICE, "tokens": None},
        "spent": spent,
        "by_model": {"gpt-4o": spent},
        "next": {"model": "gpt-4o", "agent": "writer"},
        "further": {"usd": 2 * PRICE, "tokens": None},
    }
    assert "has spent $0.000195 and 36 tokens on model calls" in asked.prompt

    await gate.approve("r", "ada", digest=asked.digest)
    assert len(await wf.run(run_id="r")) == 4
    assert len(models.requests) == 4


async def test_the_decision_can_carry_the_new_allowance(store: Store, models: LoopbackModels) -> None:
    wf = writing(store, calls=3, budget=Budget(tokens=18))
    gate = ApprovalGate(wf)

    first = await suspended(wf)
    await gate.approve("r", "ada", payload={"tokens": 36})
    second = await suspended(wf)

    assert (first.gate, second.gate) == ("budget #1", "budget #2")
    assert content(second)["budget"] == {"usd": None, "tokens": 54}
    assert len(models.requests) == 3

    await gate.approve("r", "ada", payload={"usd": 5, "tokens": 1_000_000})
    assert len(await wf.run(run_id="r")) == 6
    assert len(models.requests) == 6


async def test_a_decision_that_says_nothing_of_use_is_asked_for_again(
    store: Store, models: LoopbackModels
) -> None:
    wf = writing(store, calls=1, budget=Budget(usd=PRICE))
    gate = ApprovalGate(wf)

    for number, payload in enumerate(({"usd": "lots"}, {"USD": 5}, {"usd": -1}, {"usd": 0}, "yes"), 1):
        asked = await suspended(wf)
        assert asked.gate == f"budget #{number}"
        await gate.approve("r", "ada", payload=payload)
    asked = await suspended(wf)

    assert "(Asked again: ada gave 'yes' as the further allowance" in asked.prompt
    assert len(models.requests) == 1


async def test_a_rejected_budget_ends_the_run(store: Store, models: LoopbackModels) -> None:
    wf = writing(store, calls=1, budget=Budget(tokens=1))

    await suspended(wf)
    await commands.reject(store, "r", actor=as_actor("ada"), reason="too dear")

    assert (await store.get_run("r")).status is RunStatus.REJECTED


async def test_with_fail_the_run_is_a_dead_letter_before_the_call(
    store: Store, models: LoopbackModels
) -> None:
    wf = writing(store, calls=2, budget=Budget(usd=PRICE, tokens=1_000, on_exceed="fail"))

    with pytest.raises(RunFailed, match=r"BudgetExceeded: .* may cost \$9.75e-05 and 1,000 tokens") as failed:
        await wf.run(run_id="r")

    assert isinstance(failed.value.__cause__, BudgetExceeded)
    assert len(models.requests) == 1
    assert (await store.get_dead_letter("r")).run_id == "r"


async def test_with_fail_no_branch_can_hide_it(models: LoopbackModels) -> None:
    wf = DurableWorkflow("panel", InMemoryStore(), budget=Budget(tokens=1, on_exceed="fail"))
    writer = UniversalAgent("writer", "gpt-4o")
    panel = ParallelAgent("panel", [UniversalAgent("a", "gpt-4o"), writer], on_failure="drop")

    @wf.step("ask")
    async def ask() -> str:
        await writer.chat("hi")
        try:
            return await panel.chat("hi")
        except Exception:
            return "nobody needs to know"

    with pytest.raises(RunFailed, match="BudgetExceeded"):
        await wf.run()
    assert len(models.requests) == 1


async def test_branches_side_by_side_ask_once_and_what_is_under_way_changes_nothing(
    store: Store, models: LoopbackModels
) -> None:
    wf = DurableWorkflow("panel", store, budget=Budget(tokens=36))
    gate = ApprovalGate(wf)
    names = ("a", "b", "c", "d", "e")
    agents = [UniversalAgent(name, "gpt-4o", tools=[look], system_prompt=name) for name in names]
    panel = ParallelAgent("panel", agents)

    @wf.step("ask")
    async def ask() -> str:
        return await panel.chat("well?")

    def answer(request: Request) -> Reply:
        delay = 0.3 if request.system == "e" else 0.0  # still under way when the first one asks for more
        if request.results:
            return Reply(f"{request.system} is done", delay=delay)
        return Reply(None, calls=(Call("look", {}),), delay=delay)

    models.answer = answer
    asked = await suspended(wf)

    assert len(models.requests) == 5
    assert content(asked)["spent"]["calls"] in (2, 3, 4)
    assert (await store.spent("r")).calls == 5

    await gate.approve("r", "ada", digest=asked.digest, payload={"tokens": 1_000})
    assert "e is done" in await wf.run(run_id="r")
    assert len(models.requests) == 10
    assert len(await store.approvals_of("r")) == 1


def look() -> str:
    return "it is open"


async def test_it_waits_beside_other_gates_and_counts_in_none_of_their_positions(
    store: Store, models: LoopbackModels
) -> None:
    wf = DurableWorkflow("panel", store, budget=Budget(tokens=1))
    gate = ApprovalGate(wf)
    writer = UniversalAgent("writer", "gpt-4o")

    async def asks() -> str:
        return (await gate.request_approval("go on?")).reviewer

    @wf.step("ask")
    async def ask() -> tuple[str, str]:
        await writer.chat("first")
        return await asyncio.gather(writer.chat("second"), asks())

    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    waiting = {approval.gate: approval for approval in await store.approvals_of("r")}
    assert set(waiting) == {"budget #1", "#1"}

    await gate.approve("r", "ada", approval_id=waiting["budget #1"].id, payload={"tokens": 99})
    await gate.approve("r", "bob", approval_id=waiting["#1"].id)
    assert await wf.run(run_id="r") == ("gpt-4o says: second", "bob")
    assert len(models.requests) == 2


async def test_what_was_asked_stays_as_it_was_whatever_wakes_the_run_before_the_decision(
    store: Store, models: LoopbackModels
) -> None:
    wf = DurableWorkflow("panel", store, budget=Budget(tokens=18))
    gate = ApprovalGate(wf)
    writer = UniversalAgent("writer", "gpt-4o")
    runs: list[int] = []

    @wf.step("ask")
    async def ask() -> None:
        runs.append(1)

        async def more() -> None:
            await writer.chat("quick")
            await writer.chat("too much")

        outcomes = await asyncio.gather(
            writer.chat("slow"), more(), sleep(0.05), gate.request_approval("go on?"), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    models.answer = lambda request: Reply("said", delay=0.3 if request.prompt == "slow" else 0.0)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    (asked,) = [each for each in await store.approvals_of("r") if each.gate == "budget #1"]
    assert (content(asked)["spent"]["calls"], (await store.spent("r")).calls) == (1, 2)

    async def ran_again() -> bool:
        with pytest.raises(WorkflowSuspended):
            await wf.run(run_id="r")
        await store.tick()
        return len(runs) > 1

    await until(ran_again)
    (waiting,) = [each for each in await store.approvals_of("r") if each.gate.startswith("budget")]
    assert (waiting.digest, waiting.status) == (asked.digest, ApprovalStatus.PENDING)
    assert len(models.requests) == 2


async def test_the_run_s_own_budget_wins_over_the_workflow_s(store: Store) -> None:
    wf = writing(store, calls=1, budget=Budget(usd=1))

    await wf.submit(run_id="own", budget=Budget(tokens=5))
    await wf.submit_many([{}], run_ids=["theirs"])

    assert await store.get_budget("own") == Budget(tokens=5)
    assert await store.get_budget("theirs") == Budget(usd=1)


async def test_calls_at_an_unknown_price_count_as_unknown(models: LoopbackModels) -> None:
    store = InMemoryStore()
    wf = DurableWorkflow("letters", store, budget=Budget(usd=0.0001, tokens=18))
    writer = UniversalAgent("writer", "openai/nobody-s-own")

    @wf.step("write")
    async def write() -> None:
        await writer.chat("one")
        await writer.chat("two")

    asked = await suspended(wf)

    assert content(asked)["spent"] == {"usd": 0.0, "tokens": 18, "calls": 1, "unpriced": 1}
    assert "(1 of 1 calls at an unknown price)" in asked.prompt


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        (Budget(), "neither usd nor tokens"),
        (Budget(usd=0), "usd is 0"),
        (Budget(usd=float("nan")), "usd is nan"),
        (Budget(tokens=-1), "tokens is -1"),
        (Budget(tokens=1.5), "tokens are 1.5"),  # type: ignore[arg-type]
        (Budget(usd=True), "usd is True"),
        (Budget(usd=1, on_exceed="ask"), "on_exceed is 'ask'"),  # type: ignore[arg-type]
        (5, "budget is 5"),
    ],
    ids=str,
)
def test_a_budget_that_bounds_nothing_is_refused(budget: Any, text: str) -> None:
    with pytest.raises(InvalidOptionError, match=text):
        DurableWorkflow("letters", budget=budget)


async def test_no_other_gate_may_call_itself_a_budget() -> None:
    wf = DurableWorkflow("letters", InMemoryStore())
    gate = ApprovalGate(wf)
    wf.step("ask")(lambda: gate.request_approval("more?", key="budget #1"))

    with pytest.raises(RunFailed, match="begins with 'budget #'"):
        await wf.run()
