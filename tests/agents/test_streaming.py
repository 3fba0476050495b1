"""An agent's answer in pieces, while the model still writes: what comes, when, and what happens when it breaks off."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from sagewai.agents import (
    ConditionalAgent,
    ConversationMemory,
    LoopAgent,
    ParallelAgent,
    SequentialAgent,
    UniversalAgent,
)
from sagewai.core.retry import RetryPolicy
from sagewai.errors import ModelCallError, ModelCallRefused, NonRetryableError
from sagewai.models.inference import InferenceParams
from tests.agents.endpoint import (
    EMPTY,
    HANGING,
    MALFORMED,
    OVERLOADED,
    RATE_LIMITED,
    SERVER_ERROR,
    UNAUTHORIZED,
    Call,
    LoopbackModels,
    Reply,
)

SOON = RetryPolicy(delay=0.001)
EVERY_WIRE = pytest.mark.parametrize(
    "model", ["gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2", "ollama_chat/llama3.2"]
)
SIX = "one two three four five six"


def agent(model: str = "gpt-4o", timeout: float = 30.0, retries: int = 1) -> UniversalAgent:
    return UniversalAgent(
        "writer", model, inference=InferenceParams(timeout=timeout), retries=retries, backoff=SOON
    )


async def pieces_of(stream: AsyncIterator[str]) -> list[str]:
    return [piece async for piece in stream]


async def listen(stream: AsyncIterator[str], heard: list[str]) -> None:
    """Into ``heard``, so that what came before an error is there too."""
    async for piece in stream:
        heard.append(piece)  # noqa: PERF401


# -- pieces ---------------------------------------------------------------------------------------------------------


@EVERY_WIRE
async def test_the_answer_comes_in_the_pieces_the_model_sends(models: LoopbackModels, model: str) -> None:
    models.reply(Reply(SIX))

    assert await pieces_of(agent(model).chat_stream("count")) == [
        "one",
        " two",
        " three",
        " four",
        " five",
        " six",
    ]
    assert models.requests[0].body["stream"] is True


@EVERY_WIRE
async def test_a_piece_comes_while_the_model_still_writes(models: LoopbackModels, model: str) -> None:
    pause = threading.Event()
    models.reply(Reply(SIX, pause=pause))
    stream = agent(model).chat_stream("count")

    first = await asyncio.wait_for(anext(stream), 20)
    pause.set()

    assert first == "one"
    assert "".join([first, *await pieces_of(stream)]) == SIX


@EVERY_WIRE
async def test_tools_work_in_a_stream(models: LoopbackModels, model: str) -> None:
    def add(a: int, b: int) -> int:
        return a + b

    calls = (Call("add", {"a": 1, "b": 2}), Call("add", {"a": 30, "b": 4}))
    models.reply(Reply("let me", calls=calls), Reply("it is 37"))
    clerk = UniversalAgent("clerk", model.replace("ollama/", "ollama_chat/"), tools=[add])

    assert "".join(await pieces_of(clerk.chat_stream("go"))) == "let me\n\nit is 37"
    assert models.requests[-1].results == ["3", "34"]


async def test_a_structured_answer_is_one_piece_as_only_its_end_shows_that_it_is_one(
    models: LoopbackModels,
) -> None:
    class Verdict(BaseModel):
        ok: bool

    models.reply(Reply("no idea"), Reply('{"ok": true}'))

    judge = UniversalAgent("judge", "gpt-4o", output_type=Verdict)
    assert await pieces_of(judge.chat_stream("well?")) == ['{"ok":true}']


async def test_what_was_streamed_is_remembered(models: LoopbackModels) -> None:
    writer = UniversalAgent("writer", "gpt-4o", memory=ConversationMemory())
    models.reply(Reply("hello Ada"), Reply("Ada"))

    await pieces_of(writer.chat_stream("I am Ada"))
    await writer.chat("who am I?")

    assert [message["content"] for message in models.requests[-1].messages] == [
        "I am Ada",
        "hello Ada",
        "who am I?",
    ]


# -- trouble --------------------------------------------------------------------------------------------------------


@EVERY_WIRE
@pytest.mark.parametrize(
    "trouble",
    [RATE_LIMITED, SERVER_ERROR, OVERLOADED, MALFORMED, EMPTY],
    ids=["rate limit", "provider error", "overloaded", "malformed", "empty"],
)
async def test_trouble_before_the_first_piece_is_tried_again(
    models: LoopbackModels, model: str, trouble: Reply
) -> None:
    models.reply(trouble, Reply("at last"))

    assert "".join(await pieces_of(agent(model).chat_stream("write"))) == "at last"
    assert len(models.requests) == 2


@EVERY_WIRE
async def test_a_model_that_says_nothing_in_time_is_tried_again(models: LoopbackModels, model: str) -> None:
    models.reply(HANGING, Reply("at last"))

    assert "".join(await pieces_of(agent(model, timeout=0.5).chat_stream("write"))) == "at last"


@EVERY_WIRE
@pytest.mark.parametrize("broken", [Reply(SIX, cut=True), Reply(SIX, short=True)], ids=["cut", "short"])
async def test_an_answer_that_breaks_off_is_an_error_and_not_an_answer(
    models: LoopbackModels, model: str, broken: Reply
) -> None:
    models.reply(broken)
    heard: list[str] = []

    with pytest.raises(ModelCallError, match=r"after \d+ characters of it had been streamed") as caught:
        await listen(agent(model).chat_stream("count"), heard)

    assert "".join(heard) == SIX[: len("".join(heard))] != ""
    assert caught.value.kind == "connection failed"
    assert not isinstance(caught.value, NonRetryableError)
    assert len(models.requests) == 1


@EVERY_WIRE
async def test_a_stream_ends_with_its_timeout_however_slowly_it_drips(
    models: LoopbackModels, model: str
) -> None:
    models.reply(Reply(" ".join(["word"] * 200), drip=0.1))
    began = time.monotonic()

    with pytest.raises(ModelCallError, match=r"time-out: nothing within 0.5 s"):
        await pieces_of(agent(model, timeout=0.5, retries=0).chat_stream("write"))

    assert time.monotonic() - began < 10.0


async def test_a_refusal_is_raised_at_once(models: LoopbackModels) -> None:
    models.reply(UNAUTHORIZED)

    with pytest.raises(ModelCallRefused):
        await pieces_of(agent().chat_stream("write"))

    assert len(models.requests) == 1


async def test_a_cut_before_any_text_is_tried_again(models: LoopbackModels) -> None:
    models.reply(Reply(None, cut=True), Reply("at last"))

    assert "".join(await pieces_of(agent().chat_stream("write"))) == "at last"


async def test_a_listener_that_leaves_ends_the_call(models: LoopbackModels) -> None:
    pause = threading.Event()
    models.reply(Reply(SIX, pause=pause))
    stream = agent().chat_stream("count")

    assert await anext(stream) == "one"
    before = asyncio.all_tasks()
    await asyncio.wait_for(stream.aclose(), 10)  # type: ignore[attr-defined]
    pause.set()

    assert not [task for task in before if "_chat" in repr(task) and not task.done()]


# -- workflow agents ------------------------------------------------------------------------------------------------


@dataclass
class Speaks:
    """An agent of the user's own, that streams its words or doesn't."""

    name: str

    async def chat(self, message: str) -> str:
        return f"{message}+{self.name}"


@dataclass
class Streams(Speaks):
    async def chat_stream(self, message: str) -> AsyncIterator[str]:
        yield message
        yield f"+{self.name}"


async def test_a_sequence_streams_its_last_agent() -> None:
    stream = SequentialAgent("pipe", [Streams("a"), Streams("b")]).chat_stream("x")

    assert await pieces_of(stream) == ["x+a", "+b"]


async def test_a_router_streams_the_chosen_agent() -> None:
    router = ConditionalAgent("router", lambda _: "here", {"here": Streams("H")}, default=Streams("D"))

    assert await pieces_of(router.chat_stream("x")) == ["x", "+H"]


async def test_a_loop_streams_its_last_round_where_it_is_known_to_be_the_last() -> None:
    counted = LoopAgent("loop", Streams("a"), max_iterations=3)
    judged = LoopAgent("loop", Streams("a"), lambda answer: answer.count("+") == 2)

    assert await pieces_of(counted.chat_stream("x")) == ["x+a+a", "+a"]
    assert await pieces_of(judged.chat_stream("x")) == ["x+a+a"]


async def test_a_panel_s_answer_and_that_of_an_agent_that_does_not_stream_are_one_piece() -> None:
    panel = ParallelAgent("panel", [Streams("a")], merge=lambda answers: "|".join(answers.values()))

    assert await pieces_of(SequentialAgent("pipe", [Streams("w"), panel]).chat_stream("x")) == ["x+w+a"]
    assert await pieces_of(SequentialAgent("pipe", [Speaks("s")]).chat_stream("x")) == ["x+s"]
