"""What an agent remembers: earlier turns, run by run, and the same ones when a step runs again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from sagewai import AnswerUnusable, DurableWorkflow, InMemoryStore
from sagewai.agents import ConversationMemory, ParallelAgent, Turn, UniversalAgent
from sagewai.agents.answer import Message
from sagewai.errors import InvalidOptionError, ModelCallError
from tests.agents.endpoint import UNAUTHORIZED, LoopbackModels


def heard(models: LoopbackModels) -> list[list[str]]:
    """The contents of the messages of each request."""
    return [[message["content"] for message in request.messages] for request in models.requests]


async def test_earlier_turns_stand_before_the_question_and_after_the_system_prompt(
    models: LoopbackModels,
) -> None:
    sage = UniversalAgent("sage", "gpt-4o", "Be brief.", memory=ConversationMemory())
    models.answer = lambda _: "noted"

    for message in ("I am Ada", "I like tea", "who am I?"):
        await sage.chat(message)

    assert heard(models)[-1] == ["Be brief.", "I am Ada", "noted", "I like tea", "noted", "who am I?"]


async def test_without_a_memory_nothing_is_remembered(models: LoopbackModels) -> None:
    sage = UniversalAgent("sage", "gpt-4o")

    await sage.chat("I am Ada")
    await sage.chat("who am I?")

    assert heard(models)[-1] == ["who am I?"]


async def test_a_conversation_of_its_own_neither_sees_nor_fills_the_memory(models: LoopbackModels) -> None:
    sage = UniversalAgent("sage", "gpt-4o", memory=ConversationMemory())

    await sage.chat_with_history([{"role": "user", "content": "I am Bob"}])
    await sage.chat("who am I?")

    assert heard(models)[-1] == ["who am I?"]


async def test_a_turn_that_failed_is_not_remembered(models: LoopbackModels) -> None:
    sage = UniversalAgent("sage", "gpt-4o", memory=ConversationMemory())
    models.reply(UNAUTHORIZED)

    with pytest.raises(ModelCallError):
        await sage.chat("I am Ada")
    await sage.chat("who am I?")

    assert heard(models)[-1] == ["who am I?"]


async def test_a_typed_answer_is_remembered_as_json(models: LoopbackModels) -> None:
    class Name(BaseModel):
        name: str

    models.answer = lambda _: '{"name": "Ada"}'
    sage = UniversalAgent("sage", "gpt-4o", output_type=Name, memory=ConversationMemory())

    await sage.chat("I am Ada")
    await sage.chat("who am I?")

    assert heard(models)[-1] == ["I am Ada", '{"name":"Ada"}', "who am I?"]


async def test_runs_that_share_an_agent_share_no_memory(models: LoopbackModels) -> None:
    sage = UniversalAgent("sage", "gpt-4o", memory=ConversationMemory())
    wf = DurableWorkflow("talk", store=InMemoryStore())

    @wf.step("first")
    async def first(name: str) -> str:
        await sage.chat(f"I am {name}")
        return name

    @wf.step("second")
    async def second(name: str) -> str:
        return await sage.chat("who am I?")

    models.answer = lambda _: "noted"
    await wf.run(name="Ada")
    await wf.run(name="Bob")
    await sage.chat("anybody?")

    assert heard(models)[1::2] == [["I am Ada", "noted", "who am I?"], ["I am Bob", "noted", "who am I?"]]
    assert heard(models)[-1] == ["anybody?"]


async def test_a_step_that_runs_again_asks_what_it_asked_before(models: LoopbackModels) -> None:
    sage = UniversalAgent("sage", "gpt-4o", memory=ConversationMemory())
    wf = DurableWorkflow("talk", store=InMemoryStore())
    attempts: list[int] = []

    @wf.step("talk", retries=1, retry_delay=0)
    async def talk() -> str:
        await sage.chat("I am Ada")
        answer = await sage.chat("who am I?")
        attempts.append(1)
        if len(attempts) == 1:
            raise AnswerUnusable("ask anew")
        return answer

    models.answer = lambda _: "noted"
    await wf.run()

    assert heard(models)[:2] == heard(models)[2:] == [["I am Ada"], ["I am Ada", "noted", "who am I?"]]


async def test_branches_of_a_run_remember_apart(models: LoopbackModels) -> None:
    memory = ConversationMemory()
    panel = ParallelAgent("panel", [UniversalAgent(name, "gpt-4o", memory=memory) for name in ("a", "b")])
    wf = DurableWorkflow("talk", store=InMemoryStore())

    @wf.step("talk")
    async def talk() -> str:
        await panel.chat("one")
        return await panel.chat("two")

    models.answer = lambda _: "noted"
    await wf.run()

    assert sorted(heard(models), key=len) == [
        ["one"],
        ["one"],
        ["one", "noted", "two"],
        ["one", "noted", "two"],
    ]


async def test_a_memory_of_the_user_s_own_may_be_async(models: LoopbackModels) -> None:
    class Table:
        def __init__(self) -> None:
            self.rows: list[tuple[Turn, Sequence[Message]]] = []

        async def recall(self, turn: Turn) -> Sequence[Message]:
            return [message for _, messages in self.rows for message in messages]

        async def remember(self, turn: Turn, messages: Sequence[Message]) -> None:
            self.rows.append((turn, messages))

    table = Table()
    sage = UniversalAgent("sage", "gpt-4o", memory=table)
    await sage.chat("one")
    await sage.chat("two")

    assert heard(models)[-1] == ["one", "gpt-4o says: one", "two"]
    assert [turn for turn, _ in table.rows] == [Turn("", ""), Turn("", "")]


def test_a_memory_keeps_only_so_much() -> None:
    memory = ConversationMemory(max_turns=2, max_conversations=2)
    for run in ("r1", "r2", "r3"):
        for key in ("a", "b", "c"):
            memory.remember(Turn(run, key), [{"role": "user", "content": f"{run} {key}"}])

    def kept(run: str) -> list[str]:
        return [message["content"] for message in memory.recall(Turn(run, "new"))]

    assert [kept(run) for run in ("r1", "r2", "r3")] == [[], ["r2 b", "r2 c"], ["r3 b", "r3 c"]]


@pytest.mark.parametrize("memory", [[], "memory", ConversationMemory, object()])
def test_a_memory_must_have_the_shape_of_one(memory: Any) -> None:
    with pytest.raises(InvalidOptionError, match="recall"):
        UniversalAgent("sage", "gpt-4o", memory=memory)
