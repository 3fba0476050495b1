"""How step parameters are filled, and what is refused before anything runs."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from sagewai import (
    DuplicateStepError,
    DurableWorkflow,
    InMemoryStore,
    InvalidOptionError,
    RetryPolicy,
    StepParameterError,
)
from sagewai.models.page import RunQuery


class Article(BaseModel):
    title: str
    at: datetime


@dataclasses.dataclass
class Score:
    points: tuple[int, ...]


def workflow() -> DurableWorkflow:
    return DurableWorkflow("flow", InMemoryStore())


async def test_the_first_step_is_filled_by_name_and_a_later_ones_first_parameter_by_the_step_before() -> None:
    wf = workflow()

    @wf.step("one")
    async def one(topic: str, size: int = 3) -> str:
        return topic * size

    @wf.step("two")
    async def two(whatever_it_is_called: str) -> str:
        return whatever_it_is_called + "!"

    assert await wf.run(topic="ab") == "ababab!"
    assert await wf.run(topic="ab", size=1) == "ab!"


async def test_further_parameters_come_from_earlier_steps_then_the_input_then_their_default() -> None:
    wf = workflow()

    @wf.step("fact-check")
    async def check(topic: str) -> str:
        return "checked " + topic

    @wf.step("draft")
    async def draft(_: str) -> str:
        return "draft"

    @wf.step("publish")
    async def publish(text: str, fact_check: str, topic: str, to: str = "web") -> list[str]:
        return [text, fact_check, topic, to]

    assert await wf.run(topic="t") == ["draft", "checked t", "t", "web"]
    assert await wf.run(topic="t", to="print") == ["draft", "checked t", "t", "print"]


async def test_models_dataclasses_and_datetimes_come_back_typed() -> None:
    wf = workflow()
    seen: list[object] = []

    @wf.step("one")
    async def one(article: Article) -> Score:
        seen.append(article)
        return Score((1, 2))

    @wf.step("two")
    async def two(score: Score, article: Article) -> datetime:
        seen.append(score)
        return article.at

    moment = datetime(2026, 1, 2, tzinfo=UTC)
    assert await wf.run(run_id="r", article=Article(title="t", at=moment)) == moment
    assert seen == [Article(title="t", at=moment), Score((1, 2))]
    assert await wf.run(run_id="r") == moment


async def test_an_unannotated_parameter_takes_the_type_the_step_before_returns() -> None:
    wf = workflow()

    @wf.step("one")
    async def one() -> Score:
        return Score((1,))

    @wf.step("two")
    async def two(score):
        return type(score).__name__

    assert await wf.run() == "Score"


async def test_sync_steps_run_in_a_thread() -> None:
    import threading

    wf = workflow()

    @wf.step("one")
    def one() -> str:
        return threading.current_thread().name

    assert await wf.run() == "sagewai-step"


async def test_a_parameter_nothing_can_fill_is_named_before_anything_runs() -> None:
    wf = workflow()

    @wf.step("one")
    async def one(topic: str) -> str:
        return topic

    with pytest.raises(StepParameterError, match=r"step 'one' .* needs 'topic'"):
        await wf.run()
    with pytest.raises(StepParameterError, match="takes 'topics'; it takes topic"):
        await wf.run(topic="x", topics="y")
    assert wf.store is not None
    assert len(await wf.store.list_runs(RunQuery())) == 0


async def test_a_first_step_with_kwargs_takes_the_rest_of_the_input() -> None:
    wf = workflow()

    @wf.step("one")
    async def one(topic: str, **rest: int) -> dict[str, int]:
        return rest

    assert await wf.run(topic="x", a=1, b=2) == {"a": 1, "b": 2}


def test_a_workflow_without_steps_and_star_args_are_refused() -> None:
    with pytest.raises(StepParameterError, match="has no steps"):
        _ = workflow().plan
    wf = workflow()

    @wf.step("one")
    async def one(*args: str) -> None: ...

    with pytest.raises(StepParameterError, match=r"takes \*args"):
        _ = wf.plan


def test_step_names_are_unique() -> None:
    wf = workflow()
    wf.step("one")(lambda: None)
    with pytest.raises(DuplicateStepError, match="'one'"):
        wf.step("one")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"retries": True}, "retries"),
        ({"retry_delay": -0.1}, "retry_delay"),
        ({"retry_delay": float("nan")}, "retry_delay"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": "3"}, "timeout"),
    ],
)
def test_options_out_of_range_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidOptionError, match=named):
        workflow().step("one", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "\ud800", "x" * 201])
def test_names_no_database_keeps_are_refused(name: str) -> None:
    with pytest.raises(InvalidOptionError, match="name"):
        DurableWorkflow(name)
    with pytest.raises(InvalidOptionError, match="name"):
        workflow().step(name)


def test_a_retry_policy_grows_to_its_cap() -> None:
    policy = RetryPolicy(delay=1, factor=2, max_delay=5)
    assert [policy.wait(failures) for failures in (1, 2, 3, 4, 1_000_000)] == [1, 2, 4, 5, 5]
