"""When a model fails for good the next one is asked, and no key goes to a provider it wasn't given for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from sagewai.agents import UniversalAgent
from sagewai.agents.call import ModelCall, Target, complete
from sagewai.agents.exchange import Exchange
from sagewai.core.retry import RetryPolicy
from sagewai.errors import InvalidOptionError, ModelCallError, ModelCallRefused, NonRetryableError
from sagewai.models.inference import InferenceParams
from sagewai.models.worker import WorkerCredentials
from tests.agents.endpoint import (
    FAKE_KEY,
    RATE_LIMITED,
    SERVER_ERROR,
    UNAUTHORIZED,
    LoopbackModels,
    Reply,
)
from tests.carrying import worker_credentials

SOON = RetryPolicy(delay=0.001)


@pytest.fixture
def elsewhere() -> Iterator[LoopbackModels]:
    with LoopbackModels() as endpoint:
        yield endpoint


def agent(*fallbacks: str, inference: InferenceParams | None = None, retries: int = 1) -> UniversalAgent:
    return UniversalAgent(
        "writer", "gpt-4o", fallback_models=fallbacks, inference=inference, retries=retries, backoff=SOON
    )


@pytest.mark.parametrize(
    "trouble", [UNAUTHORIZED, Reply("no such model", status=404), Reply("what?", status=400)]
)
async def test_a_refusal_goes_to_the_next_model_at_once(models: LoopbackModels, trouble: Reply) -> None:
    models.reply(trouble, Reply("hello"))

    assert await agent("claude-sonnet-4-20250514").chat("hi") == "hello"
    assert [request.model for request in models.requests] == ["gpt-4o", "claude-sonnet-4-20250514"]


async def test_what_may_pass_is_tried_again_before_the_next_model_is_asked(models: LoopbackModels) -> None:
    models.reply(RATE_LIMITED, RATE_LIMITED, SERVER_ERROR, Reply("hello"))

    assert await agent("gpt-4.1", "ollama/llama3.2").chat("hi") == "hello"
    assert [request.model for request in models.requests] == ["gpt-4o", "gpt-4o", "gpt-4.1", "gpt-4.1"]


async def test_a_stream_falls_back_too_as_long_as_nothing_was_heard(models: LoopbackModels) -> None:
    models.reply(UNAUTHORIZED, Reply("hello you"))

    assert [piece async for piece in agent("gpt-4.1").chat_stream("hi")] == ["hello", " you"]


async def test_after_a_piece_was_heard_nobody_else_is_asked(models: LoopbackModels) -> None:
    models.reply(Reply("one two three four five six", cut=True))

    with pytest.raises(ModelCallError, match="had been streamed"):
        assert [piece async for piece in agent("gpt-4.1").chat_stream("hi")]

    assert [request.model for request in models.requests] == ["gpt-4o"]


async def test_when_all_have_failed_each_is_named_with_its_reason(models: LoopbackModels) -> None:
    models.reply(UNAUTHORIZED, Reply("what?", status=400))

    with pytest.raises(ModelCallRefused) as caught:
        await agent("gpt-4.1").chat("hi")

    assert "model 'gpt-4o': authentication" in str(caught.value)
    assert "then from model 'gpt-4.1': bad request" in str(caught.value)
    assert (caught.value.model, caught.value.kind) == ("gpt-4o", "authentication")


async def test_a_step_may_try_again_if_one_of_them_might_answer_later(models: LoopbackModels) -> None:
    models.reply(UNAUTHORIZED, RATE_LIMITED)

    with pytest.raises(ModelCallError) as caught:
        await agent("gpt-4.1", retries=0).chat("hi")

    assert not isinstance(caught.value, NonRetryableError)


async def test_endpoint_and_key_go_to_a_fallback_of_the_same_provider(
    models: LoopbackModels, elsewhere: LoopbackModels
) -> None:
    elsewhere.reply(UNAUTHORIZED)
    own = InferenceParams(api_base=elsewhere.openai_base, api_key=SecretStr("sk-own"), temperature=0.5)

    await agent("openai/gpt-4.1", inference=own).chat("hi")

    assert [(request.model, request.key) for request in elsewhere.requests] == [
        ("gpt-4o", "sk-own"),
        ("gpt-4.1", "sk-own"),
    ]
    assert models.requests == []


@pytest.mark.parametrize("fallback", ["claude-sonnet-4-20250514", "ollama_chat/llama3.2"])
async def test_endpoint_and_key_stay_away_from_other_providers(
    models: LoopbackModels, elsewhere: LoopbackModels, fallback: str
) -> None:
    elsewhere.reply(UNAUTHORIZED)
    own = InferenceParams(api_base=elsewhere.openai_base, api_key=SecretStr("sk-own"), temperature=0.5)

    await agent(fallback, inference=own).chat("hi")

    assert [request.key for request in elsewhere.requests] == ["sk-own"]
    (request,) = models.requests
    assert request.key in (FAKE_KEY, "")
    assert "0.5" in str(request.body)


async def test_a_worker_s_overrides_hold_for_fallbacks_and_one_model_is_asked_once(
    models: LoopbackModels,
) -> None:
    models.reply(UNAUTHORIZED, Reply("hello"))
    credentials = WorkerCredentials(
        model_overrides={"gpt-4o": "gpt-4.1", "gpt-4o-mini": "gpt-4.1", "o1": "o3"}
    )

    with worker_credentials(credentials):
        assert await agent("gpt-4o-mini", "o1").chat("hi") == "hello"

    assert [request.model for request in models.requests] == ["gpt-4.1", "o3"]


async def test_an_answer_says_who_gave_it_after_how_many_tries_for_how_many_tokens(
    models: LoopbackModels,
) -> None:
    call: ModelCall = Exchange(agent("gpt-4.1"))._call([{"role": "user", "content": "hi"}])

    for said in (None, lambda _: None):
        models.reply(RATE_LIMITED, UNAUTHORIZED, Reply("hello"))
        answer = await complete(call, said)

        assert (answer.text, answer.model, answer.tries, answer.finish) == ("hello", "gpt-4.1", 3, "stop")
        assert (answer.input_tokens, answer.output_tokens) == (11, 7)


def test_what_is_asked_is_the_same_on_every_worker_and_holds_neither_endpoint_nor_key() -> None:
    own = InferenceParams(api_base="http://db1", api_key=SecretStr("sk-own"), temperature=0.5, timeout=3)
    writer = agent("gpt-4.1", inference=own)

    def call() -> ModelCall:
        return Exchange(writer)._call([{"role": "user", "content": "hi"}])

    here = call()
    with worker_credentials(WorkerCredentials(model_overrides={"default": "ollama/llama3.2"})):
        there = call()

    assert there.targets != here.targets
    assert there.content() == here.content()
    assert here.content() == {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [],
        "output": None,
        "sampling": {"temperature": 0.5},
    }
    assert "sk-own" not in repr(here) + repr(Target("gpt-4o", own))


@pytest.mark.parametrize("models_given", ["gpt-4.1", [""], [None], 7])
def test_fallbacks_are_a_list_of_names(models_given: object) -> None:
    with pytest.raises(InvalidOptionError, match="fallback"):
        UniversalAgent("writer", "gpt-4o", fallback_models=models_given)  # type: ignore[arg-type]
