"""What users' code can throw at the engine: hostile exceptions and types, secrets, nested and changed workflows."""

from __future__ import annotations

import time
from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator

from sagewai import (
    ApprovalGate,
    DurableWorkflow,
    InMemoryStore,
    LabelError,
    RunFailed,
    WorkerCredentials,
    WorkflowSuspended,
    get_worker_credentials,
)
from sagewai.core.context import branch
from sagewai.core.redact import redact
from sagewai.core.stores.base import Store
from sagewai.errors import StepParameterError
from tests.engine.helpers import working


class Mute(Exception):
    def __str__(self) -> str:
        raise SystemExit("no text")


class Misnamed(Exception):
    pass


Misnamed.__qualname__ = "a\0b\ud800"


@pytest.mark.parametrize(
    "error",
    [Mute(), ExceptionGroup("several", [Mute()]), Misnamed("x")],
    ids=lambda error: type(error).__name__,
)
async def test_an_exception_that_cannot_be_shown_still_fails_its_run(error: Exception, store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> None:
        raise error

    with pytest.raises(RunFailed):
        await wf.run(run_id="r")
    assert (await store.get_dead_letter("r")).run_id == "r"


def _explode(value: object) -> object:
    raise KeyError("a validator's own bug")


@pytest.mark.parametrize("store_url", ["memory"], indirect=True)
async def test_a_validator_that_raises_anything_fails_the_attempt(store: Store) -> None:
    wf = DurableWorkflow("flow", store)

    @wf.step("one")
    async def one() -> str:
        return "x"

    @wf.step("two")
    async def two(value: Annotated[str, BeforeValidator(_explode)]) -> str:
        return value

    with pytest.raises(RunFailed, match="KeyError"):
        await wf.run(run_id="r")


class Opaque:
    """Nothing pydantic knows how to read."""


async def test_a_parameter_of_a_type_that_cannot_be_read_is_named_before_anything_runs() -> None:
    wf = DurableWorkflow("flow", InMemoryStore())

    @wf.step("one")
    async def one(client: Opaque) -> str:
        return "x"

    with pytest.raises(StepParameterError, match=r"'one'.*'client'"):
        await wf.run(client=Opaque())


async def test_a_result_annotation_that_cannot_be_read_does_not_stop_plain_results() -> None:
    wf = DurableWorkflow("flow", InMemoryStore())

    @wf.step("one")
    async def one() -> Opaque:
        return "x"  # type: ignore[return-value]

    assert await wf.run() == "x"


async def test_a_run_inside_a_branch_of_another_asks_under_its_own_name(store: Store) -> None:
    """Whoever resumes the inner run alone finds the approval that was given."""
    inner = DurableWorkflow("inner", store)
    gate = ApprovalGate(inner)

    @inner.step("ask")
    async def ask() -> str:
        return (await gate.request_approval("sure?")).reviewer

    outer = DurableWorkflow("outer", store)

    @outer.step("call")
    async def call() -> str:
        with branch("left"):
            try:
                return str(await inner.run(run_id="i"))
            except WorkflowSuspended:
                return "waits"

    assert await outer.run() == "waits"
    await gate.approve("i", "ann")
    assert await inner.run(run_id="i") == "ann"


async def test_a_run_inside_a_workers_step_has_the_workers_credentials() -> None:
    store = InMemoryStore()
    inner, outer = DurableWorkflow("inner", store), DurableWorkflow("outer", store)

    @inner.step("look")
    async def look() -> str | None:
        credentials = get_worker_credentials()
        return None if credentials is None else credentials.model_for("any")

    @outer.step("call")
    async def call() -> Any:
        return await inner.run()

    credentials = WorkerCredentials(model_overrides={"default": "m"})
    async with working(store, outer, credentials=credentials):
        assert await (await outer.submit()).result(timeout=5) == "m"


@pytest.mark.parametrize("wrong", ["abc", [("a", 1)], 5])
async def test_labels_and_tags_are_mappings(wrong: Any) -> None:
    wf = DurableWorkflow("flow", InMemoryStore())
    wf.step("one")(lambda: 1)
    with pytest.raises(LabelError):
        await wf.submit(labels=wrong)
    with pytest.raises(LabelError):
        await wf.submit(tags=wrong)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://ann:p@ss-word@db/x", "ss-word"),
        ('password="correct horse"', "horse"),
        ("{'api_key': 'abc def ghi'}", "def"),
        ("MY_VERY_LONG_AND_DESCRIPTIVE_VENDOR_NAME_API_KEY=abcdefgh", "abcdefgh"),
    ],
)
def test_secrets_are_hidden_whole(text: str, secret: str) -> None:
    assert secret not in redact(text)


def test_redacting_a_long_text_takes_no_time_to_speak_of() -> None:
    began = time.process_time()
    redact("a-" * 100_000 + "://x" * 50_000)
    assert time.process_time() - began < 1
