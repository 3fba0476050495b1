"""Every code block of the public document runs as written; only the database behind it is ours.

A block may await at its top level, as the document does. The database URL is the only text that is replaced; for the
two other stores the line that imports PostgresStore and the line that makes one.
"""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from inspect import CO_COROUTINE
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from sagewai import (
    ApprovalAlreadyDecided,
    ApprovalGate,
    ApprovalRejected,
    DeadLetterNotFound,
    DurableWorkflow,
    InMemoryStore,
    RunFailed,
    WorkflowSuspended,
)
from sagewai.core.stores.base import Store
from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus
from tests.agents.conftest import models
from tests.agents.endpoint import LoopbackModels
from tests.engine.helpers import until_status

BLOCKS = Path(__file__).parent / "blocks"
__all__ = ["models"]

IMPORT = "from sagewai.core.stores.postgres import PostgresStore"
OPENED = 'PostgresStore(database_url="postgresql://localhost/sagewai")'


class Document:
    """The blocks, adapted to one store, run one after another in one namespace as a reader would type them."""

    def __init__(self, import_line: str, opened: str) -> None:
        self._import = import_line
        self._opened = opened
        self.names: dict[str, Any] = {"__name__": "__document__"}
        self.opened: set[Store] = set()

    def text(self, name: str) -> str:
        return (BLOCKS / f"{name}.py").read_text().replace(IMPORT, self._import).replace(OPENED, self._opened)

    async def run(self, name: str) -> None:
        await self.execute(self.text(name), name)

    async def execute(self, text: str, name: str) -> None:
        code: CodeType = compile(text, f"<{name}>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        module = eval(code, self.names)
        if code.co_flags & CO_COROUTINE:
            await module
        if isinstance(store := self.names.get("store"), Store):
            self.opened.add(store)

    @property
    def store(self) -> Store:
        store = self.names["store"]
        assert isinstance(store, Store)
        return store


@pytest.fixture(params=["postgres", "sqlite", "memory"])
async def document(request: pytest.FixtureRequest) -> AsyncIterator[Document]:
    adapted = _adapted(request)
    yield adapted
    for store in adapted.opened:
        await store.close()


def _adapted(request: pytest.FixtureRequest) -> Document:
    if request.param == "postgres":
        return Document(IMPORT, f"PostgresStore(database_url={request.getfixturevalue('postgres_url')!r})")
    if request.param == "sqlite":
        path = request.getfixturevalue("sqlite_path")
        return Document("from sagewai import SQLiteStore", f"SQLiteStore({str(path)!r})")
    in_memory = Document(
        "from sagewai import InMemoryStore", "the_only_store"
    )  # each opening would be a store of its own
    in_memory.names["the_only_store"] = InMemoryStore()
    return in_memory


async def test_workflow_agents(document: Document, models: LoopbackModels) -> None:
    await document.run("agents")
    assert document.names["result"]
    assert len(models.requests) == 4


async def test_durable_workflow_and_its_resume_after_a_crash(
    document: Document, models: LoopbackModels
) -> None:
    await document.run("durable_workflow")
    assert document.names["result"].startswith("Published: ")
    # the crash: the process goes away while "draft" is being written
    with models.hold():
        before = len(models.requests)
        wf: DurableWorkflow = document.names["wf"]
        crashing = asyncio.create_task(wf.run(run_id="article-pipeline-abc123", topic="quantum computing"))
        await asyncio.to_thread(models.wait_for, before + 1)
        crashing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await crashing
    await document.run("resume")
    assert document.names["result"].startswith("Published: ")


async def test_a_resumed_run_skips_recorded_steps(document: Document, models: LoopbackModels) -> None:
    await document.run("durable_workflow")
    wf: DurableWorkflow = document.names["wf"]
    await wf.submit(run_id="article-pipeline-abc123", topic="quantum computing")
    before = len(models.requests)
    await document.run("resume")
    after = len(models.requests)
    assert after - before == 2  # research and draft
    await document.run("resume")
    assert len(models.requests) == after


async def test_approval_gate_approved(document: Document, models: LoopbackModels) -> None:
    await document.run("approval_gate")
    run = await document.store.get_run("content-run-001")
    assert (run.status, run.step) == (RunStatus.WAITING, "review")
    approve, reject = document.text("approve_or_reject").split("# Or reject\n")
    await document.execute(approve, "approve")
    (approval,) = await document.store.approvals_of("content-run-001")
    assert approval.decision is not None
    assert approval.decision.reviewer.name == "editor@acme.com"
    with pytest.raises(ApprovalAlreadyDecided, match=r"editor@acme\.com"):
        await document.execute(reject.replace("reviewer=", f"approval_id={approval.id}, reviewer="), "reject")
    requests = len(models.requests)
    await document.run("resume_after_approval")
    assert document.names["result"].startswith("Published: ")
    assert len(models.requests) == requests  # the draft was recorded


async def test_approval_gate_rejected(document: Document, models: LoopbackModels) -> None:
    await document.run("approval_gate")
    _, reject = document.text("approve_or_reject").split("# Or reject\n")
    await document.execute(reject, "reject")
    with pytest.raises(ApprovalRejected, match="Content needs more citations"):
        await document.run("resume_after_approval")


async def test_worker(document: Document) -> None:
    my_workflow = DurableWorkflow(name="article-pipeline")
    my_workflow.step("one")(lambda topic: topic.upper())
    document.names["my_workflow"] = my_workflow
    blocked = asyncio.create_task(document.run("worker"))
    try:
        while "worker" not in document.names:
            assert not blocked.done(), blocked.result()
            await asyncio.sleep(0.01)
        my_workflow.store = document.store
        handle = await my_workflow.submit(topic="x")
        assert await handle.result(timeout=20) == "X"
        assert not blocked.done()
    finally:
        await document.names["worker"].stop()
        await blocked


async def test_routing_and_credentials(document: Document) -> None:
    my_workflow = DurableWorkflow(name="article-pipeline")
    my_workflow.step("one")(lambda topic: topic)
    document.names["my_workflow"] = my_workflow
    await document.execute(f"{document._import}\nstore = {document._opened}", "store")
    await document.run("routing")
    seen: dict[str, Any] = {}

    @my_workflow.step("two")
    async def two(topic: str) -> str:
        await document.run("credentials")
        seen.update(document.names["creds"].model_overrides)
        return topic

    my_workflow.store = document.store
    handle = await my_workflow.submit(topic="x", pool="local-ollama", labels={"gpu": True})
    running = asyncio.create_task(document.names["worker"].start())
    try:
        assert await handle.result(timeout=20) == "x"
    finally:
        await document.names["worker"].stop()
        await running
    assert seen == {"default": "ollama/llama3.2"}


async def failed_run(document: Document) -> None:
    """``run-abc123``, as the blocks below expect to find it: failed for good."""
    await document.execute(f"{document._import}\nstore = {document._opened}", "store")
    wf = DurableWorkflow("article-pipeline", document.store)

    @wf.step("one")
    async def one() -> None:
        raise ValueError("out of paper")

    with pytest.raises(RunFailed):
        await wf.run(run_id="run-abc123")


async def test_monitor(document: Document) -> None:
    await failed_run(document)
    await document.run("monitor")
    assert document.names["detail"].status is RunStatus.FAILED
    assert document.names["detail"].steps[0].error.message == "out of paper"
    assert [entry.kind for entry in document.names["timeline"]][:2] == ["submitted", "claimed"]
    assert (await document.store.get_run("run-abc123")).status is RunStatus.PENDING


@pytest.mark.parametrize("verb", ["retry", "discard"])
async def test_dead_letters(document: Document, verb: str) -> None:
    await failed_run(document)
    head, tail = document.text("dead_letters").split("# Retry a failed run\n")
    retry, discard = tail.split("# Discard a failed run\n")
    await document.execute(head, "dead letters")
    assert [entry.run_id for entry in document.names["failed"]] == ["run-abc123"]
    assert document.names["entry"].error.message == "out of paper"
    first, second = (retry, discard) if verb == "retry" else (discard, retry)
    await document.execute(first, verb)
    expected = RunStatus.PENDING if verb == "retry" else RunStatus.FAILED
    assert (await document.store.get_run("run-abc123")).status is expected
    with pytest.raises(DeadLetterNotFound):
        await document.execute(second, "the other one")


@pytest.mark.parametrize("document", ["postgres", "sqlite"], indirect=True)
async def test_complete_example(document: Document, models: LoopbackModels, tmp_path: Path) -> None:
    """It ends at its gate, saying which run waits and how to approve it; approved, it finishes anywhere."""
    script = tmp_path / "complete.py"
    script.write_text(document.text("complete_example"))
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "WorkflowSuspended" in last
    assert "sagewai approvals approve article-pipeline-" in last
    assert "Published" not in done.stdout
    await document.execute(f"{document._import}\nstore = {document._opened}", "store")
    (run,) = await document.store.list_runs(RunQuery())
    gate = ApprovalGate(workflow=DurableWorkflow(name="article-pipeline", store=document.store))
    await gate.approve(run_id=run.run_id, reviewer="ada")
    assert (await until_status(document.store, run.run_id, RunStatus.PENDING)).steps_done == 2


@pytest.mark.parametrize("document", ["postgres"], indirect=True)
async def test_the_suspended_error_names_run_gate_and_command(
    document: Document, models: LoopbackModels
) -> None:
    await document.run("approval_gate")
    wf: DurableWorkflow = document.names["wf"]
    with pytest.raises(WorkflowSuspended) as suspended:
        await wf.run(run_id="content-run-001")
    assert "content-run-001" in str(suspended.value)
    assert "review" in str(suspended.value)
    assert "sagewai approvals approve content-run-001" in str(suspended.value)
