"""Approvals with terms: who may decide, how many must, what happens at the deadline, and edits of what is approved."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, Field

from sagewai import (
    Actor,
    ApprovalClaimed,
    ApprovalEditInvalid,
    ApprovalGate,
    ApprovalNotAllowed,
    ApprovalRejected,
    DurableWorkflow,
    InMemoryStore,
    InvalidOptionError,
    RunFailed,
    WorkflowSuspended,
)
from sagewai.core import commands
from sagewai.core.actors import current_actor
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.engine.helpers import until, until_status, working

ADA = Actor("ada", source="cli", assurance="os")
BOB = Actor("bob", source="cli", assurance="os")


def gated(
    store: Store, body: Callable[[ApprovalGate], Awaitable[Any]]
) -> tuple[DurableWorkflow, ApprovalGate]:
    wf = DurableWorkflow("gated", store)
    gate = ApprovalGate(wf)

    @wf.step("review")
    async def review() -> Any:
        return await body(gate)

    return wf, gate


async def asked(store: Store, wf: DurableWorkflow) -> Approval:
    """The approval that a new run ``r`` waits for."""
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    return (await store.approvals_of("r"))[-1]


# -- who, and how many ----------------------------------------------------------------------------------------------


async def test_a_quorum_opens_the_gate_with_its_last_needed_reviewer(store: Store) -> None:
    async def body(gate: ApprovalGate) -> list[Any]:
        decision = await gate.request_approval("pay?", required=2)
        return [decision.reviewer, *decision.reviewers]

    wf, gate = gated(store, body)
    await asked(store, wf)
    first = await gate.approve("r", "ada")
    assert first.status is ApprovalStatus.PENDING
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="r")
    again = await gate.approve(
        "r", "ada", digest=first.digest
    )  # one reviewer is one, however often they say so
    assert (again.status, len(again.decisions)) == (ApprovalStatus.PENDING, 1)
    await gate.approve("r", "bob")
    assert await wf.run(run_id="r") == ["bob", "ada", "bob"]


async def test_one_rejection_is_enough(store: Store) -> None:
    wf, gate = gated(store, lambda gate: gate.request_approval("pay?", required=3))
    await asked(store, wf)
    await gate.approve("r", "ada")
    await gate.reject("r", "no", "bob")
    with pytest.raises(ApprovalRejected, match="bob: no"):
        await wf.run(run_id="r")


async def test_only_approvers_decide_and_never_who_submitted(store: Store) -> None:
    me = current_actor("api").name
    wf, gate = gated(
        store, lambda gate: gate.request_approval("pay?", approvers=["ada", me], exclude_requester=True)
    )
    await asked(store, wf)
    with pytest.raises(ApprovalNotAllowed, match="mallory"):
        await gate.approve("r", "mallory")
    with pytest.raises(ApprovalNotAllowed, match="submitted"):
        await gate.approve("r")  # this process's account
    assert (await gate.approve("r", "ada@ops1")).status is ApprovalStatus.APPROVED


async def test_a_step_cannot_decide_where_others_must_agree(store: Store) -> None:
    wf, gate = gated(store, lambda gate: gate.request_approval("pay?", required=2))
    await asked(store, wf)
    culprit = DurableWorkflow("culprit", store)

    @culprit.step("cheat")
    async def cheat() -> None:
        await gate.approve("r", "ada")

    with pytest.raises(RunFailed, match="ApprovalNotAllowed"):
        await culprit.run()
    assert (await store.approvals_of("r"))[0].decisions == ()


async def test_the_terms_are_part_of_what_is_approved(store: Store) -> None:
    required = [2]
    wf, _ = gated(store, lambda gate: gate.request_approval("pay?", required=required[0]))
    before = await asked(store, wf)
    required[0] = 1
    await commands.pause(store, "r", actor=ADA)
    await commands.resume(store, "r", actor=ADA)
    after = await asked(store, wf)
    assert (before.digest != after.digest, after.revision) == (True, 2)
    assert (await store.get_approval(before.id)).status is ApprovalStatus.SUPERSEDED


# -- deadlines and ladders --------------------------------------------------------------------------------------------


async def test_the_ladder_adds_reviewers_until_nobody_is_left(store: Store) -> None:
    wf, _ = gated(
        store,
        lambda gate: gate.request_approval(
            "pay?", timeout=0.3, on_timeout="escalate", escalate_to=["boss"], approvers=["ada"]
        ),
    )
    await wf.submit(run_id="r")
    async with working(store, wf):

        async def escalated() -> bool:
            return any(item.level == 1 for item in await store.approvals_of("r"))

        await until(escalated)
        run = await until_status(store, "r", RunStatus.REJECTED)
    assert run.status is RunStatus.REJECTED
    (approval,) = await store.approvals_of("r")
    assert (approval.status, approval.level) == (ApprovalStatus.EXPIRED, 1)
    kinds = [event.kind for event in await store.get_events("r")]
    assert kinds.index(EventKind.APPROVAL_ESCALATED) < kinds.index(EventKind.APPROVAL_EXPIRED)


async def test_who_joined_by_the_ladder_may_decide(store: Store) -> None:
    patience = [3600.0]
    wf, gate = gated(
        store,
        lambda gate: gate.request_approval(
            "pay?",
            timeout=patience[0],
            on_timeout="escalate",
            escalate_to=["boss", "owner", "board"],
            approvers=["ada"],
        ),
    )
    with pytest.raises(WorkflowSuspended):
        await wf.run(run_id="patient")
    with pytest.raises(ApprovalNotAllowed, match="boss"):
        await gate.approve("patient", "boss")
    patience[0] = 0.3
    await asked(store, wf)

    async def joined() -> bool:
        await store.tick()
        return (await store.approvals_of("r"))[0].level > 0

    await until(joined)
    assert (await gate.approve("r", "boss")).status is ApprovalStatus.APPROVED


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"required": 0}, "required"),
        ({"required": True}, "required"),
        ({"required": 21}, "required"),
        ({"required": 2, "approvers": ["ada"]}, "only 1"),
        ({"approvers": "ada"}, "list of names"),
        ({"approvers": [""]}, "approvers"),
        ({"approvers": [7]}, "approvers"),
        ({"escalate_to": ["boss"]}, "escalate"),
        ({"on_timeout": "escalate", "escalate_to": ["boss"]}, "timeout"),
        ({"on_timeout": "explode"}, "on_timeout"),
        ({"allow_edit": object}, "allow_edit"),
        ({"allow_edit": Callable}, "allow_edit"),
    ],
)
async def test_terms_that_make_no_sense_are_named(terms: dict[str, Any], told: str) -> None:
    wf, _ = gated(InMemoryStore(), lambda gate: gate.request_approval("pay?", **terms))
    with pytest.raises(RunFailed, match=f"InvalidOptionError.*{told}"):
        await wf.run()


# -- edits ------------------------------------------------------------------------------------------------------------


class Refund(BaseModel):
    customer: str
    cents: int = Field(gt=0, le=10_000)
    on: dt.date | None = None


async def test_an_edit_reaches_the_step_as_the_gates_type(store: Store) -> None:
    seen: list[Any] = []

    async def body(gate: ApprovalGate) -> int:
        decision = await gate.request_approval(
            "refund?", context=Refund(customer="Ada", cents=4200), allow_edit=Refund
        )
        seen.append(decision.payload)
        return int(decision.payload.cents)

    wf, gate = gated(store, body)
    approval = await asked(store, wf)
    await gate.approve(
        "r", "bob", payload={"customer": "Ada", "cents": 2100, "on": "2026-01-02"}, digest=approval.digest
    )
    assert await wf.run(run_id="r") == 2100
    assert seen == [Refund(customer="Ada", cents=2100, on=dt.date(2026, 1, 2))]
    stored = await store.get_approval(approval.id)  # before and after
    assert stored.context is not None
    assert "4200" in stored.context
    assert stored.decision is not None
    assert stored.decision.payload is not None
    assert "2100" in stored.decision.payload


async def test_without_an_edit_the_context_is_the_content(store: Store) -> None:
    async def body(gate: ApprovalGate) -> bool:
        decision = await gate.request_approval(
            "refund?", context={"customer": "Ada", "cents": 1}, allow_edit=Refund, read_to_end=True
        )
        return isinstance(decision.payload, Refund)

    wf, gate = gated(store, body)
    approval = await asked(store, wf)
    assert approval.policy.read_to_end
    await gate.approve("r", "bob")
    assert await wf.run(run_id="r") is True


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        ({"customer": "Ada"}, "'cents' is a required property"),
        ({"customer": "Ada", "cents": "many"}, r"\['cents'\]: 'many' is not of type"),
        ({"customer": "Ada", "cents": 10_001}, r"\['cents'\]: 10001 is greater"),
        ({"customer": "Ada", "cents": 1, "on": "soon"}, r"\['on'\]"),
        (["Ada", 1], "content: .* is not of type 'object'"),
    ],
)
async def test_an_edit_that_does_not_fit_is_refused_with_its_place_and_decides_nothing(
    edit: object, place: str
) -> None:
    store = InMemoryStore()
    wf, gate = gated(
        store,
        lambda gate: gate.request_approval("?", context={"customer": "Ada", "cents": 1}, allow_edit=Refund),
    )
    await asked(store, wf)
    with pytest.raises(ApprovalEditInvalid, match=place):
        await gate.approve("r", "bob", payload=edit)
    assert (await store.approvals_of("r"))[0].status is ApprovalStatus.PENDING


async def test_a_gate_without_edits_hands_any_payload_on(store: Store) -> None:
    async def body(gate: ApprovalGate) -> Any:
        return (await gate.request_approval("?", context={"cents": 1})).payload

    wf, gate = gated(store, body)
    await asked(store, wf)
    await gate.approve("r", "bob", payload=["anything", {"goes": True}])
    assert await wf.run(run_id="r") == ["anything", {"goes": True}]


async def test_a_context_that_is_not_of_the_type_fails_the_step() -> None:
    wf, _ = gated(
        InMemoryStore(), lambda gate: gate.request_approval("?", context={"cents": 0}, allow_edit=Refund)
    )
    with pytest.raises(RunFailed, match=r"context doesn't fit .*Refund.*customer"):
        await wf.run()


def even(cents: int) -> int:
    if cents % 2:
        raise ValueError("cents must be even")
    return cents


class Even(BaseModel):
    cents: Annotated[int, AfterValidator(even)]  # the schema doesn't know


async def test_an_edit_that_only_the_type_refuses_is_asked_again_and_loses_nothing(store: Store) -> None:
    async def body(gate: ApprovalGate) -> int:
        decision = await gate.request_approval("refund?", context={"cents": 2}, allow_edit=Even)
        return int(decision.payload.cents)

    wf, gate = gated(store, body)
    await asked(store, wf)
    for number, wrong in enumerate((3, 5, 7, 9), start=2):  # more often than content may change
        await gate.approve("r", "bob", payload={"cents": wrong})
        again = await asked(store, wf)
        assert (again.status, again.revision) == (ApprovalStatus.PENDING, number)
        assert "refund?" in again.prompt
        assert "what bob made of it could not be used" in again.prompt
        assert "cents must be even" in again.prompt
    await gate.approve("r", "carol", payload={"cents": 8})
    assert await wf.run(run_id="r") == 8


async def test_a_quorum_opens_on_one_content_only(store: Store) -> None:
    async def body(gate: ApprovalGate) -> list[Any]:
        decision = await gate.request_approval("refund?", context={"cents": 4}, allow_edit=Even, required=2)
        return [decision.payload.cents, *decision.reviewers]

    wf, gate = gated(store, body)
    await asked(store, wf)
    await gate.approve("r", "ada", payload={"cents": 2})
    await gate.approve("r", "bob")  # the content as it stood: not what ada approved
    again = await asked(store, wf)
    assert "ada, bob approved different contents; all must approve the same" in again.prompt
    await gate.approve("r", "ada")
    await gate.approve("r", "bob", payload={"cents": 4})  # which is what stands there
    assert await wf.run(run_id="r") == [4, "ada", "bob"]


# -- attention, and workers -----------------------------------------------------------------------------------------


async def test_reviewers_claim_snooze_and_comment(store: Store) -> None:
    wf, gate = gated(store, lambda gate: gate.request_approval("?"))
    approval = await asked(store, wf)
    claimed = await commands.claim(store, approval.id, actor=ADA, seconds=60)
    assert (claimed.claimed_by, claimed.claimed_until is not None) == ("ada", True)
    with pytest.raises(ApprovalClaimed, match="ada"):
        await commands.claim(store, approval.id, actor=BOB)
    with pytest.raises(ApprovalClaimed, match="ada"):
        await commands.unclaim(store, approval.id, actor=BOB)
    assert (await commands.unclaim(store, approval.id, actor=ADA)).claimed_by is None
    assert (await commands.snooze(store, approval.id, actor=BOB, seconds=60)).snoozed_until is not None
    assert (await commands.snooze(store, approval.id, actor=BOB, seconds=0)).snoozed_until is None
    await commands.comment(store, approval.id, "asked the customer", actor=BOB)
    comments = [event for event in await store.get_events("r") if event.kind is EventKind.APPROVAL_COMMENTED]
    assert [(event.actor, event.reason) for event in comments] == [("bob", "asked the customer")]
    assert (await gate.approve("r", "bob")).status is ApprovalStatus.APPROVED
    for wrong in (
        commands.claim(store, approval.id, actor=ADA, seconds=0),
        commands.snooze(store, approval.id, actor=ADA, seconds=-1),
        commands.comment(store, approval.id, "  ", actor=ADA),
        commands.comment(store, approval.id, "x", actor=Actor(" ", source="cli", assurance="os")),
    ):
        with pytest.raises(InvalidOptionError):
            await wrong


async def test_approving_where_no_worker_lives_is_said_in_the_log(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(gate: ApprovalGate) -> str:
        return (await gate.request_approval("?")).reviewer

    wf, gate = gated(store, body)
    await wf.submit(run_id="r", pool="bank", labels={"zone": "eu"})
    async with working(store, wf, pool="bank", labels={"zone": "eu", "gpu": True}):
        await until_status(store, "r", RunStatus.WAITING)

    async def gone() -> bool:
        return not await store.list_sessions(live_only=True)

    await until(gone)
    async with working(store, wf, pool="bank"):  # it lacks the label

        async def there() -> bool:
            return bool(await store.list_sessions(live_only=True))

        await until(there)
        with caplog.at_level(logging.WARNING, "sagewai.approval"):
            await gate.approve("r", "ada")
    (warning,) = [item.getMessage() for item in caplog.records if item.name == "sagewai.approval"]
    assert "no live worker of pool 'bank' has workflow 'gated'" in warning
    assert "`sagewai worker MODULE:NAME --pool bank`" in warning
    assert (await commands.unserved(store, "r")) == warning
    async with working(store, wf, pool="bank", labels={"zone": "eu"}):
        await asyncio.wait_for(wf.handle("r").result(), 20)
    assert await commands.unserved(store, "r") is None
