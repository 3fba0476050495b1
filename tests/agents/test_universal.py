"""UniversalAgent asks a model over the real litellm, in three wire formats."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from sagewai.agents import UniversalAgent
from sagewai.agents.llm import load
from sagewai.errors import AgentInputError, InvalidOptionError
from sagewai.models.inference import InferenceParams
from tests.agents.endpoint import FAKE_KEY, LoopbackModels, Reply

WIRES = [
    ("gpt-4o", "openai", "gpt-4o"),
    ("gpt-4o-mini", "openai", "gpt-4o-mini"),
    ("claude-sonnet-4-20250514", "anthropic", "claude-sonnet-4-20250514"),
    ("ollama/llama3.2", "ollama", "llama3.2"),
    ("ollama_chat/llama3.2", "ollama-chat", "llama3.2"),
]


@pytest.mark.parametrize(("model", "wire", "sent"), WIRES)
async def test_the_model_s_words_come_back_as_text(
    models: LoopbackModels, model: str, wire: str, sent: str
) -> None:
    models.reply(Reply("forty-two"))

    answer = await UniversalAgent(name="sage", model=model).chat("How many?")

    assert answer == "forty-two"
    (request,) = models.requests
    assert (request.wire, request.model) == (wire, sent)
    assert "How many?" in request.prompt
    assert models.strays == []


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-20250514"])
async def test_endpoint_and_key_come_from_the_environment(models: LoopbackModels, model: str) -> None:
    await UniversalAgent(name="sage", model=model).chat("hi")

    assert models.requests[0].key == FAKE_KEY


async def test_the_system_prompt_goes_first(models: LoopbackModels) -> None:
    await UniversalAgent("sage", "gpt-4o", "Be brief.").chat("hi")

    assert models.requests[0].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
    ]


async def test_a_conversation_is_sent_whole_and_in_order(models: LoopbackModels) -> None:
    history = [
        {"role": "user", "content": "I am Ada."},
        {"role": "assistant", "content": "Hello Ada."},
        {"role": "user", "content": "Who am I?"},
    ]

    answer = await UniversalAgent("sage", "gpt-4o", system_prompt="Be brief.").chat_with_history(history)

    assert answer == "gpt-4o says: Who am I?"
    assert models.requests[0].roles == ["system", "user", "assistant", "user"]
    assert len(history) == 3


async def test_a_conversation_with_a_system_message_of_its_own_keeps_it(models: LoopbackModels) -> None:
    own = [{"role": "system", "content": "Be long."}, {"role": "user", "content": "hi"}]

    await UniversalAgent("sage", "gpt-4o", system_prompt="Be brief.").chat_with_history(own)

    assert models.requests[0].body["messages"] == own


async def test_sampling_and_endpoint_of_the_agent_reach_the_wire() -> None:
    with LoopbackModels() as elsewhere:
        inference = InferenceParams(
            api_base=elsewhere.openai_base,
            api_key=SecretStr("sk-of-the-agent"),
            temperature=0.25,
            max_tokens=64,
            top_p=0.5,
        )
        await UniversalAgent("sage", "openai/local", inference=inference).chat("hi")
        (request,) = elsewhere.requests
        await (await load()).close_litellm_async_clients()

    assert request.key == "sk-of-the-agent"
    assert {name: request.body[name] for name in ("temperature", "max_tokens", "top_p")} == {
        "temperature": 0.25,
        "max_tokens": 64,
        "top_p": 0.5,
    }


async def test_a_parameter_that_the_model_does_not_know_is_left_out(models: LoopbackModels) -> None:
    reasoner = UniversalAgent("sage", "o1", inference=InferenceParams(temperature=0.1, top_p=0.9))

    assert await reasoner.chat("hi") == "o1 says: hi"
    assert "top_p" not in models.requests[0].body


async def test_one_agent_answers_many_at_once(models: LoopbackModels) -> None:
    sage = UniversalAgent("sage", "gpt-4o")

    with models.hold():
        asking = [asyncio.create_task(sage.chat(f"question {number}")) for number in range(10)]
        await asyncio.to_thread(models.wait_for, 10)
    answers = await asyncio.gather(*asking)

    assert answers == [f"gpt-4o says: question {number}" for number in range(10)]


def test_an_agent_serves_one_event_loop_after_another() -> None:
    sage = UniversalAgent("sage", "gpt-4o")

    async def ask() -> str:
        answer = await sage.chat("hi")
        await (await load()).close_litellm_async_clients()
        return answer

    with LoopbackModels() as endpoint, endpoint.as_environment():
        assert [asyncio.run(ask()), asyncio.run(ask())] == ["gpt-4o says: hi"] * 2


async def test_litellm_s_own_provider_hook_answers_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    litellm = await load()

    class Parrot(litellm.CustomLLM):  # type: ignore[misc, name-defined]
        async def acompletion(self, *_: object, messages: list[dict[str, str]], **__: object) -> object:
            return litellm.ModelResponse(
                choices=[{"message": {"role": "assistant", "content": f"{messages[-1]['content']}!"}}]
            )

    monkeypatch.setattr(litellm, "custom_provider_map", [{"provider": "parrot", "custom_handler": Parrot()}])

    assert await UniversalAgent("pet", "parrot/grey").chat("hello") == "hello!"


def test_unknown_keyword_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="temprature"):
        UniversalAgent(name="sage", model="gpt-4o", temprature=0.1)  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\nb", "a\x1b[2J", "x" * 201, None, 7])
def test_a_name_that_could_not_stand_in_a_path_of_branches_is_refused(name: object) -> None:
    with pytest.raises(InvalidOptionError, match="UniversalAgent name"):
        UniversalAgent(name=name, model="gpt-4o")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"model": ""}, "model"),
        ({"model": None}, "model"),
        ({"system_prompt": 7}, "system_prompt"),
        ({"inference": {"temperature": 1}}, "InferenceParams"),
        ({"retries": -1}, "retries"),
        ({"retries": True}, "retries"),
        ({"backoff": 2.0}, "RetryPolicy"),
    ],
)
def test_an_option_out_of_its_range_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidOptionError, match=named):
        UniversalAgent(**{"name": "sage", "model": "gpt-4o", **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("message", [None, 7, b"hi", {"role": "user"}, ["hi"]])
async def test_only_text_can_be_said_to_an_agent(message: object) -> None:
    with pytest.raises(AgentInputError, match="message to 'sage'"):
        await UniversalAgent("sage", "gpt-4o").chat(message)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "history",
    [[], "hi", None, ["hi"], [{"content": "hi"}], [{"role": "user"}], [{"role": 1, "content": "hi"}]],
)
async def test_a_conversation_of_another_shape_is_refused(history: object) -> None:
    with pytest.raises(AgentInputError, match="conversation given to 'sage'"):
        await UniversalAgent("sage", "gpt-4o").chat_with_history(history)  # type: ignore[arg-type]
