"""A model call inside a durable step has an identity that doesn't depend on which answer comes first."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel

from sagewai import AnswerUnusable, DurableWorkflow, InMemoryStore
from sagewai.agents import ConversationMemory, ParallelAgent, UniversalAgent
from sagewai.agents.answer import Answer
from sagewai.agents.call import ModelCall, Said
from sagewai.agents.call import complete as through_it
from sagewai.agents.exchange import Exchange
from sagewai.core.calling import Asked, Kept, Made
from sagewai.core.context import StepContext, branch, executing
from sagewai.models.approval import Approval
from sagewai.models.wait import Wait
from tests.agents.endpoint import UNAUTHORIZED, Call, LoopbackModels, Reply, Request


class NothingRecorded:
    async def approvals(self) -> Sequence[Approval]:
        return ()

    async def waits(self) -> Sequence[Wait]:
        return ()


class Unrecorded:
    limit = 1_000_000

    async def find(self, asked: Asked) -> Kept | None:
        return None

    async def keep(self, asked: Asked, made: Made, latency: float) -> Kept:
        return Kept(made.response, asked.position)

    def hear(self, name: str, piece: str) -> None:
        """Nobody watches."""


def step() -> StepContext:
    return StepContext(
        run_id="run-1",
        workflow="articles",
        step="draft",
        attempt=1,
        max_attempts=1,
        token=1,
        pool="default",
        labels={},
        tags={},
        records=NothingRecorded(),
        calls=Unrecorded(),
        loop=asyncio.get_running_loop(),
    )


def call_of(agent: UniversalAgent) -> ModelCall:
    return Exchange(agent)._call([{"role": "user", "content": "hi"}])


def identity(call: ModelCall) -> tuple[str, str, int]:
    return call.branch, call.agent, call.position


async def test_calls_are_counted_by_branch_and_agent() -> None:
    editor, writer = UniversalAgent("editor", "gpt-4o"), UniversalAgent("writer", "gpt-4o")

    with executing(step()):
        calls = [call_of(editor), call_of(writer), call_of(editor)]
        with branch("review"):
            calls.append(call_of(editor))

    assert [identity(call) for call in calls] == [
        ("", "editor", 1),
        ("", "writer", 1),
        ("", "editor", 2),
        ("review", "editor", 1),
    ]


async def test_the_next_attempt_counts_from_the_start() -> None:
    editor = UniversalAgent("editor", "gpt-4o")

    positions = []
    for _ in range(2):
        with executing(step()):
            positions.append([call_of(editor).position, call_of(editor).position])

    assert positions == [[1, 2], [1, 2]]


async def test_calls_and_the_unnamed_gates_of_a_branch_are_counted_apart() -> None:
    context = step()

    with executing(context):
        call_of(UniversalAgent("editor", "gpt-4o"))

    assert context.next_position("") == 1


async def test_outside_a_step_calls_have_no_position() -> None:
    assert identity(call_of(UniversalAgent("editor", "gpt-4o"))) == ("", "editor", 0)


# -- in a run -------------------------------------------------------------------------------------------------------


@dataclass
class Seam:
    """What passed through the one place that every call passes, in order of arrival."""

    calls: list[ModelCall] = field(default_factory=list)

    def identities(self) -> list[tuple[str, str, int]]:
        return [identity(call) for call in self.calls]

    def contents(self) -> dict[tuple[str, str, int], object]:
        return {identity(call): call.content() for call in self.calls}


@pytest.fixture
def seam(monkeypatch: pytest.MonkeyPatch) -> Seam:
    seam = Seam()

    async def complete(call: ModelCall, said: Said | None = None) -> Answer:
        seam.calls.append(call)
        return await through_it(call, said)

    monkeypatch.setattr("sagewai.agents.exchange.complete", complete)
    return seam


async def run(body: Callable[[], Awaitable[str]], attempts: int = 1) -> None:
    """``body`` as a step of a run, which asks anew until the last of its attempts."""
    wf = DurableWorkflow("desk", store=InMemoryStore())
    made: list[int] = []

    @wf.step("work", retries=attempts - 1, retry_delay=0)
    async def work() -> str:
        answer = await body()
        made.append(1)
        if len(made) < attempts:
            raise AnswerUnusable("once more")
        return answer

    await wf.run()


class Verdict(BaseModel):
    ok: bool


async def test_what_follows_a_tool_a_repair_and_a_stream_pass_the_same_place(
    models: LoopbackModels, seam: Seam
) -> None:
    def look() -> str:
        return "it is fine"

    judge: UniversalAgent[Verdict] = UniversalAgent("judge", "gpt-4o", tools=[look], output_type=Verdict)
    writer = UniversalAgent("writer", "gpt-4o", fallback_models=["gpt-4.1"], retries=0)
    models.reply(
        Reply(None, calls=(Call("look", {}),)),
        Reply("fine"),
        Reply('{"ok": true}'),
        UNAUTHORIZED,
        Reply("by the other"),
    )

    async def body() -> str:
        await judge.chat("well?")
        return "".join([piece async for piece in writer.chat_stream("write")])

    await run(body)

    assert seam.identities() == [
        ("", "judge", 1),
        ("judge#1", "judge", 2),
        ("judge#1", "judge", 3),
        ("", "writer", 1),
    ]
    assert len(models.requests) == 5  # a fallback is another try of the same call


async def test_identities_and_contents_do_not_depend_on_which_answer_comes_first(
    models: LoopbackModels, seam: Seam
) -> None:
    helper = UniversalAgent("helper", "gpt-4o")

    async def ask(question: str) -> str:
        return await helper.chat(question)

    def answer(request: Request) -> Reply:
        if not request.tools:
            return Reply(f"about {request.prompt}", delay=next(delays))
        if request.results:
            return Reply(" and ".join(request.results), delay=next(delays))
        asked = tuple(Call("ask", {"question": word}) for word in ("one", "two"))
        return Reply(None, calls=asked, delay=next(delays))

    delays = itertools.cycle([0.0, 0.03, 0.01, 0.05, 0.02])
    models.answer = answer
    panel = ParallelAgent("panel", [UniversalAgent(name, "gpt-4o", tools=[ask]) for name in ("east", "west")])

    await run(lambda: panel.chat("go"), attempts=3)

    assert len(seam.calls) == 3 * 8
    assert sorted(seam.identities()) == sorted(
        3
        * [
            ("east", "east", 1),
            ("east/east#1", "east", 2),
            ("east/east#1.1.1", "helper", 1),
            ("east/east#1.1.2", "helper", 1),
            ("west", "west", 1),
            ("west/west#1", "west", 2),
            ("west/west#1.1.1", "helper", 1),
            ("west/west#1.1.2", "helper", 1),
        ]
    )
    helped = {key: value for key, value in seam.contents().items() if key[1] == "helper"}
    assert [value["messages"][0]["content"] for _, value in sorted(helped.items())] == ["one", "two"] * 2  # type: ignore[index]


async def test_calls_made_side_by_side_are_numbered_in_the_order_they_were_begun(
    models: LoopbackModels, seam: Seam
) -> None:
    writer = UniversalAgent("writer", "gpt-4o", memory=ConversationMemory())
    delays = itertools.cycle([0.03, 0.0, 0.01])
    models.answer = lambda request: Reply(request.prompt, delay=next(delays))

    async def body() -> str:
        return " ".join(await asyncio.gather(*(writer.chat(word) for word in ("one", "two", "three"))))

    await run(body)

    asked = {call.position: call.messages[-1]["content"] for call in seam.calls}
    assert asked == {1: "one", 2: "two", 3: "three"}


async def test_what_follows_a_question_is_numbered_apart_from_what_follows_its_neighbour_s(
    models: LoopbackModels, seam: Seam
) -> None:
    def look(word: str) -> str:
        return f"saw {word}"

    scout = UniversalAgent("scout", "gpt-4o", tools=[look])
    delays = itertools.cycle([0.05, 0.0, 0.02, 0.0, 0.03])

    def answer(request: Request) -> Reply:
        if len(request.results) == 2:
            return Reply(request.prompt, delay=next(delays))
        return Reply(None, calls=(Call("look", {"word": request.prompt}),), delay=next(delays))

    models.answer = answer

    async def body() -> str:
        return " ".join(await asyncio.gather(*(scout.chat(word) for word in ("one", "two"))))

    await run(body, attempts=2)

    asked = sorted((identity(call), call.messages[0]["content"], len(call.messages)) for call in seam.calls)
    assert asked[::2] == asked[1::2]  # both attempts the same
    assert asked[::2] == [
        (("", "scout", 1), "one", 1),
        (("", "scout", 2), "two", 1),
        (("scout#1", "scout", 2), "one", 3),
        (("scout#1", "scout", 3), "one", 5),
        (("scout#2", "scout", 2), "two", 3),
        (("scout#2", "scout", 3), "two", 5),
    ]
