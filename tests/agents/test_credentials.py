"""A worker's credentials win over the agent's own model, endpoint, key and sampling, at call time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from sagewai import DurableWorkflow, InMemoryStore, WorkflowWorker
from sagewai.agents import ParallelAgent, UniversalAgent
from sagewai.agents.llm import load
from sagewai.models.inference import InferenceParams
from sagewai.models.worker import WorkerCredentials
from tests.agents.endpoint import FAKE_KEY, LoopbackModels
from tests.carrying import worker_credentials


@pytest.fixture
def elsewhere() -> Iterator[LoopbackModels]:
    """A second endpoint: the one the worker brings."""
    with LoopbackModels() as endpoint:
        yield endpoint


async def test_the_document_s_worker_sends_every_model_to_its_own_ollama(
    models: LoopbackModels, elsewhere: LoopbackModels
) -> None:
    credentials = WorkerCredentials(
        model_overrides={"default": "ollama/llama3.2"},
        inference_overrides=InferenceParams(api_base=elsewhere.ollama_base),
    )
    writer = UniversalAgent(name="writer", model="gpt-4o")

    with worker_credentials(credentials):
        await writer.chat("hi")
    await writer.chat("hi")

    assert [(request.wire, request.model) for request in elsewhere.requests] == [("ollama", "llama3.2")]
    assert [request.model for request in models.requests] == ["gpt-4o"]


async def test_a_model_named_in_the_overrides_goes_before_the_default(models: LoopbackModels) -> None:
    credentials = WorkerCredentials(model_overrides={"gpt-4o": "gpt-4.1", "default": "gpt-4o-mini"})

    with worker_credentials(credentials):
        await UniversalAgent("a", "gpt-4o").chat("hi")
        await UniversalAgent("b", "claude-sonnet-4-20250514").chat("hi")

    assert [request.model for request in models.requests] == ["gpt-4.1", "gpt-4o-mini"]


async def test_what_the_worker_sets_wins_and_what_it_leaves_open_stays_the_agent_s(
    models: LoopbackModels, elsewhere: LoopbackModels
) -> None:
    agent = UniversalAgent(
        "writer",
        "gpt-4o",
        inference=InferenceParams(api_key=SecretStr("sk-agent"), temperature=0.2, max_tokens=50),
    )
    credentials = WorkerCredentials(
        inference_overrides=InferenceParams(
            api_base=elsewhere.openai_base, api_key=SecretStr("sk-worker"), temperature=0.9
        )
    )

    with worker_credentials(credentials):
        await agent.chat("hi")

    (request,) = elsewhere.requests
    assert models.requests == []
    assert (request.key, request.body["temperature"], request.body["max_tokens"]) == ("sk-worker", 0.9, 50)


async def test_branches_and_tasks_of_a_run_call_with_its_worker_s_key(models: LoopbackModels) -> None:
    panel = ParallelAgent("panel", [UniversalAgent("a", "gpt-4o"), UniversalAgent("b", "gpt-4o")])

    async def run_with(key: str) -> None:
        with worker_credentials(
            WorkerCredentials(inference_overrides=InferenceParams(api_key=SecretStr(key)))
        ):
            await asyncio.create_task(panel.chat(key))

    await asyncio.gather(run_with("sk-one"), run_with("sk-two"))

    assert sorted((request.key, request.prompt) for request in models.requests) == [
        ("sk-one", "sk-one"),
        ("sk-one", "sk-one"),
        ("sk-two", "sk-two"),
        ("sk-two", "sk-two"),
    ]


async def test_a_worker_can_hold_a_key_per_model_and_one_for_the_rest(models: LoopbackModels) -> None:
    credentials = WorkerCredentials(
        inference_overrides={
            "gpt-4o": InferenceParams(api_key=SecretStr("sk-four")),
            "default": InferenceParams(api_key=SecretStr("sk-rest"), temperature=0.5),
        }
    )

    with worker_credentials(credentials):
        for model in ("gpt-4o", "gpt-4.1", "claude-sonnet-4-20250514"):
            await UniversalAgent("writer", model).chat("hi")

    assert [(request.key, request.body.get("temperature")) for request in models.requests] == [
        ("sk-four", None),
        ("sk-rest", 0.5),
        ("sk-rest", 0.5),
    ]
    assert sorted(credentials.secrets()) == ["sk-four", "sk-rest"]
    assert "sk-" not in repr(credentials) + str(credentials) + credentials.model_dump_json()


async def test_parameters_are_found_by_the_model_s_name_in_the_agent_whatever_it_becomes(
    models: LoopbackModels, elsewhere: LoopbackModels
) -> None:
    credentials = WorkerCredentials(
        model_overrides={"gpt-4o": "ollama_chat/llama3.2"},
        inference_overrides={"gpt-4o": InferenceParams(api_base=elsewhere.ollama_base)},
    )

    with worker_credentials(credentials):
        await UniversalAgent("a", "gpt-4o").chat("hi")
        await UniversalAgent("b", "gpt-4.1").chat("hi")

    assert [request.model for request in elsewhere.requests] == ["llama3.2"]
    assert [(request.model, request.key) for request in models.requests] == [("gpt-4.1", FAKE_KEY)]


async def test_an_agent_s_key_does_not_follow_to_the_provider_a_worker_calls_instead(
    models: LoopbackModels,
) -> None:
    agent = UniversalAgent("a", "gpt-4o", inference=InferenceParams(api_key=SecretStr("sk-of-the-agent")))

    with worker_credentials(WorkerCredentials(model_overrides={"default": "claude-sonnet-4-20250514"})):
        await agent.chat("hi")

    assert [request.key for request in models.requests] == [FAKE_KEY]


async def test_sync_and_async_steps_of_a_worker_call_with_its_credentials(models: LoopbackModels) -> None:
    store = InMemoryStore()
    wf = DurableWorkflow("letters", store=store)
    writer = UniversalAgent("writer", "gpt-4o")

    async def ask(message: str) -> str:
        try:
            return await writer.chat(message)
        finally:
            await (await load()).close_litellm_async_clients()

    @wf.step("in-thread")
    def in_thread() -> str:
        return asyncio.run(ask("one"))

    @wf.step("in-loop")
    async def in_loop(before: str) -> str:
        return before + (await writer.chat("two"))

    worker = WorkflowWorker(
        store=store,
        workflow_registry=[wf],
        poll_interval=0.02,
        credentials=WorkerCredentials(
            model_overrides={"default": "gpt-4.1"},
            inference_overrides=InferenceParams(api_key=SecretStr("sk-of-the-worker")),
        ),
    )
    running = asyncio.create_task(worker.start())
    handle = await wf.submit()
    assert await handle.result(timeout=20) == "gpt-4.1 says: onegpt-4.1 says: two"
    await worker.stop()
    await running

    assert [(request.model, request.key) for request in models.requests] == [
        ("gpt-4.1", "sk-of-the-worker")
    ] * 2
