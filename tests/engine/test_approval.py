"""Approvals: a step asks, lets go, and goes on only by a recorded decision on exactly its content."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sagewai import (
    ApprovalAlreadyDecided,
    ApprovalAmbiguous,
    ApprovalContentChanged,
    ApprovalGate,
    ApprovalNotFound,
    ApprovalOutsideRun,
    ApprovalRejected,
    DurableWorkflow,
    InvalidOptionError,
    RunFailed,
    WorkflowSuspended,
)
from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.page import DeadLetterQuery
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.engine.helpers import until_status, working

ADA = Actor("ada", source="cli", assurance="os")


def gated(
    store: Store, body: Callable[[ApprovalGate], Awaitable[Any]], *, timeout: float | None = None
) -> DurableWorkflow:
    """A workflow of one step that asks, then one that publishes."""
    wf = DurableWorkflow("gated", store)
    gate = ApprovalGate(workflow=wf)

    @wf.step("review", timeout=timeout)
    async def review() -> Any:
        return await body(gate)

    @wf.step("publish")
    async def publish(content: Any) -> Any:
        return content

    return wf


async def test_a_run_waits_without_worker_and_goes_on_after_the_decision(store: Store) -> None:
    async def body(gate: ApprovalGate) -> Any:
        decision = await gate.request_approval("Publish?", context={"content": "text"})
        return [decision.reviewer, decision.reason, decision.payload]

    wf = gated(store, body)
    with pytest.raises(
        WorkflowSuspended, match=r"'r' waits for approval at gate #1 .*sagewai approvals approve r"
    ):
        await wf.run(run_id="r")
    run = await store.get_run("r")
    assert (run.status, run.wait, run.session, run.worker) == (RunStatus.WAITING, "approval", None, None)
    gate = ApprovalGate(workflow=wf)
    approval = await gate.approve(run_id="r", reviewer="editor@acme.com", reason="fine", payload={"n": 1})
    assert approval.decision is not None
    assert approval.decision.digest_seen is None  # recorded as made without display
    assert await wf.run(run_id="r") == ["editor@acme.com", "fine", {"n": 1}]


async def test_a_worker_resumes_by_itself_after_the_decision(store: Store) -> None:
    async def body(gate: ApprovalGate) -> str:
        await gate.request_approval("Publish?")
        return "published"

    wf = gated(store, body)
    handle = await wf.submit(run_id="r")
    async with working(store, wf):
        await until_status(store, "r", RunStatus.WAITING)
        await ApprovalGate(wf).approve("r", "ada")
        assert await handle.result(timeout=20) == "published"


async def test_a_rejection_ends_the_run_with_reviewer_and_reason(store: Store) -> None:
    wf = gated(store, lambda gate: gate.request_approval("Publish?"))
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await ApprovalGate(wf).reject(run_id="r", reason="needs more citations", reviewer="editor@acme.com")
    with pytest.raises(ApprovalRejected, match=r"editor@acme.com.*needs more citations"):
        await wf.run(run_id="r")
    assert (await store.get_run("r")).status is RunStatus.REJECTED
    assert len((await store.list_dead_letters(DeadLetterQuery())).items) == 0


async def _bare_except(gate: ApprovalGate) -> str:
    try:  # noqa: SIM105 - what a careless author writes
        await gate.request_approval("?")
    except BaseException:
        pass
    return "opened by accident"


async def _finally_return(gate: ApprovalGate) -> str:
    try:
        await gate.request_approval("?")
    finally:
        return "opened by accident"  # noqa: B012


async def _gathered(gate: ApprovalGate) -> Any:
    return await asyncio.gather(gate.request_approval("?"), return_exceptions=True)


async def _task_group(gate: ApprovalGate) -> str:
    async with asyncio.TaskGroup() as group:
        group.create_task(gate.request_approval("?"))
    return "opened by accident"


async def _raises_another(gate: ApprovalGate) -> str:
    try:
        await gate.request_approval("?")
    except BaseException as error:
        raise ValueError("wrapped") from error
    return "unreachable"


@pytest.mark.parametrize("body", [_bare_except, _finally_return, _gathered, _task_group, _raises_another])
async def test_a_noted_suspension_survives_whatever_the_body_does_with_it(body: Any, store: Store) -> None:
    wf = gated(store, body)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    assert await store.get_results("r") == {}


async def test_two_gates_of_one_run_are_parked_together_and_never_mix(store: Store) -> None:
    bodies: list[int] = []

    async def body(gate: ApprovalGate) -> list[str]:
        bodies.append(1)
        first, second = await asyncio.gather(
            gate.request_approval("legal?", key="legal"), gate.request_approval("brand?", key="brand")
        )
        return [first.reviewer, second.reviewer]

    wf = gated(store, body)
    gate = ApprovalGate(wf)
    with pytest.raises(WorkflowSuspended, match=r"legal.*brand|brand.*legal"):
        await wf.run(run_id="r")
    with pytest.raises(ApprovalAmbiguous) as ambiguous:
        await gate.approve("r", "ada")
    legal, brand = sorted(await store.approvals_of("r"), key=lambda item: item.gate != "legal")
    assert set(ambiguous.value.approval_ids) == {legal.id, brand.id}
    await gate.approve("r", "lawyer", approval_id=legal.id)
    with pytest.raises(WorkflowSuspended, match="brand"):
        await wf.run(run_id="r")
    assert bodies == [1]  # nothing runs again before all are decided
    await gate.approve("r", "designer")
    assert await wf.run(run_id="r") == ["lawyer", "designer"]


async def test_the_same_reviewer_may_repeat_and_every_other_late_caller_is_told_who_decided(
    store: Store,
) -> None:
    wf = gated(store, lambda gate: gate.request_approval("?"))
    gate = ApprovalGate(wf)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    first = await gate.approve("r", "ada", reason="ok")
    again = await gate.approve("r", "ada", approval_id=first.id)
    assert again.decision == first.decision
    with pytest.raises(ApprovalAlreadyDecided, match="ada") as late:
        await gate.reject("r", "no", "bob", approval_id=first.id)
    assert (late.value.reviewer, late.value.verdict) == ("ada", "approve")
    assert late.value.decided_at is not None
    assert late.value.decided_at.tzinfo is not None


async def test_a_decision_for_other_content_commits_nothing(store: Store) -> None:
    wf = gated(store, lambda gate: gate.request_approval("?", context={"v": 1}))
    gate = ApprovalGate(wf)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    with pytest.raises(ApprovalContentChanged):
        await gate.approve("r", "ada", digest="0" * 64)
    (approval,) = await store.approvals_of("r")
    assert approval.status is ApprovalStatus.PENDING
    decided = await gate.approve("r", "ada", digest=approval.digest)
    assert decided.decision is not None
    assert decided.decision.digest_seen == approval.digest


async def test_changed_content_supersedes_and_an_old_decision_never_opens_it(store: Store) -> None:
    versions: list[int] = [1]

    async def body(gate: ApprovalGate) -> str:
        await gate.request_approval("?", context={"v": versions[0]}, key="k")
        return f"v{versions[0]}"

    wf = gated(store, body)
    gate = ApprovalGate(wf)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "ada")
    versions[0] = 2
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    old, new = await store.approvals_of("r")
    assert (old.status, new.status, new.revision) == (ApprovalStatus.SUPERSEDED, ApprovalStatus.PENDING, 2)
    await gate.approve("r", "ada")
    versions[0] = 3
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "ada")
    versions[0] = 4
    with pytest.raises(RunFailed, match="put the gate in a step of its own"):
        await wf.run(run_id="r")


async def test_sync_steps_ask_too(store: Store) -> None:
    wf = DurableWorkflow("flow", store)
    gate = ApprovalGate(wf)

    @wf.step("review")
    def review() -> str:
        return gate.request_approval_sync("ok?").reviewer

    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await gate.approve("r", "ada")
    assert await wf.run(run_id="r") == "ada"


async def test_waiting_for_a_person_uses_no_attempt_and_no_timeout(store: Store) -> None:
    async def body(gate: ApprovalGate) -> str:
        await gate.request_approval("?")
        return "ok"

    wf = gated(store, body, timeout=0.5)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await asyncio.sleep(0.7)
    await ApprovalGate(wf).approve("r", "ada")
    assert await wf.run(run_id="r") == "ok"


async def test_a_decision_that_arrives_before_the_park_is_not_lost(store: Store) -> None:
    """The step has asked again and is on its way to its park when the decision lands."""
    asked, release = asyncio.Event(), asyncio.Event()
    release.set()

    async def body(gate: ApprovalGate) -> str:
        try:
            await gate.request_approval("?")
        finally:
            asked.set()
            await release.wait()
        return "ok"

    wf = gated(store, body)
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    await commands.pause(store, "r", actor=ADA)
    await commands.resume(store, "r", actor=ADA)  # ready again, with its approval still pending
    asked.clear()
    release.clear()
    task = asyncio.create_task(wf.run(run_id="r"))
    await asked.wait()
    await ApprovalGate(wf).approve("r", "ada")
    release.set()
    assert await task == "ok"


async def test_a_gate_outside_a_run_is_an_error(store: Store) -> None:
    gate = ApprovalGate(DurableWorkflow("flow", store))
    with pytest.raises(ApprovalOutsideRun):
        await gate.request_approval("?")
    with pytest.raises(ApprovalOutsideRun):
        gate.request_approval_sync("?")


async def test_decisions_on_what_does_not_wait_are_errors(store: Store) -> None:
    wf = gated(store, lambda gate: gate.request_approval("?"))
    gate = ApprovalGate(wf)
    await wf.submit(run_id="r")
    with pytest.raises(ApprovalNotFound, match="r"):
        await gate.approve("r", "ada")
    with pytest.raises(InvalidOptionError, match="reason"):
        await gate.reject("r", "  ", "ada")
    with pytest.raises(InvalidOptionError, match="name"):
        await gate.approve("r", "")


async def test_a_deadline_rejects_the_run(store: Store) -> None:
    wf = gated(store, lambda gate: gate.request_approval("?", timeout=0.3))
    await wf.submit(run_id="r")
    async with working(store, wf):
        run = await until_status(store, "r", RunStatus.REJECTED)
    assert run.status is RunStatus.REJECTED
    (approval,) = await store.approvals_of("r")
    assert approval.status is ApprovalStatus.EXPIRED
