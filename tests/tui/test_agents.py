"""Real agents, their answers from a model endpoint on loopback, as an operator sees them on the console."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sagewai import (
    Budget,
    DurableWorkflow,
    SQLiteStore,
    UniversalAgent,
    WorkflowSuspended,
    tool,
)
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.models.status import RunStatus
from tests.agents.conftest import models
from tests.agents.endpoint import Call, LoopbackModels, Reply, Request
from tests.cli.console import Inside
from tests.tui.drive import driving
from tests.tui.stage import OPERATOR
from tests.tui.test_calls_tab import blocks, pane, turned

__all__ = ["models"]


@pytest.fixture
async def store(sqlite_path: Path) -> AsyncIterator[Store]:
    async with SQLiteStore(str(sqlite_path)) as store:
        yield store


def wants_to_pay(request: Request) -> Reply:
    if request.results:
        return Reply(f"It is done: {request.results[0]}")
    return Reply(None, calls=(Call("pay", {"order": "A-17\x1b[2J", "cents": 4200}),))


def desk(store: Store) -> tuple[DurableWorkflow, list[tuple[str, int]]]:
    """One step in which an agent pays with a person's word."""
    paid: list[tuple[str, int]] = []

    @tool(requires_approval=True)
    def pay(order: str, cents: int) -> str:
        """Pay an order back."""
        paid.append((order, cents))
        return f"paid {cents}"

    agent = UniversalAgent("clerk", "gpt-4o", tools=[pay])
    workflow = DurableWorkflow("desk", store=store)

    @workflow.step("serve")
    async def serve() -> str:
        return await agent.chat("Pay A-17 back.")

    return workflow, paid


async def test_a_tool_call_is_approved_on_its_card_and_the_run_shows_what_was_said(
    store: Store, models: LoopbackModels, sqlite_path: Path, tmp_path: Path
) -> None:
    models.answer = wants_to_pay
    workflow, paid = desk(store)
    with pytest.raises(WorkflowSuspended):
        await workflow.run(run_id="r-1")

    async with driving(store, start="approvals", size=(80, 40)) as drive:
        await drive.shows("tool   pay")
        assert "agent  clerk" in drive.text
        assert 'order    │ "A-17\\u001b[2J"' in drive.text
        assert "cents    │ 4200" in drive.text
        assert "for 1 model call" in drive.text
        await drive.press("a", "enter")
        await drive.shows("✔ approve r-1: done")

    assert await workflow.run(run_id="r-1") == "It is done: paid 4200"
    assert paid == [("A-17\x1b[2J", 4200)]
    assert len(models.requests) == 2

    async with driving(store, run_id="r-1", size=(100, 60)) as drive:
        await turned(drive)
        await drive.shows("for 2 model calls")
        last, paying, first = blocks(pane(drive))
        assert "serve  clerk  gpt-4o" in first
        assert "│ Pay A-17 back." in first
        assert "wants called: pay" in first
        assert "pay  called once" in paying
        assert "as in call #1, then" in last
        assert "│ It is done: paid 4200" in last

    sagewai = Inside(f"sqlite:///{sqlite_path}", tmp_path)
    said = await asyncio.to_thread(sagewai, "calls", "list", "r-1", "--json")
    assert [(call["kind"], call["name"]) for call in said.json] == [
        ("model", "clerk"),
        ("once", "pay"),
        ("model", "clerk"),
    ]
    [row] = (await asyncio.to_thread(sagewai, "cost", "--json")).json
    assert (row["workflow"], row["calls"]) == ("desk", 2)
    assert row["cost"] > 0


async def test_a_spent_budget_is_shown_and_more_allowed_on_its_card(
    store: Store, models: LoopbackModels
) -> None:
    models.answer = lambda request: Reply("Moss.")
    workflow = DurableWorkflow("letters", store=store, budget=Budget(tokens=1))
    writer = UniversalAgent("writer", "gpt-4o")
    local = UniversalAgent("sketcher", "ollama/llama3")

    @workflow.step("write")
    async def write() -> list[Any]:
        return [await local.chat("Sketch."), await writer.chat("Write.")]

    with pytest.raises(WorkflowSuspended):
        await workflow.run(run_id="r-1")
    async with driving(store, start="approvals", size=(100, 40)) as drive:
        await drive.shows("as a budget; t shows what it is made of")
        assert "1 token more; e allows another amount" in drive.text
        assert "next  agent writer calls gpt-4o" in drive.text
        assert drive.line_with("ollama/llama3").split()[1] in {"unknown", "$0"}
        [approval] = await store.approvals_of("r-1")
        await commands.approve(
            store, "r-1", actor=OPERATOR, approval_id=approval.id, payload={"usd": None, "tokens": 100_000}
        )
        await drive.shows("alice@ops1 approved it")
        assert "changed:" not in drive.text  # the payload is another budget, not the content edited
    assert await workflow.run(run_id="r-1") == ["Moss.", "Moss."]
    assert (await store.get_run("r-1")).status is RunStatus.COMPLETED
    assert len(models.requests) == 2
