"""What an agent makes of an endpoint that limits, breaks, hangs or refuses: tries again, or says what is wrong."""

from __future__ import annotations

import asyncio
import time

import pytest
from pydantic import SecretStr

from sagewai.agents import UniversalAgent
from sagewai.agents.failures import Kind, understand
from sagewai.core.retry import RetryPolicy
from sagewai.errors import ModelCallError, ModelCallRefused, NonRetryableError
from sagewai.models.inference import InferenceParams
from tests.agents.endpoint import (
    CUT_OFF,
    EMPTY,
    HANGING,
    MALFORMED,
    OVERLOADED,
    RATE_LIMITED,
    SERVER_ERROR,
    UNAUTHORIZED,
    LoopbackModels,
    Reply,
)

SOON = RetryPolicy(delay=0.001)
OPENAI, ANTHROPIC, OLLAMA = "gpt-4o", "claude-sonnet-4-20250514", "ollama/llama3.2"
EVERY_WIRE = pytest.mark.parametrize("model", [OPENAI, ANTHROPIC, OLLAMA])

PASSING = {
    "rate limit": RATE_LIMITED,
    "provider error": SERVER_ERROR,
    "overloaded": OVERLOADED,
    "malformed answer": MALFORMED,
    "connection failed": CUT_OFF,
    "empty answer": EMPTY,
    "time-out": HANGING,
}


def agent(model: str, retries: int = 2, timeout: float = 30.0) -> UniversalAgent:
    return UniversalAgent(
        "writer", model, inference=InferenceParams(timeout=timeout), retries=retries, backoff=SOON
    )


@EVERY_WIRE
@pytest.mark.parametrize("trouble", PASSING)
async def test_trouble_that_passes_is_tried_again(models: LoopbackModels, model: str, trouble: str) -> None:
    timeout = 0.5 if trouble == "time-out" else 30.0
    models.reply(PASSING[trouble], Reply("at last"))

    assert await agent(model, timeout=timeout).chat("write") == "at last"
    assert len(models.requests) == 2


@EVERY_WIRE
@pytest.mark.parametrize("trouble", [trouble for trouble in PASSING if trouble != "overloaded"])
async def test_trouble_that_stays_is_named_with_agent_and_model(
    models: LoopbackModels, model: str, trouble: str
) -> None:
    timeout = 0.3 if trouble == "time-out" else 30.0
    models.reply(*[PASSING[trouble]] * 2)

    with pytest.raises(ModelCallError) as caught:
        await agent(model, retries=1, timeout=timeout).chat("write")

    assert len(models.requests) == 2
    assert (caught.value.kind, caught.value.model, caught.value.agent) == (trouble, model, "writer")
    assert all(part in str(caught.value) for part in ("'writer'", f"'{model}'", trouble, "2 tries"))
    assert not isinstance(caught.value, NonRetryableError)


REFUSALS = [
    (UNAUTHORIZED, "authentication"),
    (Reply("not for you", status=403), "authentication"),
    (Reply("no such model", status=404), "not found"),
    (Reply("what is this", status=400), "bad request"),
    (Reply("can't be processed", status=422), "bad request"),
]


@EVERY_WIRE
@pytest.mark.parametrize(("refusal", "kind"), REFUSALS)
async def test_a_refusal_is_raised_at_once_and_no_step_retries_it(
    models: LoopbackModels, model: str, refusal: Reply, kind: str
) -> None:
    models.reply(refusal)

    with pytest.raises(ModelCallRefused) as caught:
        await agent(model).chat("write")

    assert len(models.requests) == 1
    assert caught.value.kind == kind
    assert str(refusal.text) in str(caught.value)
    assert isinstance(caught.value, NonRetryableError)


@pytest.mark.parametrize("model", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize(
    ("reply", "kind", "way_out"),
    [
        (
            Reply("This model's maximum context length is 8192 tokens", status=400),
            "context window exceeded",
            "shorten",
        ),
        (Reply(None, finish="length"), "no room for an answer", "max_tokens"),
        (Reply(None, finish="content_filter"), "refused by the content filter", "content filter"),
    ],
)
async def test_an_answer_that_can_not_come_says_what_to_change(
    models: LoopbackModels, model: str, reply: Reply, kind: str, way_out: str
) -> None:
    models.reply(reply)

    with pytest.raises(ModelCallRefused, match=way_out) as caught:
        await agent(model).chat("write")

    assert caught.value.kind == kind
    assert len(models.requests) == 1


@pytest.mark.parametrize("model", [OPENAI, ANTHROPIC])
async def test_a_missing_key_is_an_authentication_failure_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    with pytest.raises(ModelCallRefused, match="api_key in InferenceParams") as caught:
        await agent(model).chat("write")

    assert caught.value.kind == "authentication"


async def test_a_model_that_no_provider_claims_is_not_found() -> None:
    with pytest.raises(ModelCallRefused, match=r"'no-such-model'.*provider prefix"):
        await agent("no-such-model").chat("write")


@pytest.mark.parametrize("model", [OPENAI, ANTHROPIC, OLLAMA])
async def test_an_endpoint_where_nobody_listens_is_a_failed_connection(model: str) -> None:
    with LoopbackModels() as gone:
        nobody = InferenceParams(api_base=gone.openai_base, api_key=SecretStr("sk-anything"))

    with pytest.raises(ModelCallError, match="api_base") as caught:
        await UniversalAgent("writer", model, inference=nobody, retries=1, backoff=SOON).chat("write")

    assert caught.value.kind == "connection failed"


async def test_the_wait_that_the_provider_asks_for_is_kept(models: LoopbackModels) -> None:
    models.reply(Reply("slow down", status=429, headers={"retry-after": "1"}))

    began = time.monotonic()
    await agent(OPENAI).chat("write")

    assert time.monotonic() - began >= 1.0


async def test_a_wait_longer_than_half_a_minute_is_left_to_the_step(models: LoopbackModels) -> None:
    models.reply(Reply("come back tomorrow", status=429, headers={"retry-after": "3600"}))

    with pytest.raises(ModelCallError, match="asks to wait 3600 s"):
        await agent(OPENAI).chat("write")

    assert len(models.requests) == 1


@EVERY_WIRE
async def test_a_try_ends_with_its_timeout_however_slowly_bytes_arrive(
    models: LoopbackModels, model: str
) -> None:
    models.reply(Reply("late", drip=0.1))
    began = time.monotonic()

    with pytest.raises(ModelCallError, match=r"time-out: nothing within 0.5 s"):
        await agent(model, retries=0, timeout=0.5).chat("write")

    assert time.monotonic() - began < 5.0


async def test_a_cancelled_call_stays_cancelled(models: LoopbackModels) -> None:
    with models.hold():
        asking = asyncio.create_task(agent(OPENAI).chat("write"))
        await asyncio.to_thread(models.wait_for, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    assert len(models.requests) == 1


def test_an_exception_that_can_not_be_shown_is_still_a_failure() -> None:
    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert understand(Hostile()).kind is Kind.SERVER


def test_what_the_provider_said_is_one_short_printable_line() -> None:
    failure = understand(RuntimeError("litellm.APIError: bad\x1b[2J\nthing " + "x" * 1000))

    assert failure.detail.startswith("bad [2J thing xxx")
    assert len(failure.detail) <= 400
    assert failure.detail.isprintable()
