"""A step that runs again doesn't ask again: what models and tools said in it is recorded, and given again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from sagewai import (
    ApprovalGate,
    DurableWorkflow,
    InferenceParams,
    InMemoryStore,
    ParallelAgent,
    RetryPolicy,
    SQLiteStore,
    UniversalAgent,
    WorkerCredentials,
    WorkflowSuspended,
    WorkflowWorker,
    current_step,
    sleep,
    sleep_sync,
)
from sagewai.core.stores.base import Store
from sagewai.models.call import Tail
from tests.agents import writers
from tests.agents.endpoint import FAKE_KEY, SERVER_ERROR, UNAUTHORIZED, Call, LoopbackModels, Reply, Request
from tests.engine.helpers import until

ROOT = Path(__file__).parents[2]
KEY = "Zq7-very-private-9341"
SOON = RetryPolicy(delay=0.001)


def again() -> bool:
    """Whether the current step runs for the second time, after its sleep."""
    step = current_step()
    assert step is not None
    return step.token > 1


# -- never twice ------------------------------------------------------------------------------------------------------


async def test_three_calls_and_an_approval_are_three_requests_and_the_same_answers(
    store: Store, models: LoopbackModels
) -> None:
    writer, seen = UniversalAgent("writer", "gpt-4o"), list[list[str]]()
    wf = DurableWorkflow("letters", store)
    gate = ApprovalGate(wf)

    @wf.step("write")
    async def write() -> str:
        seen.append([await writer.chat(word) for word in ("one", "two", "three")])
        return (await gate.request_approval("send?", context=seen[-1])).reviewer

    models.answer = lambda request: f"answer {len(models.requests)} to {request.prompt}"
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "ada")

    assert await wf.run(run_id="r") == "ada"
    assert seen == [["answer 1 to one", "answer 2 to two", "answer 3 to three"]] * 2
    assert len(models.requests) == 3


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_five_calls_killed_after_the_third_are_five_requests(
    store: Store, store_url: str, models: LoopbackModels, tmp_path: Path
) -> None:
    stayed = tmp_path / "stayed"
    env = {**os.environ, writers.STAYED: str(stayed), "PYTHONPATH": str(ROOT)}
    workers: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        workers.append(
            subprocess.Popen([sys.executable, "-m", "tests.agents.writers", store_url], cwd=ROOT, env=env)
        )
        return workers[-1]

    async def is_there() -> bool:
        return stayed.exists()

    writers.workflow.store = store
    models.answer = lambda request: f"{request.prompt}, answered {len(models.requests)}"
    try:
        handle = await writers.workflow.submit(run_id="r")
        victim = start()
        await until(is_there, timeout=60)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        start()
        written = await handle.result(timeout=60)
    finally:
        writers.workflow.store = None
        for worker in workers:
            worker.kill()
            worker.wait()

    assert written == [f"part {number}, answered {number}" for number in (1, 2, 3, 4, 5)]
    assert len(models.requests) == 5
    calls = await store.calls_of("r")
    assert [call.position for call in calls] == [1, 2, 3, 4, 5]


async def test_branches_of_other_speeds_get_the_answers_they_had(
    store: Store, models: LoopbackModels
) -> None:
    delays = {"east": 0.06, "west": 0.0, "north": 0.03}
    panel = ParallelAgent("panel", [UniversalAgent(name, "gpt-4o", system_prompt=name) for name in delays])
    seen: list[str] = []
    wf = DurableWorkflow("panel", store)

    @wf.step("ask")
    async def ask() -> None:
        if again():  # whoever was last is the first now
            delays.update(east=0.0, west=0.06)
        await asyncio.gather(
            *(_after(delays[name], panel.agents[at].chat("hi")) for at, name in enumerate(delays))
        )
        seen.append(await panel.chat("well?"))
        await sleep(0.01)

    models.answer = lambda request: Reply(
        f"{request.system} as number {len(models.requests)}", delay=delays[request.system]
    )
    await wf.run(run_id="r")

    assert len(models.requests) == 6
    assert seen[0] == seen[1]
    assert {(call.branch, call.name, call.position) for call in await store.calls_of("r")} == {
        *((name, name, 1) for name in delays),
        *(("", name, 1) for name in delays),
    }


async def _after(delay: float, work: Any) -> Any:
    await asyncio.sleep(delay)
    return await work


async def test_one_agent_asked_side_by_side_finds_its_answers_and_tools_in_any_order(
    models: LoopbackModels,
) -> None:
    store, looked = InMemoryStore(), list[str]()

    def look(word: str) -> str:
        looked.append(word)
        return f"{word} seen as number {len(looked)}"

    def answer(request: Request) -> Reply:
        if request.results:
            return Reply(f"{request.results[0]}, answer {len(models.requests)}")
        return Reply(None, calls=(Call("look", {"word": request.prompt}),))

    clerk, seen = UniversalAgent("clerk", "gpt-4o", tools=[look]), list[list[str]]()
    wf = DurableWorkflow("desk", store)

    @wf.step("serve")
    async def serve() -> None:
        words = ["a", "b", "c"]
        turn = list(reversed(words)) if again() else words
        done = {word: asyncio.Event() for word in turn}

        async def one(word: str) -> str:
            before = turn.index(word) - 1
            if before >= 0:
                await done[turn[before]].wait()
            said = await clerk.chat(word)
            done[word].set()
            return said

        seen.append(await asyncio.gather(*map(one, words)))
        await sleep(0.01)

    models.answer = answer
    await wf.run(run_id="r")

    assert seen[0] == seen[1]
    assert (len(models.requests), looked) == (6, ["a", "b", "c"])


async def test_a_changed_request_is_made_and_recorded_beside_the_old_one(
    store: Store, models: LoopbackModels
) -> None:
    writer = UniversalAgent("writer", "gpt-4o")
    wf = DurableWorkflow("letters", store)

    @wf.step("write")
    async def write() -> str:
        await writer.chat("as before")
        said = await writer.chat("changed" if again() else "first")
        await sleep(0.01)
        return said

    models.answer = lambda request: f"to {request.prompt}"
    assert await wf.run(run_id="r") == "to changed"

    assert [request.prompt for request in models.requests] == ["as before", "first", "changed"]
    _, first, changed = await store.calls_of("r")
    assert first.position == changed.position == 2
    assert first.digest != changed.digest
    assert [json.loads(str(call.request))["messages"] for call in (first, changed)] == [
        [{"content": "first", "role": "user"}],
        [{"content": "changed", "role": "user"}],
    ]


async def test_what_failed_is_asked_again_and_nothing_else(store: Store, models: LoopbackModels) -> None:
    writer = UniversalAgent("writer", "gpt-4o", retries=0)
    wf = DurableWorkflow("letters", store)

    @wf.step("write", retries=1, retry_delay=0)
    async def write() -> str:
        return " ".join([await writer.chat("one"), await writer.chat("two")])

    models.reply(Reply("first"), SERVER_ERROR, Reply("second"))

    assert await wf.run(run_id="r") == "first second"
    assert [request.prompt for request in models.requests] == ["one", "two", "two"]
    assert [call.attempt for call in await store.calls_of("r")] == [1, 2]


async def test_a_sync_step_that_runs_a_loop_of_its_own_records_too(
    store: Store, models: LoopbackModels
) -> None:
    wf = DurableWorkflow("letters", store)

    @wf.step("write")
    def write() -> str:
        said = asyncio.run(_ask_and_close())
        sleep_sync(0.01)
        return said

    assert await wf.run(run_id="r") == "gpt-4o says: hi"
    assert len(models.requests) == len(await store.calls_of("r")) == 1


async def _ask_and_close() -> str:
    said = await UniversalAgent("writer", "gpt-4o").chat("hi")
    if (litellm := sys.modules.get("litellm")) is not None:  # its clients belong to this loop
        await litellm.close_litellm_async_clients()
    return said


async def test_outside_a_workflow_every_call_is_made(models: LoopbackModels) -> None:
    writer = UniversalAgent("writer", "gpt-4o")

    await writer.chat("hi")
    await writer.chat("hi")

    assert len(models.requests) == 2


# -- what is recorded -------------------------------------------------------------------------------------------------


async def test_a_record_says_what_was_asked_what_came_and_what_it_cost(
    store: Store, models: LoopbackModels
) -> None:
    writer = UniversalAgent(
        "writer",
        "gpt-4o",
        system_prompt="Be brief.",
        inference=InferenceParams(temperature=0.5, api_base=models.openai_base, api_key=SecretStr(KEY)),
        fallback_models=["claude-sonnet-4-5"],
        retries=0,
        backoff=SOON,
    )
    wf = DurableWorkflow("letters", store)

    @wf.step("write")
    async def write() -> str:
        await writer.chat("one")
        return await writer.chat("two")

    models.reply(Reply("a letter", delay=0.05), UNAUTHORIZED, Reply("the other's"))
    assert await wf.run(run_id="r") == "the other's"

    first, second = await store.calls_of("r")
    assert (first.seq, first.step, first.attempt, first.kind, first.name) == (
        0,
        "write",
        1,
        "model",
        "writer",
    )
    assert json.loads(str(first.request)) == {
        "model": "gpt-4o",
        "messages": [{"content": "Be brief.", "role": "system"}, {"content": "one", "role": "user"}],
        "output": None,
        "sampling": {"temperature": 0.5},
        "tools": [],
    }
    assert json.loads(first.response)["text"] == "a letter"
    assert (first.model, first.input_tokens, first.output_tokens) == ("gpt-4o", 11, 7)
    assert first.cost == pytest.approx(11 * 2.5e-6 + 7 * 1e-5)
    assert 0.05 <= first.latency < 30
    assert second.model == "claude-sonnet-4-5"  # who answered, and what that costs
    assert second.cost == pytest.approx(11 * 3e-6 + 7 * 1.5e-5)
    spent = await store.spent("r")
    assert (spent.calls, spent.tokens, spent.unpriced) == (2, 36, 0)


@pytest.mark.parametrize(
    "model", ["openai/nobody-s-own", "anthropic/claude-sonnet-4-20990101", "ollama/nobody-s-own"]
)
async def test_what_a_model_costs_that_nobody_knows_is_unknown(model: str, models: LoopbackModels) -> None:
    store, writer = InMemoryStore(), UniversalAgent("writer", model)
    wf = DurableWorkflow("letters", store)
    wf.step("write")(lambda: writer.chat("hi"))

    await wf.run(run_id="r")

    (call,) = await store.calls_of("r")
    assert (call.cost, call.input_tokens, call.output_tokens) == (None, 11, 7)
    assert (await store.spent("r")).unpriced == 1
    assert models.strays == []  # it was looked up nowhere


class Verdict(BaseModel):
    ok: bool


async def test_tools_and_what_follows_them_run_once(store: Store, models: LoopbackModels) -> None:
    looked: list[str] = []

    def look(order: str) -> str:
        looked.append(order)
        if order == "B":
            raise ValueError("no such order")
        return f"{order} is open"

    judge: UniversalAgent[Verdict] = UniversalAgent("judge", "gpt-4o", tools=[look], output_type=Verdict)
    wf = DurableWorkflow("desk", store)

    @wf.step("serve")
    async def serve() -> bool:
        verdict = await judge.chat("well?")
        await sleep(0.01)
        return verdict.ok

    models.reply(
        Reply(None, calls=(Call("look", {"order": "A"}), Call("look", {"order": "B"}))),
        Reply("fine"),
        Reply('{"ok": true}'),
    )

    assert await wf.run(run_id="r") is True
    assert (len(models.requests), sorted(looked)) == (3, ["A", "B"])
    calls = await store.calls_of("r")
    assert sorted((call.kind, call.branch, call.name, call.position) for call in calls) == [
        ("model", "", "judge", 1),
        ("model", "judge#1", "judge", 2),
        ("model", "judge#1", "judge", 3),
        ("once", "judge#1.1.1", "look", 1),
        ("once", "judge#1.1.2", "look", 1),
    ]
    results = {json.loads(str(call.request))["order"]: call.response for call in calls if call.kind == "once"}
    assert results == {"A": '"A is open"', "B": '"error: ValueError: no such order"'}


async def test_a_stream_s_answer_is_told_again_in_one_piece(store: Store, models: LoopbackModels) -> None:
    writer, told = UniversalAgent("writer", "gpt-4o"), list[list[str]]()
    wf = DurableWorkflow("letters", store)

    @wf.step("write")
    async def write() -> str:
        told.append([piece async for piece in writer.chat_stream("count")])
        await sleep(0.01)
        return "".join(told[-1])

    models.reply(Reply("one two three"))

    assert await wf.run(run_id="r") == "one two three"
    assert told == [["one", " two", " three"], ["one two three"]]
    assert len(models.requests) == 1


async def test_an_answer_that_is_of_no_use_is_asked_for_anew_by_the_next_attempt(
    models: LoopbackModels,
) -> None:
    store = InMemoryStore()
    helper: UniversalAgent[str] = UniversalAgent("helper", "gpt-4o")
    judge: UniversalAgent[Verdict] = UniversalAgent("judge", "gpt-4o", output_type=Verdict)
    wf = DurableWorkflow("court", store)

    @wf.step("judge", retries=2, retry_delay=0)
    async def decide() -> bool:
        await helper.chat("what happened?")
        return (await judge.chat("well?")).ok

    models.reply(
        Reply("this"), Reply("no idea"), Reply("still none")
    )  # neither is of the type: asked and repaired
    models.reply(Reply("that"), SERVER_ERROR, SERVER_ERROR, SERVER_ERROR)  # no answer: what there is stays
    models.reply(Reply('{"ok": true}'))

    assert await wf.run(run_id="r") is True
    calls = await store.calls_of("r")
    assert [(call.kind, call.name, call.attempt, call.round) for call in calls] == [
        ("model", "helper", 1, 0),
        ("model", "judge", 1, 0),
        ("model", "judge", 1, 0),
        ("void", "", 1, 0),
        ("model", "helper", 2, 1),
        ("model", "judge", 3, 1),
    ]


async def test_a_model_that_never_stops_calling_tools_is_asked_anew_too(models: LoopbackModels) -> None:
    store, looked = InMemoryStore(), list[int]()

    def look() -> str:
        looked.append(1)
        return "open"

    clerk = UniversalAgent("clerk", "gpt-4o", tools=[look], max_iterations=2)
    wf = DurableWorkflow("desk", store)
    wf.step("serve", retries=1, retry_delay=0)(lambda: clerk.chat("go"))

    more = Reply(None, calls=(Call("look", {}),))
    models.reply(more, more, more, Reply("it is open"))

    assert await wf.run() == "it is open"
    assert (len(models.requests), looked) == (4, [1, 1])


# -- keys -------------------------------------------------------------------------------------------------------------


async def test_keys_reach_no_row_whoever_repeats_them(
    models: LoopbackModels, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    path = tmp_path / "runs.db"
    store = SQLiteStore(str(path))
    wf = DurableWorkflow("letters", store)
    own = UniversalAgent("own", "gpt-4o", inference=InferenceParams(api_key=SecretStr(KEY)))
    theirs = UniversalAgent("theirs", "gpt-4o")
    worker_key = "Kx3-the-worker-s-own-5512"
    keys = (KEY, worker_key, FAKE_KEY)

    @wf.step("write")
    async def write() -> list[str]:
        return [await own.chat("tell"), await theirs.chat(f"is it {worker_key}?")]

    models.answer = lambda request: f"it is {request.key}, {request.key}"
    worker = WorkflowWorker(
        store=store,
        workflow_registry=wf,
        poll_interval=0.05,
        credentials=WorkerCredentials(
            inference_overrides={"gpt-4o": InferenceParams(api_key=SecretStr(worker_key))}
        ),
    )
    working = asyncio.create_task(worker.start())
    try:
        said = await (await wf.submit(run_id="r")).result(timeout=60)
    finally:
        await worker.stop()
        await working

    assert {request.key for request in models.requests} == {worker_key}
    assert said == ["it is [secret], [secret]"] * 2
    shown = repr(await store.calls_of("r")) + "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("sagewai")
    )
    await store.close()
    kept = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"it is [secret]" in kept
    for key in keys:
        assert key.encode() not in kept
        assert key not in shown


# -- while it speaks --------------------------------------------------------------------------------------------------


async def test_what_a_model_says_can_be_watched_while_it_says_it(
    store: Store, models: LoopbackModels
) -> None:
    pause = threading.Event()
    writer = UniversalAgent("writer", "gpt-4o")
    wf = DurableWorkflow("letters", store)

    @wf.step("write")
    async def write() -> str:
        return "".join([piece async for piece in writer.chat_stream("count")])

    models.reply(Reply("one two three", pause=pause))
    running = asyncio.create_task(wf.run(run_id="r"))

    async def tail() -> Tail | None:
        try:
            return await store.tail_of("r")
        except LookupError:
            return None

    try:
        heard: Tail = await until(tail, timeout=60)
    finally:
        pause.set()
    assert (heard.step, heard.name, heard.text) == ("write", "writer", "one")
    assert await running == "one two three"
    assert await store.tail_of("r") is None


class Watched(InMemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.tails: list[Mapping[int, tuple[str, str, str]]] = []

    async def write_tails(self, tails: Mapping[int, tuple[str, str, str]]) -> None:
        self.tails.append(tails)
        await super().write_tails(tails)


async def test_all_runs_of_a_host_are_shown_by_one_write_a_second_and_by_none_where_nothing_streams(
    models: LoopbackModels,
) -> None:
    store, writer = Watched(), UniversalAgent("writer", "gpt-4o")
    wf = DurableWorkflow("letters", store)
    stream = True

    @wf.step("write")
    async def write() -> str:
        if not stream:
            return await writer.chat("count")
        return "".join([piece async for piece in writer.chat_stream("count")])

    models.answer = lambda _: Reply("word " * 40 + KEY, drip=0.03)
    await writer.chat("litellm is there")
    stream = False
    await wf.run()
    assert store.tails == []

    stream = True
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(wf.run() for _ in range(5)))
    took = asyncio.get_running_loop().time() - began

    assert 1 <= len(store.tails) <= took + 2
    assert max(len(tails) for tails in store.tails) == 5


def test_a_worker_that_never_calls_a_model_never_loads_the_library() -> None:
    script = """
        import asyncio, sys
        from sagewai import Budget, DurableWorkflow, InMemoryStore, UniversalAgent, WorkflowWorker, once

        store = InMemoryStore()
        wf = DurableWorkflow("letters", store, budget=Budget(usd=1))
        writer = UniversalAgent("writer", "gpt-4o")

        @wf.step("write")
        async def write() -> str:
            return await once("upper", str.upper, "done")

        async def main():
            worker = WorkflowWorker(store=store, workflow_registry=wf, poll_interval=0.05)
            working = asyncio.create_task(worker.start())
            print(await (await wf.submit()).result(timeout=30))
            await worker.stop()
            await working

        asyncio.run(main())
        assert not {"litellm", "openai", "httpx"} & sys.modules.keys()
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("DONE\n", "")
