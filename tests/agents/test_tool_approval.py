"""A tool can demand a person's word: the run waits with exactly the call, and goes on with it, or with what was made of
it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sagewai import (
    ApprovalEditInvalid,
    ApprovalGate,
    ApprovalOutsideRun,
    ApprovalRejected,
    DurableWorkflow,
    InvalidOptionError,
    ParallelAgent,
    SQLiteStore,
    UniversalAgent,
    WorkflowSuspended,
    tool,
)
from sagewai.agents.llm import load
from sagewai.core.codec import decode
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from tests.agents.endpoint import Call, LoopbackModels, Reply, Request


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SQLiteStore(str(tmp_path / "runs.db"))
    yield store
    await store.close()


@dataclass
class Desk:
    """A workflow of one step in which an agent may pay, with a person's word, and look, without."""

    store: Store
    message: str = "go"
    paid: list[tuple[str, int]] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        @tool(requires_approval=True)
        def pay(order: str, cents: int = 100) -> str:
            """Pay an order back."""
            self.paid.append((order, cents))
            return f"paid {cents}"

        def look(order: str) -> str:
            self.looked.append(order)
            return "it is open"

        self.agent = UniversalAgent("clerk", "gpt-4o", tools=[pay, look])
        self.workflow = DurableWorkflow("desk", store=self.store)
        self.gate = ApprovalGate(self.workflow)

        @self.workflow.step("serve")
        async def serve() -> str:
            return await self.agent.chat(self.message)

    async def run(self) -> Any:
        return await self.workflow.run(run_id="r")

    async def suspended(self) -> list[Approval]:
        """What the run asks, once it has let go."""
        with pytest.raises(WorkflowSuspended, match="at gate pay"):
            await self.run()
        return await self.store.approvals_of("r")


@pytest.fixture
def desk(store: Store, models: LoopbackModels) -> Desk:
    return Desk(store)


def wants(*calls: Call) -> Any:
    """A model that wants these calls first, and then says what they gave."""

    def answer(request: Request) -> Reply:
        return Reply(", ".join(request.results)) if request.results else Reply(None, calls=calls)

    return answer


def edited(**arguments: Any) -> dict[str, Any]:
    return {"agent": "clerk", "tool": "pay", "arguments": arguments}


async def test_the_run_waits_with_exactly_the_call_as_the_content(desk: Desk, models: LoopbackModels) -> None:
    models.answer = wants(Call("pay", {"order": "A-17"}))

    (approval,) = await desk.suspended()

    assert decode(str(approval.context)) == edited(
        order="A-17", cents=100
    )  # what it would be called with: all of it
    assert "clerk wants to call pay" in approval.prompt
    assert (approval.branch, approval.gate) == ("clerk#1.1.1", "pay")
    assert desk.paid == []


async def test_it_goes_on_with_exactly_those_arguments(desk: Desk, models: LoopbackModels) -> None:
    models.answer = wants(Call("pay", {"order": "A-17", "cents": 4200}))
    await desk.suspended()

    await desk.gate.approve("r", "ada")

    assert await desk.run() == "paid 4200"
    assert desk.paid == [("A-17", 4200)]


async def test_it_goes_on_with_the_edited_arguments(desk: Desk, models: LoopbackModels) -> None:
    models.answer = wants(Call("pay", {"order": "A-17", "cents": 4200}))
    await desk.suspended()

    await desk.gate.approve("r", "ada", payload=edited(order="A-17", cents=42))

    assert await desk.run() == "paid 42"
    assert desk.paid == [("A-17", 42)]


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        (edited(order="A-17", cents="all"), "cents"),
        (edited(cents=1), "order"),
        (edited(order="A-17", to="eve"), "to"),
        ({**edited(order="A-17"), "tool": "look"}, "tool"),
    ],
)
async def test_an_edit_that_is_no_such_call_is_refused(
    desk: Desk, models: LoopbackModels, payload: Any, place: str
) -> None:
    models.answer = wants(Call("pay", {"order": "A-17"}))
    await desk.suspended()

    with pytest.raises(ApprovalEditInvalid, match=place):
        await desk.gate.approve("r", "ada", payload=payload)


async def test_a_word_against_it_ends_the_run_and_calls_nothing(desk: Desk, models: LoopbackModels) -> None:
    models.answer = wants(Call("pay", {"order": "A-17"}))
    await desk.suspended()

    await desk.gate.reject("r", "too much", "ada")

    with pytest.raises(ApprovalRejected, match="too much"):
        await desk.run()
    assert desk.paid == []


async def test_another_call_on_the_way_back_is_asked_anew(desk: Desk, models: LoopbackModels) -> None:
    models.answer = wants(Call("pay", {"order": "A-17", "cents": 1}))
    await desk.suspended()
    await desk.gate.approve("r", "ada")

    desk.message = "go on"  # what is asked as before is answered as before
    models.answer = wants(Call("pay", {"order": "A-17", "cents": 1_000_000}))
    first, second = await desk.suspended()

    assert desk.paid == []
    assert (first.gate, second.gate, second.revision) == ("pay", "pay", 2)


async def test_all_that_one_answer_wants_is_asked_at_once_and_nothing_is_called_before(
    desk: Desk, models: LoopbackModels
) -> None:
    models.answer = wants(
        Call("pay", {"order": "A"}), Call("look", {"order": "B"}), Call("pay", {"order": "C", "cents": 3})
    )

    asked = await desk.suspended()

    assert [approval.branch for approval in asked] == ["clerk#1.1.1", "clerk#1.1.3"]
    assert (desk.paid, desk.looked) == ([], [])

    await desk.gate.approve("r", "ada", approval_id=asked[1].id)
    await desk.gate.approve("r", "ada", approval_id=asked[0].id, payload=edited(order="A", cents=1))

    assert await desk.run() == "paid 1, it is open, paid 3"
    assert (sorted(desk.paid), desk.looked) == ([("A", 1), ("C", 3)], ["B"])


async def test_arguments_that_are_wrong_are_told_to_the_model_and_ask_nobody(
    desk: Desk, models: LoopbackModels
) -> None:
    models.answer = wants(Call("pay", {"order": "A-17", "cents": "all"}))

    assert "cents: Input should be a valid integer" in await desk.run()
    assert desk.paid == []


async def test_panels_ask_side_by_side_in_their_own_branches(store: Store, models: LoopbackModels) -> None:
    paid: list[str] = []

    @tool(requires_approval=True)
    async def pay(order: str) -> str:
        paid.append(order)
        return order

    panel = ParallelAgent("panel", [UniversalAgent(name, "gpt-4o", tools=[pay]) for name in ("east", "west")])
    wf = DurableWorkflow("panel", store=store)
    gate = ApprovalGate(wf)

    @wf.step("serve")
    async def serve() -> str:
        return await panel.chat("go")

    models.answer = wants(Call("pay", {"order": "A"}))
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    asked = await store.approvals_of("r")
    assert sorted(approval.branch for approval in asked) == ["east/east#1.1.1", "west/west#1.1.1"]

    for approval in asked:
        await gate.approve("r", "ada", approval_id=approval.id)
    assert await wf.run(run_id="r") == "## east\n\nA\n\n## west\n\nA"
    assert paid == ["A", "A"]


async def test_a_gate_of_the_workflow_can_be_named(store: Store, models: LoopbackModels) -> None:
    wf = DurableWorkflow("desk", store=store)

    class TwoMustAgree(ApprovalGate):
        async def request_approval(self, prompt: str, **options: Any) -> Any:
            return await super().request_approval(prompt, **{**options, "required": 2})

    gate = TwoMustAgree(wf)

    @tool(gate=gate)
    def pay(order: str) -> str:
        return f"paid {order}"

    @wf.step("serve")
    async def serve() -> str:
        return await UniversalAgent("clerk", "gpt-4o", tools=[pay]).chat("go")

    models.answer = wants(Call("pay", {"order": "A-17"}))
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "ada")
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "bob")

    assert await wf.run(run_id="r") == "paid A-17"


async def test_a_sync_step_that_brings_a_loop_of_its_own_waits_too(
    store: Store, models: LoopbackModels
) -> None:
    wf = DurableWorkflow("desk", store=store)
    gate = ApprovalGate(wf)

    @tool(requires_approval=True)
    def pay(order: str) -> str:
        return f"paid {order}"

    async def ask() -> str:
        try:
            return await UniversalAgent("clerk", "gpt-4o", tools=[pay]).chat("go")
        finally:
            await (await load()).close_litellm_async_clients()

    @wf.step("serve")
    def serve() -> str:
        return asyncio.run(ask())

    models.answer = wants(Call("pay", {"order": "A-17"}))
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "ada")

    assert await wf.run(run_id="r") == "paid A-17"


async def test_outside_a_run_nobody_is_there_to_wait(models: LoopbackModels) -> None:
    called: list[str] = []

    @tool(requires_approval=True)
    def pay(order: str) -> None:
        called.append(order)

    models.answer = wants(Call("pay", {"order": "A-17"}))
    with pytest.raises(ApprovalOutsideRun, match=r"'clerk' wants to call its tool 'pay'.*inside a step"):
        await UniversalAgent("clerk", "gpt-4o", tools=[pay]).chat("go")
    assert called == []


def test_a_gate_must_be_one() -> None:
    with pytest.raises(InvalidOptionError, match="must be an ApprovalGate"):
        tool(gate="door")(print)  # type: ignore[call-overload]


async def test_a_streaming_agent_waits_too(store: Store, models: LoopbackModels) -> None:
    desk = Desk(store)
    wf = DurableWorkflow("streams", store=store)

    @wf.step("serve")
    async def serve() -> str:
        return "".join([piece async for piece in desk.agent.chat_stream("go")])

    models.answer = wants(Call("pay", {"order": "A-17"}))
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await ApprovalGate(wf).approve("r", "ada")

    assert await wf.run(run_id="r") == "paid 100"
    assert desk.paid == [("A-17", 100)]
