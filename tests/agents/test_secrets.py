"""A key is seen by its endpoint and by nobody else: not in a repr, an exception, a traceback or a log."""

from __future__ import annotations

import gc
import logging
import traceback

import pytest
from pydantic import SecretStr

from sagewai.agents import SequentialAgent, UniversalAgent
from sagewai.agents.failures import understand
from sagewai.core.retry import RetryPolicy
from sagewai.errors import ModelCallError
from sagewai.models.inference import InferenceParams
from sagewai.models.worker import WorkerCredentials
from tests.agents.endpoint import CUT_OFF, HANGING, MALFORMED, LoopbackModels, Reply
from tests.carrying import worker_credentials

KEY = "Zq7-very-private-9341"
ECHO = f"Incorrect API key provided: {KEY}. You can find yours at https://user:{KEY}@keys.example?key={KEY}"


def agent(model: str, timeout: float = 30.0) -> UniversalAgent:
    inference = InferenceParams(api_key=SecretStr(KEY), timeout=timeout)
    return UniversalAgent("writer", model, inference=inference, retries=1, backoff=RetryPolicy(delay=0.001))


def test_an_agent_s_repr_holds_no_key() -> None:
    whole = SequentialAgent("pipe", [agent("gpt-4o")])

    assert KEY not in repr(whole) + str(whole) + repr(agent("gpt-4o"))


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2"])
@pytest.mark.parametrize(
    "reply",
    [Reply(ECHO, status=status) for status in (400, 401, 403, 404, 429, 500)]
    + [Reply(body=f'{{"{KEY}'), MALFORMED, CUT_OFF, HANGING],
    ids=["400", "401", "403", "404", "429", "500", "echoed body", "malformed", "cut off", "hanging"],
)
async def test_no_failure_carries_the_key_even_where_the_provider_repeats_it(
    models: LoopbackModels, caplog: pytest.LogCaptureFixture, model: str, reply: Reply
) -> None:
    caplog.set_level(logging.DEBUG)
    models.reply(reply, reply)

    with pytest.raises(ModelCallError) as caught:
        await agent(model, timeout=1.0 if reply is HANGING else 30.0).chat("write")

    error = caught.value
    assert models.requests[0].key == KEY or model.startswith("ollama")
    assert error.__traceback__ is not None
    beneath_this_test = error.with_traceback(error.__traceback__.tb_next)
    shown = "".join(
        traceback.TracebackException.from_exception(beneath_this_test, capture_locals=True).format()
    )
    assert "complete" in shown
    assert KEY not in shown
    assert KEY not in str(error) + repr(error) + repr(error.args) + repr(vars(error))
    assert error.__cause__ is None
    assert error.__context__ is None
    assert KEY not in caplog.text + "".join(str(record.__dict__) for record in caplog.records)


async def test_the_worker_s_key_is_cut_out_like_the_agent_s(models: LoopbackModels) -> None:
    credentials = WorkerCredentials(inference_overrides=InferenceParams(api_key=SecretStr(KEY)))
    models.reply(Reply(ECHO, status=401))

    with worker_credentials(credentials), pytest.raises(ModelCallError) as caught:
        await UniversalAgent("writer", "gpt-4o").chat("write")

    assert models.requests[0].key == KEY
    assert KEY not in str(caught.value)
    assert KEY not in repr(credentials)


async def test_a_key_from_the_environment_is_cut_out_too(
    models: LoopbackModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    models.reply(Reply(ECHO, status=401))

    with pytest.raises(ModelCallError) as caught:
        await UniversalAgent("writer", "gpt-4o").chat("write")

    assert models.requests[0].key == KEY
    assert KEY not in str(caught.value)


async def test_nothing_that_failed_is_kept_alive_by_the_error(models: LoopbackModels) -> None:
    models.reply(Reply(ECHO, status=401))

    with pytest.raises(ModelCallError) as caught:
        await agent("gpt-4o").chat("write")

    library = {type(held).__module__.split(".")[0] for held in gc.get_referents(caught.value)}
    assert not library & {"litellm", "openai", "httpx", "aiohttp"}


@pytest.mark.parametrize("key", ["abcd", "short"])
def test_what_repeats_a_key_too_short_to_cut_out_is_not_told_at_all(key: str) -> None:
    assert understand(RuntimeError(f"your key {key} is wrong"), [key]).detail == ""


def test_a_stand_in_for_no_key_hides_nothing() -> None:
    assert understand(RuntimeError("exceeded"), ["x", ""]).detail == "exceeded"


def test_a_key_that_is_masked_or_escaped_by_the_provider_is_cut_out() -> None:
    masked = understand(RuntimeError("Incorrect API key provided: Zq7-ve****************9341."), [KEY])
    escaped = understand(
        RuntimeError('{"error": {"message": "key \\u005aq7-very-private-9341 is wrong"}}'), [KEY]
    )

    assert "Zq7" not in masked.detail
    assert "9341" not in masked.detail
    assert escaped.detail == "key [secret] is wrong"
