"""The four workflow agents: pipe, fan out, choose, repeat, each an agent itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from sagewai.agents import ConditionalAgent, LoopAgent, ParallelAgent, SequentialAgent, UniversalAgent
from sagewai.agents.base import Agent, stream_of
from sagewai.agents.parallel import FailedAnswer, OnFailure
from sagewai.core.context import current_branch
from sagewai.errors import (
    AgentError,
    AgentInputError,
    InvalidOptionError,
    LeaseLost,
    LoopLimitError,
    NoBranchError,
    NonRetryableError,
    Suspension,
)
from tests.agents.endpoint import LoopbackModels


@dataclass
class Adds:
    """An agent of the user's own: adds its name to what it is told, and notes what it saw."""

    name: str
    heard: list[str] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)

    async def chat(self, message: str) -> str:
        self.heard.append(message)
        self.branches.append(current_branch())
        return f"{message}+{self.name}"


@dataclass
class Raises:
    name: str
    error: BaseException
    after: asyncio.Event | None = None

    async def chat(self, message: str) -> str:
        if self.after is not None:
            await self.after.wait()
        raise self.error


@dataclass
class FinishesLate:
    """Answers only after a few turns of the loop, and says so."""

    name: str
    finished: bool = False

    async def chat(self, message: str) -> str:
        for _ in range(5):
            await asyncio.sleep(0)
        self.finished = True
        return "late"


# -- the public document ------------------------------------------------------------------------------------------


async def test_the_document_s_pipeline_runs_as_written(models: LoopbackModels) -> None:
    researcher = UniversalAgent(name="researcher", model="gpt-4o")
    writer = UniversalAgent(name="writer", model="claude-sonnet-4-20250514")
    fact_checker = UniversalAgent(name="fact-checker", model="gpt-4o-mini")
    editor = UniversalAgent(name="editor", model="gpt-4o-mini")
    review = ParallelAgent(name="review", agents=[fact_checker, editor])
    pipeline = SequentialAgent(name="pipeline", agents=[researcher, writer, review])

    result = await pipeline.chat("Write about quantum computing advances in 2025")

    draft = "claude-sonnet-4-20250514 says: gpt-4o says: Write about quantum computing advances in 2025"
    assert result == f"## fact-checker\n\ngpt-4o-mini says: {draft}\n\n## editor\n\ngpt-4o-mini says: {draft}"
    assert [request.model for request in models.requests] == [
        "gpt-4o",
        "claude-sonnet-4-20250514",
        "gpt-4o-mini",
        "gpt-4o-mini",
    ]


# -- one after the other --------------------------------------------------------------------------------------------


async def test_each_answer_is_the_next_agent_s_message() -> None:
    assert await SequentialAgent("pipe", [Adds("a"), Adds("b"), Adds("c")]).chat("x") == "x+a+b+c"


async def test_a_failure_ends_the_pipe_there() -> None:
    last = Adds("last")

    with pytest.raises(ValueError, match="stop"):
        await SequentialAgent("pipe", [Adds("a"), Raises("b", ValueError("stop")), last]).chat("x")

    assert last.heard == []


# -- at once --------------------------------------------------------------------------------------------------------


async def test_all_agents_are_asked_at_once(models: LoopbackModels) -> None:
    panel = ParallelAgent("panel", [UniversalAgent(name, "gpt-4o") for name in ("a", "b", "c")])

    with models.hold():
        asking = asyncio.create_task(panel.chat("hi"))
        await asyncio.to_thread(models.wait_for, 3)

    assert (await asking).count("gpt-4o says: hi") == 3


async def test_answers_are_merged_in_the_order_of_the_agents_not_of_arrival() -> None:
    panel = ParallelAgent("panel", [FinishesLate("slow"), Adds("fast")])

    assert await panel.chat("x") == "## slow\n\nlate\n\n## fast\n\nx+fast"


async def test_merge_gets_the_answers_by_name_and_may_be_async() -> None:
    def longest(answers: Mapping[str, str]) -> str:
        return max(answers, key=lambda name: len(answers[name]))

    async def joined(answers: Mapping[str, str]) -> str:
        return "|".join(answers.values())

    agents = [Adds("a"), Adds("bb")]
    assert await ParallelAgent("panel", agents, merge=longest).chat("x") == "bb"
    assert await ParallelAgent("panel", agents, merge=joined).chat("x") == "x+a|x+bb"


async def test_a_merge_that_gives_no_text_is_named() -> None:
    with pytest.raises(AgentInputError, match="merge of ParallelAgent 'panel' returned is a dict"):
        await ParallelAgent("panel", [Adds("a")], merge=dict).chat("x")  # type: ignore[arg-type]


async def test_every_agent_runs_in_a_branch_of_its_own_name() -> None:
    left, right, deep = Adds("left"), Adds("right"), Adds("deep")
    inner = ParallelAgent("inner", [deep])
    pipe = SequentialAgent("pipe", [right, left])

    await ParallelAgent("outer", [left, pipe, inner]).chat("x")

    assert left.branches == ["left", "pipe"]
    assert right.branches == ["pipe"]
    assert deep.branches == ["inner/deep"]
    assert current_branch() == ""


async def test_siblings_finish_before_a_failure_is_raised() -> None:
    late = FinishesLate("late")

    with pytest.raises(ValueError, match="boom"):
        await ParallelAgent("panel", [Raises("bad", ValueError("boom")), late]).chat("x")

    assert late.finished


async def test_a_suspension_lets_siblings_finish_and_wins_over_failures() -> None:
    late = FinishesLate("late")
    panel = ParallelAgent("panel", [Raises("bad", ValueError("boom")), Raises("gate", Suspension()), late])

    with pytest.raises(Suspension):
        await panel.chat("x")

    assert late.finished


async def test_a_failure_that_retrying_can_not_help_is_raised_before_the_others() -> None:
    panel = ParallelAgent(
        "panel", [Raises("first", ValueError("passing")), Raises("second", NonRetryableError("for good"))]
    )

    with pytest.raises(NonRetryableError, match="for good") as caught:
        await panel.chat("x")

    assert caught.value.__notes__ == [
        "beside branch 'second', branch 'first' failed too: ValueError: passing",
    ]


async def test_of_equal_failures_the_first_agent_s_is_raised() -> None:
    first_fails_last = asyncio.Event()

    async def let_go() -> None:
        first_fails_last.set()

    panel = ParallelAgent(
        "panel",
        [
            Raises("first", ValueError("first"), after=first_fails_last),
            Raises("second", ValueError("second")),
        ],
    )
    asking = asyncio.create_task(panel.chat("x"))
    await asyncio.sleep(0)
    await let_go()

    with pytest.raises(ValueError, match="first"):
        await asking


async def test_cancelling_a_panel_cancels_its_branches() -> None:
    never = asyncio.Event()
    started = asyncio.Event()
    ended: list[str] = []

    @dataclass
    class Waits:
        name: str

        async def chat(self, message: str) -> str:
            started.set()
            try:
                await never.wait()
            finally:
                ended.append(self.name)
            return message

    asking = asyncio.create_task(ParallelAgent("panel", [Waits("a"), Waits("b")]).chat("x"))
    await started.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert sorted(ended) == ["a", "b"]


def joined(answers: Mapping[str, str]) -> str:
    return " | ".join(f"{name}: {answer}" for name, answer in answers.items())


def trouble(name: str, error: BaseException | None = None) -> Raises:
    return Raises(name, ValueError("no luck, password=hunter22") if error is None else error)


async def test_a_branch_that_failed_can_be_left_out() -> None:
    agents: list[Agent] = [Adds("a"), trouble("b"), Adds("c")]

    assert await ParallelAgent("panel", agents, joined, on_failure="drop").chat("x") == "a: x+a | c: x+c"


async def test_a_branch_that_failed_can_stand_in_the_answer_without_secrets() -> None:
    seen: list[BaseException] = []

    def noting(answers: Mapping[str, str]) -> str:
        seen.extend(answer.error for answer in answers.values() if isinstance(answer, FailedAnswer))
        return joined(answers)

    agents: list[Agent] = [trouble("a"), Adds("b")]
    panel = ParallelAgent("panel", agents, noting, on_failure="collect")

    assert await panel.chat("x") == "a: (no answer: ValueError: no luck, password=[secret]) | b: x+b"
    assert [type(error) for error in seen] == [ValueError]


async def test_each_branch_can_have_a_policy_of_its_own() -> None:
    agents: list[Agent] = [trouble("a"), trouble("b"), Adds("c"), trouble("d")]
    mixed = ParallelAgent("panel", agents, joined, on_failure={"a": "drop", "b": "collect"})

    with pytest.raises(ValueError, match="no luck"):
        await mixed.chat("x")  # d has none: it fails
    assert (
        await ParallelAgent("panel", agents[:3], joined, {"a": "drop", "b": "collect"}).chat("x")
    ).startswith("b: (no answer")


@pytest.mark.parametrize("policy", ["drop", "collect"])
async def test_if_nobody_has_an_answer_there_is_none(policy: OnFailure) -> None:
    with pytest.raises(ValueError, match="no luck"):
        await ParallelAgent("panel", [trouble("a"), trouble("b")], joined, on_failure=policy).chat("x")


@pytest.mark.parametrize("policy", ["drop", "collect"])
@pytest.mark.parametrize("error", [Suspension(), LeaseLost("gone"), asyncio.CancelledError()], ids=repr)
async def test_what_concerns_the_run_is_no_failure_of_a_branch(
    policy: OnFailure, error: BaseException
) -> None:
    late = FinishesLate("late")
    agents: list[Agent] = [trouble("a", error), late]

    with pytest.raises(type(error)):
        await ParallelAgent("panel", agents, joined, on_failure=policy).chat("x")

    assert late.finished


@pytest.mark.parametrize(
    ("policy", "named"),
    [("ignore", "'ignore'"), ({"z": "drop"}, "'z'"), ({"a": "ignore"}, "'ignore'"), (None, "None")],
)
def test_a_policy_that_is_none_is_refused(policy: object, named: str) -> None:
    with pytest.raises(InvalidOptionError, match=named):
        ParallelAgent("panel", [Adds("a")], on_failure=policy)  # type: ignore[arg-type]


# -- one of several -------------------------------------------------------------------------------------------------


async def test_the_condition_names_the_branch_that_answers() -> None:
    async def slowly(message: str) -> str:
        await asyncio.sleep(0)
        return "long" if len(message) > 3 else "short"

    def quickly(message: str) -> str:
        return "long" if len(message) > 3 else "short"

    branches = {"long": Adds("L"), "short": Adds("S")}
    for condition in (quickly, slowly):
        router = ConditionalAgent("router", condition, branches)
        assert [await router.chat("hi"), await router.chat("hello")] == ["hi+S", "hello+L"]


async def test_the_default_answers_where_no_branch_does() -> None:
    router = ConditionalAgent("router", lambda _: "elsewhere", {"here": Adds("H")}, default=Adds("D"))

    assert await router.chat("x") == "x+D"


@pytest.mark.parametrize("chosen", ["elsewhere", None, 7, ["here"]])
async def test_without_a_default_an_unknown_branch_is_named_with_the_known_ones(chosen: object) -> None:
    router = ConditionalAgent("router", lambda _: chosen, {"here": Adds("H"), "there": Adds("T")})  # type: ignore[arg-type, return-value]

    with pytest.raises(NoBranchError, match=r"'router' chose .*'here', 'there'") as caught:
        await router.chat("x")

    assert repr(chosen) in str(caught.value)


async def test_branches_are_those_given_when_the_agent_was_built() -> None:
    branches: dict[str, Agent] = {"here": Adds("H")}
    router = ConditionalAgent("router", lambda _: "here", branches)

    branches.clear()

    assert await router.chat("x") == "x+H"


# -- again and again ------------------------------------------------------------------------------------------------


async def test_answers_go_round_until_the_stop_condition_holds() -> None:
    async def slowly(answer: str) -> bool:
        await asyncio.sleep(0)
        return answer.count("+") == 3

    for stop in (lambda answer: answer.count("+") == 3, slowly):
        assert await LoopAgent("loop", Adds("a"), stop).chat("x") == "x+a+a+a"


async def test_the_last_answer_is_given_when_the_rounds_are_used_up() -> None:
    assert await LoopAgent("loop", Adds("a"), lambda _: False, max_iterations=2).chat("x") == "x+a+a"
    assert await LoopAgent("loop", Adds("a"), max_iterations=3).chat("x") == "x+a+a+a"


async def test_used_up_rounds_can_be_an_error() -> None:
    loop = LoopAgent("loop", Adds("a"), lambda _: False, max_iterations=2, on_limit="raise")

    with pytest.raises(LoopLimitError, match="'loop' asked 'a' 2 times"):
        await loop.chat("x")
    assert issubclass(LoopLimitError, AgentError)
    assert issubclass(NoBranchError, AgentError)


# -- nesting and bad declarations -----------------------------------------------------------------------------------


async def test_workflow_agents_nest() -> None:
    review = ParallelAgent("review", [Adds("e"), Adds("f")], merge=lambda answers: ",".join(answers.values()))
    routed = ConditionalAgent("routed", lambda _: "review", {"review": review})
    looped = LoopAgent("looped", SequentialAgent("pipe", [Adds("w"), routed]), max_iterations=2)

    assert await looped.chat("x") == "x+w+e,x+w+f+w+e,x+w+e,x+w+f+w+f"


KINDS: dict[str, Callable[[Agent], Agent]] = {
    "sequence": lambda agent: SequentialAgent("s", [agent]),
    "panel": lambda agent: ParallelAgent("p", [agent], merge=lambda answers: "".join(answers.values())),
    "router": lambda agent: ConditionalAgent("c", lambda _: "it", {"it": agent}),
    "loop": lambda agent: LoopAgent("l", agent, max_iterations=1),
}


@pytest.mark.parametrize("outer", KINDS)
@pytest.mark.parametrize("inner", KINDS)
async def test_any_nests_in_any_and_streams_through(outer: str, inner: str) -> None:
    whole = KINDS[outer](KINDS[inner](Adds("a")))

    assert await whole.chat("x") == "x+a"
    assert "".join([piece async for piece in stream_of(whole, "x")]) == "x+a"


def test_two_agents_of_one_name_can_not_be_told_apart_in_a_panel() -> None:
    with pytest.raises(InvalidOptionError, match="'panel' has more than one agent named 'a'"):
        ParallelAgent("panel", [Adds("a"), Adds("b"), Adds("a")])


@pytest.mark.parametrize("kind", [SequentialAgent, ParallelAgent])
@pytest.mark.parametrize("agents", [[], None, "abc", {"a": 1}, [None], ["a"], [Adds], [Adds("")], [object()]])
def test_only_agents_can_be_composed(kind: type, agents: object) -> None:
    with pytest.raises(InvalidOptionError, match="'whole'"):
        kind("whole", agents)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"branches": {}}, "branches"),
        ({"branches": [Adds("a")]}, "branches"),
        ({"branches": {"": Adds("a")}}, "branch name"),
        ({"branches": {True: Adds("a")}}, "branch name"),
        ({"branches": {"here": "not an agent"}}, "'here'"),
        ({"condition": "here"}, "condition"),
        ({"default": "here"}, "default"),
    ],
)
def test_a_router_s_bad_option_is_named(options: dict[str, object], named: str) -> None:
    good: dict[str, object] = {"condition": lambda _: "here", "branches": {"here": Adds("a")}}

    with pytest.raises(InvalidOptionError, match=named):
        ConditionalAgent("router", **{**good, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"agent": None}, "agent"),
        ({"stop": True}, "stop"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"max_iterations": 2.0}, "max_iterations"),
        ({"on_limit": "ignore"}, "on_limit"),
    ],
)
def test_a_loop_s_bad_option_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidOptionError, match=named):
        LoopAgent("loop", **{"agent": Adds("a"), **options})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", " ", None, "a/b"])
def test_workflow_agents_need_a_name_too(name: object) -> None:
    agents = [Adds("a")]
    builders = (
        lambda: SequentialAgent(name, agents),  # type: ignore[arg-type]
        lambda: ParallelAgent(name, agents),  # type: ignore[arg-type]
        lambda: ConditionalAgent(name, str, {"a": agents[0]}),  # type: ignore[arg-type]
        lambda: LoopAgent(name, agents[0]),  # type: ignore[arg-type]
    )
    for build in builders:
        with pytest.raises(InvalidOptionError, match="name is"):
            build()
