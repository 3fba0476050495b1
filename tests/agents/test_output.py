"""Answers of a type: how a model is asked for one, and what happens when it gives something else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator

from sagewai.agents import LoopAgent, ParallelAgent, SequentialAgent, UniversalAgent
from sagewai.errors import InvalidOptionError, OutputError
from sagewai.models.inference import InferenceParams
from tests.agents.endpoint import Call, LoopbackModels, Reply, Request

EVERY_WIRE = pytest.mark.parametrize(
    "model",
    ["gpt-4o", "claude-sonnet-4-20250514", "claude-sonnet-4-5", "ollama/llama3.2", "ollama_chat/llama3.2"],
)


class Refund(BaseModel):
    order: str = Field(description="its number")
    cents: int = Field(ge=1)


def obeys(request: Request) -> Reply:
    """A model that answers in the way it was asked to: by the tool it was told to use, or as text."""
    if request.tools:
        return Reply(None, calls=(Call(next(iter(request.tools)), {"order": "A-17", "cents": 42}),))
    return Reply('{"order": "A-17", "cents": 42}')


@EVERY_WIRE
async def test_the_answer_is_an_instance_of_the_type(models: LoopbackModels, model: str) -> None:
    models.answer = obeys

    answer = await UniversalAgent("clerk", model, output_type=Refund).chat("go")

    assert answer == Refund(order="A-17", cents=42)
    (request,) = models.requests
    assert "its number" in str(request.body)  # the schema is on the wire, in whichever form


async def test_a_conversation_gets_a_typed_answer_too(models: LoopbackModels) -> None:
    models.answer = obeys

    answer = await UniversalAgent("clerk", "gpt-4o", output_type=Refund).chat_with_history(
        [{"role": "user", "content": "go"}]
    )

    assert answer.cents == 42


async def test_a_code_fence_is_no_mistake(models: LoopbackModels) -> None:
    models.reply(Reply('Here it is:\n```json\n{"order": "A", "cents": 1}\n```\nAnything else?'))

    assert await UniversalAgent("clerk", "gpt-4o", output_type=Refund).chat("go") == Refund(
        order="A", cents=1
    )
    assert len(models.requests) == 1


@EVERY_WIRE
async def test_a_wrong_answer_is_asked_for_once_more_with_what_is_wrong(
    models: LoopbackModels, model: str
) -> None:
    models.reply(Reply('{"order": "A-17", "cents": 0}'), Reply('{"order": "A-17", "cents": 42}'))

    answer = await UniversalAgent("clerk", model, output_type=Refund).chat("go")

    assert answer == Refund(order="A-17", cents=42)
    assert len(models.requests) == 2
    assert "cents: Input should be greater than or equal to 1" in models.requests[1].prompt
    assert '"cents": 0' in str(models.requests[1].body).replace('\\"', '"')


async def test_a_second_wrong_answer_is_an_error_that_names_the_places(models: LoopbackModels) -> None:
    models.reply(Reply("I'd rather not"), Reply('{"order": 7}'), Reply("unasked"))

    with pytest.raises(
        OutputError, match=r"'clerk' .* Refund, .*order: .* valid string; cents: Field required"
    ):
        await UniversalAgent("clerk", "gpt-4o", output_type=Refund).chat("go")

    assert len(models.requests) == 2


async def test_the_error_carries_no_secret_of_a_validator_s(models: LoopbackModels) -> None:
    class Chatty(BaseModel):
        word: str

        @field_validator("word")
        @classmethod
        def check(cls, word: str) -> str:
            raise ValueError("compared with Zq7-very-private-9341")

    models.answer = lambda _: '{"word": "x"}'
    inference = InferenceParams(api_key=SecretStr("Zq7-very-private-9341"))

    with pytest.raises(OutputError, match="compared with") as caught:
        await UniversalAgent("clerk", "gpt-4o", output_type=Chatty, inference=inference).chat("go")

    assert "Zq7" not in str(caught.value)


@EVERY_WIRE
async def test_tools_and_an_output_type_go_together(models: LoopbackModels, model: str) -> None:
    def price(order: str) -> int:
        return 42

    models.reply(
        Reply(None, calls=(Call("price", {"order": "A"}),)),
        Reply("42, I think"),
        Reply('{"order": "A", "cents": 42}'),
    )
    clerk = UniversalAgent("clerk", model, system_prompt="Be brief.", tools=[price], output_type=Refund)

    assert await clerk.chat("go") == Refund(order="A", cents=42)
    assert [list(request.tools) for request in models.requests] == [["price"]] * 3
    assert models.requests[0].system.startswith("Be brief.\n\nGive your final answer as one JSON object")


async def test_the_repair_is_not_counted_against_the_tool_calls(models: LoopbackModels) -> None:
    models.reply(Reply("words"), Reply('{"order": "A", "cents": 42}'))

    clerk = UniversalAgent("clerk", "gpt-4o", output_type=Refund, max_iterations=1)
    assert (await clerk.chat("go")).cents == 42


async def test_a_structured_answer_is_json_for_the_next_agent_and_itself_at_the_end(
    models: LoopbackModels,
) -> None:
    models.answer = lambda request: (
        obeys(request) if "response_format" in request.body else f"read {request.prompt}"
    )
    clerk: UniversalAgent[Refund] = UniversalAgent("clerk", "gpt-4o", output_type=Refund)
    reader = UniversalAgent("reader", "gpt-4o")
    last: SequentialAgent[Refund] = SequentialAgent("last", [reader, clerk])

    assert await SequentialAgent("first", [clerk, reader]).chat("go") == 'read {"order":"A-17","cents":42}'
    assert (await last.chat("go")).cents == 42
    assert await ParallelAgent("panel", [clerk]).chat("go") == '## clerk\n\n{"order":"A-17","cents":42}'
    assert (await LoopAgent("loop", clerk, lambda refund: refund.cents == 42).chat("go")).order == "A-17"


@pytest.mark.parametrize("kind", [str, dict, list[Refund], Refund(order="A", cents=1), "Refund"])
def test_only_a_pydantic_model_is_an_output_type(kind: Any) -> None:
    with pytest.raises(
        InvalidOptionError, match=r"output_type of UniversalAgent 'clerk' .* a pydantic model"
    ):
        UniversalAgent("clerk", "gpt-4o", output_type=kind)
