"""A model call inside a durable step has an identity that doesn't depend on which answer comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sagewai.agents import UniversalAgent
from sagewai.agents.call import ModelCall
from sagewai.agents.exchange import Exchange
from sagewai.core.context import StepContext, branch, executing
from sagewai.models.approval import Approval
from sagewai.models.wait import Wait


class NothingRecorded:
    async def approvals(self) -> Sequence[Approval]:
        return ()

    async def waits(self) -> Sequence[Wait]:
        return ()


def step() -> StepContext:
    return StepContext(
        run_id="run-1",
        workflow="articles",
        step="draft",
        attempt=1,
        max_attempts=1,
        token=1,
        pool="default",
        labels={},
        tags={},
        records=NothingRecorded(),
        loop=asyncio.get_running_loop(),
    )


def call_of(agent: UniversalAgent) -> ModelCall:
    return Exchange(agent)._call([{"role": "user", "content": "hi"}])


def identity(call: ModelCall) -> tuple[str, str, int]:
    return call.branch, call.agent, call.position


async def test_calls_are_counted_by_branch_and_agent() -> None:
    editor, writer = UniversalAgent("editor", "gpt-4o"), UniversalAgent("writer", "gpt-4o")

    with executing(step()):
        calls = [call_of(editor), call_of(writer), call_of(editor)]
        with branch("review"):
            calls.append(call_of(editor))

    assert [identity(call) for call in calls] == [
        ("", "editor", 1),
        ("", "writer", 1),
        ("", "editor", 2),
        ("review", "editor", 1),
    ]


async def test_the_next_attempt_counts_from_the_start() -> None:
    editor = UniversalAgent("editor", "gpt-4o")

    positions = []
    for _ in range(2):
        with executing(step()):
            positions.append([call_of(editor).position, call_of(editor).position])

    assert positions == [[1, 2], [1, 2]]


async def test_calls_and_the_unnamed_gates_of_a_branch_are_counted_apart() -> None:
    context = step()

    with executing(context):
        call_of(UniversalAgent("editor", "gpt-4o"))

    assert context.next_position("") == 1


async def test_outside_a_step_calls_have_no_position() -> None:
    assert identity(call_of(UniversalAgent("editor", "gpt-4o"))) == ("", "editor", 0)
