"""Python functions as a model's tools: what it is shown of them, how they are called, and what it is told."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from sagewai.agents import Tool, UniversalAgent, tool
from sagewai.agents.docstring import described
from sagewai.core.context import branch, current_branch, get_worker_credentials
from sagewai.errors import InvalidOptionError, ModelCallRefused, NonRetryableError, ToolLoopError
from sagewai.models.inference import InferenceParams
from sagewai.models.worker import WorkerCredentials
from tests.agents.endpoint import Call, LoopbackModels, Reply
from tests.carrying import worker_credentials

WITH_TOOLS = pytest.mark.parametrize(
    "model", ["gpt-4o", "claude-sonnet-4-20250514", "ollama_chat/llama3.2", "ollama/llama3.2"]
)


class Line(BaseModel):
    article: str
    count: Annotated[int, Field(ge=1)]


class Speed(Enum):
    SLOW = "slow"
    FAST = "fast"


def weather(city: str, day: date | None = None, unit: Literal["C", "F"] = "C") -> str:
    """The weather in a city.

    Looks it up once a day.

    Args:
        city: a city's name,
            in English
        unit (str): of the temperature

    Returns:
        words
    """
    return f"{city}: 20 {unit}, {day!r}"


def add(a: int, b: int = 2) -> int:
    return a + b


async def first_call(models: LoopbackModels, function: Callable[..., Any], arguments: Any) -> str:
    """What the model is told after it called ``function`` like this."""
    name = UniversalAgent("x", "gpt-4o", tools=[function]).toolbox[0].name
    models.reply(Reply(None, calls=(Call(name, arguments),)), Reply("seen"))
    await UniversalAgent("clerk", "gpt-4o", tools=[function]).chat("go")
    return models.requests[-1].results[-1]


# -- what a model is shown ------------------------------------------------------------------------------------------


@WITH_TOOLS
async def test_a_function_s_annotations_and_docstring_are_its_schema(
    models: LoopbackModels, model: str
) -> None:
    await UniversalAgent("clerk", model, tools=[weather]).chat("hi")

    (request,) = models.requests
    shown = request.tools["weather"]
    assert shown["required"] == ["city"]
    assert shown["properties"]["city"] == {"description": "a city's name, in English", "type": "string"}
    assert shown["properties"]["unit"]["enum"] == ["C", "F"]
    assert shown["properties"]["unit"]["description"] == "of the temperature"
    assert "The weather in a city.\\n\\nLooks it up once a day." in str(request.body["tools"])
    assert "Returns" not in str(request.body["tools"])
    assert "mcp" not in str(request.body)


def test_models_enums_and_constraints_are_shown_by_reference() -> None:
    @tool
    def order(lines: list[Line], speed: Speed = Speed.SLOW) -> str:
        return ""

    assert order.schema["$defs"]["Line"]["properties"]["count"] == {"minimum": 1, "type": "integer"}
    assert order.schema["$defs"]["Speed"]["enum"] == ["slow", "fast"]
    assert order.schema["additionalProperties"] is False


def test_parameters_may_have_names_that_pydantic_models_use_themselves() -> None:
    def odd(schema: str, copy: int, model_config: int, _private: str) -> str:
        return ""

    assert list(tool(odd).schema["properties"]) == ["schema", "copy", "model_config", "_private"]


def test_a_tool_is_still_its_function() -> None:
    @tool(name="plus", description="Adds.")
    def add(a: int, b: int = 2) -> int:
        return a + b

    assert add(1) == 3
    assert add.as_shown()["function"]["name"] == "plus"
    assert add.as_shown()["function"]["description"] == "Adds."


def test_methods_partials_and_callables_are_tools_too() -> None:
    class Desk:
        def find(self, order: str) -> str:
            return order

        def __call__(self, order: int) -> int:
            return order

    made: list[Tool[..., Any]] = [
        tool(Desk().find),
        tool(name="plus_two")(functools.partial(add, b=2)),
        tool(Desk()),
    ]

    assert [each.name for each in made] == ["find", "plus_two", "Desk"]
    assert [list(each.schema["properties"]) for each in made] == [["order"], ["a", "b"], ["order"]]


def test_field_lists_in_a_docstring_describe_parameters_too() -> None:
    about, parameters = described(
        "Pays.\n\n:param str order: which one,\n  by number\n:param cents: how much\n:returns: x"
    )

    assert about == "Pays."
    assert parameters == {"order": "which one, by number", "cents": "how much"}


def _takes_any(*args: str) -> None: ...
def _takes_place(a: int, /) -> None: ...
def _takes_rest(**kwargs: str) -> None: ...
def _takes_lock(lock: threading.Lock) -> None: ...
def _takes_unknown(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("tools", "named"),
    [
        ("add", "list of functions"),
        ([7], "a int: it must be a function"),
        ([Line], "class Line"),
        ([lambda a: a], "<lambda>"),
        ([add, add], "two tools named 'add'"),
        ([_takes_any], r"takes \*args:"),
        ([_takes_place], "'a' by position alone"),
        ([_takes_rest], r"takes \*\*kwargs:"),
        ([_takes_lock], "_takes_lock"),
        ([_takes_unknown], "Nowhere"),
    ],
)
def test_what_can_not_be_a_tool_is_refused_when_the_agent_is_built(tools: Any, named: str) -> None:
    with pytest.raises(InvalidOptionError, match=named):
        UniversalAgent("clerk", "gpt-4o", tools=tools)


# -- how they are called --------------------------------------------------------------------------------------------


@WITH_TOOLS
async def test_tools_are_called_until_the_model_answers(models: LoopbackModels, model: str) -> None:
    models.reply(
        Reply("let me see", calls=(Call("add", {"a": 1}),)),
        Reply(
            None,
            calls=(Call("add", {"a": 3, "b": 4}), Call("weather", {"city": "Rome", "day": "2025-01-02"})),
        ),
        Reply("all done"),
    )

    assert await UniversalAgent("clerk", model, tools=[add, weather]).chat("go") == "all done"
    assert [request.results for request in models.requests] == [
        [],
        ["3"],
        ["3", "7", "Rome: 20 C, datetime.date(2025, 1, 2)"],
    ]


async def test_arguments_come_in_the_types_of_their_annotations(models: LoopbackModels) -> None:
    seen: list[object] = []

    def order(lines: list[Line], speed: Speed = Speed.SLOW, schema: str = "x") -> None:
        seen.extend([lines, speed, schema])

    told = await first_call(models, order, {"lines": [{"article": "pen", "count": 2}], "speed": "fast"})

    assert seen == [[Line(article="pen", count=2)], Speed.FAST, "x"]
    assert told == "null"


async def test_what_a_tool_returns_is_told_as_text_or_json(models: LoopbackModels) -> None:
    def pen() -> dict[str, object]:
        return {"line": Line(article="pen", count=2), "when": date(2025, 1, 2), "odd": object}

    assert await first_call(models, pen, {}) == (
        '{"line":{"article":"pen","count":2},"when":"2025-01-02","odd":"<class \'object\'>"}'
    )


@pytest.mark.parametrize("is_async", [True, False])
async def test_calls_of_one_answer_run_at_once(models: LoopbackModels, is_async: bool) -> None:
    both = threading.Barrier(2, timeout=20)
    together = asyncio.Event()
    arrived: list[int] = []

    def blocking(n: int) -> int:
        both.wait()
        return n

    async def waiting(n: int) -> int:
        arrived.append(n)
        if len(arrived) == 2:
            together.set()
        await asyncio.wait_for(together.wait(), 20)
        return n

    function = waiting if is_async else blocking
    calls = (Call(function.__name__, {"n": 1}), Call(function.__name__, {"n": 2}))
    models.reply(Reply(None, calls=calls), Reply("both"))

    assert await UniversalAgent("clerk", "gpt-4o", tools=[function]).chat("go") == "both"
    assert models.requests[-1].results == ["1", "2"]


async def test_sync_tools_run_beside_the_loop_and_see_what_surrounds_the_call(models: LoopbackModels) -> None:
    seen: list[object] = []

    def look() -> None:
        credentials = get_worker_credentials()
        assert credentials is not None
        seen.extend([threading.current_thread() is threading.main_thread(), credentials.model_for("gpt-4o")])

    with worker_credentials(WorkerCredentials(model_overrides={"default": "gpt-4.1"})):
        await first_call(models, look, {})

    assert seen == [False, "gpt-4.1"]


async def test_each_call_has_a_branch_of_its_own(models: LoopbackModels) -> None:
    seen: dict[int, str] = {}

    async def look(n: int) -> None:
        for _ in range(3 - n):
            await asyncio.sleep(0)
        seen[n] = current_branch()

    models.reply(Reply(None, calls=tuple(Call("look", {"n": n}) for n in (1, 2, 3))), Reply("ok"))
    with branch("left"):
        await UniversalAgent("clerk", "gpt-4o", tools=[look]).chat("go")

    assert seen == {1: "left/clerk#0.1.1", 2: "left/clerk#0.1.2", 3: "left/clerk#0.1.3"}


# -- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"a": "x"}, "a: Input should be a valid integer"),
        ({}, "a: Field required"),
        ({"a": 1, "c": 2}, "c: Extra inputs are not permitted"),
        ('{"a": ', "Invalid JSON"),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(
    models: LoopbackModels, arguments: Any, told: str
) -> None:
    result = await first_call(models, add, arguments)

    assert result.startswith("error: the arguments of add are wrong:")
    assert told in result


async def test_a_tool_that_is_not_there_is_told_with_those_that_are(models: LoopbackModels) -> None:
    models.reply(Reply(None, calls=(Call("substract", {"a": 1}),)), Reply("sorry"))

    assert await UniversalAgent("clerk", "gpt-4o", tools=[add, weather]).chat("go") == "sorry"
    assert models.requests[-1].results == ["error: there is no tool 'substract'; there are add, weather"]


async def test_what_a_tool_raises_is_told_without_secrets(models: LoopbackModels) -> None:
    def fails() -> None:
        raise LookupError("no order 7 at postgresql://ada:hunter22@db1/shop, key Zq7-very-private-9341")

    models.reply(Reply(None, calls=(Call("fails", {}),)), Reply("sorry"))
    inference = InferenceParams(api_key=SecretStr("Zq7-very-private-9341"))
    await UniversalAgent("clerk", "gpt-4o", tools=[fails], inference=inference).chat("go")

    assert models.requests[-1].results == [
        "error: LookupError: no order 7 at postgresql://ada:[secret]@db1/shop, key [secret]"
    ]


async def test_an_error_that_no_try_can_help_ends_the_step_and_not_only_the_call(
    models: LoopbackModels,
) -> None:
    def closed() -> None:
        raise NonRetryableError("the shop is closed for good")

    finished: list[str] = []

    async def slow() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        finished.append("slow")

    models.reply(Reply(None, calls=(Call("closed", {}), Call("slow", {}))))

    with pytest.raises(NonRetryableError, match="closed for good"):
        await UniversalAgent("clerk", "gpt-4o", tools=[closed, slow]).chat("go")
    assert finished == ["slow"]
    assert len(models.requests) == 1


async def test_a_model_that_never_stops_calling_is_an_error_and_no_answer(models: LoopbackModels) -> None:
    made: list[int] = []

    def again(n: int) -> None:
        made.append(n)

    models.answer = lambda _: Reply("still at it", calls=(Call("again", {"n": len(models.requests)}),))

    with pytest.raises(ToolLoopError, match="'clerk' still wants to call again after 3 answers"):
        await UniversalAgent("clerk", "gpt-4o", tools=[again], max_iterations=3).chat("go")
    assert (len(models.requests), made) == (3, [1, 2])


async def test_a_provider_that_takes_no_tools_says_so_instead_of_leaving_them_out() -> None:
    with pytest.raises(ModelCallRefused, match="takes no tools"):
        await UniversalAgent("clerk", "perplexity/sonar", tools=[add]).chat("go")


def test_an_agent_keeps_its_tools_when_the_list_changes() -> None:
    tools: list[Callable[..., Any]] = [add]
    agent = UniversalAgent("clerk", "gpt-4o", tools=tools)

    tools.clear()

    assert [each.name for each in agent.toolbox] == ["add"]
    assert all(isinstance(each, Tool) for each in agent.toolbox)
