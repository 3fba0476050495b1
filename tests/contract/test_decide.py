"""Decisions: exactly one, on exactly that content, before the deadline, and everything about it commits together."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalAmbiguous,
    ApprovalClosed,
    ApprovalContentChanged,
    ApprovalError,
    ApprovalExpired,
    ApprovalNotFound,
    RunNotFound,
    StoreRefused,
)
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.page import ApprovalQuery
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, Owner, Scene, ask

APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT


async def parked(scene: Scene, *gates: str, run_id: str = "r1", timeout: float | None = None) -> list[int]:
    """The ids of the approvals of a waiting run, one per gate."""
    owner = await scene.own(run_id)
    await owner.park(*(ask(gate, context=gate, timeout=timeout) for gate in gates or ("lead",)))
    approvals = await scene.approvals(run_id)
    return [approvals[gate].id for gate in gates or ("lead",)]


async def running_with(scene: Scene, *gates: str) -> tuple[Owner, list[int]]:
    """A running run whose approvals are still pending."""
    ids = await parked(scene, *gates)
    await scene.store.operate("r1", Operation.PAUSE, BOB)
    await scene.store.operate("r1", Operation.RESUME, BOB)
    return await scene.take(), ids


# -- approve ----------------------------------------------------------------------------------------------------------


async def test_an_approval_records_who_decided_what_why_and_having_seen_what(
    scene: Scene, store: Store
) -> None:
    (approval_id,) = await parked(scene)
    pending = await store.get_approval(approval_id)
    before = await store.now()
    approval = await scene.decide(
        by=BOB, reason="fine", approval_id=approval_id, digest=pending.digest, payload='{"limit":5}'
    )
    after = await store.now()
    assert approval.status is ApprovalStatus.APPROVED
    decision = approval.decision
    assert decision is not None
    assert (decision.verdict, decision.reviewer, decision.reason) == (APPROVE, BOB, "fine")
    assert (decision.digest_seen, decision.payload) == (pending.digest, '{"limit":5}')
    assert before <= decision.decided_at <= after
    assert await store.get_approval(approval_id) == approval


async def test_a_decision_without_a_digest_is_recorded_as_undisplayed(scene: Scene) -> None:
    await parked(scene)
    approval = await scene.decide()
    assert approval.decision is not None
    assert approval.decision.digest_seen is None
    (event,) = await scene.events("r1", EventKind.APPROVED)
    assert event.detail["displayed"] is False


async def test_an_approved_run_is_ready_at_once(scene: Scene, store: Store) -> None:
    await parked(scene)
    await scene.decide()
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.step, run.attempt) == (RunStatus.PENDING, None, "fetch", 1)
    assert await scene.claim(await scene.session("w2")) == ["r1"]


async def test_a_decision_is_an_event_with_reviewer_reason_and_content(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    digest = (await store.get_approval(approval_id)).digest
    await scene.decide(by=BOB, reason="fine", digest=digest)
    (event,) = await scene.events("r1", EventKind.APPROVED)
    assert (event.actor, event.source, event.assurance, event.reason) == ("bob", "console", "ssh", "fine")
    assert dict(event.detail) == {
        "approval_id": approval_id,
        "gate": "lead",
        "digest": digest,
        "displayed": True,
        "approvals": 1,
        "required": 1,
    }
    (woken,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(woken.detail) == {"by": "approval"}


async def test_a_run_waits_until_none_of_its_gates_is_pending(scene: Scene) -> None:
    lead, legal = await parked(scene, "lead", "legal")
    await scene.decide(approval_id=legal)
    assert await scene.status() is RunStatus.WAITING
    await scene.decide(approval_id=lead)
    assert await scene.status() is RunStatus.PENDING


async def test_two_runs_at_one_gate_never_mix(scene: Scene, store: Store) -> None:
    (first,) = await parked(scene, run_id="r1")
    (second,) = await parked(scene, run_id="r2")
    with pytest.raises(ApprovalNotFound, match=str(second)):
        await scene.decide("r1", approval_id=second)
    await scene.decide("r1")
    assert await scene.status("r2") is RunStatus.WAITING
    assert (await store.get_approval(first)).status is ApprovalStatus.APPROVED
    assert (await store.get_approval(second)).status is ApprovalStatus.PENDING


async def test_a_decision_while_the_run_is_running_is_recorded_and_moves_nothing(
    scene: Scene, store: Store
) -> None:
    owner, _ = await running_with(scene)
    await scene.decide()
    run = await store.get_run("r1")
    assert (run.status, run.token, run.worker) == (RunStatus.RUNNING, owner.lease.token, "w1")
    assert (await scene.approvals())["lead"].status is ApprovalStatus.APPROVED
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING


async def test_a_paused_run_keeps_its_hold_when_it_is_approved(scene: Scene, store: Store) -> None:
    await parked(scene)
    await store.operate("r1", Operation.PAUSE, BOB)
    await scene.decide()
    assert await scene.status() is RunStatus.PAUSED
    await store.operate("r1", Operation.RESUME, BOB)
    assert (await scene.take()).lease.wakeups == 1


# -- reject -----------------------------------------------------------------------------------------------------------


async def test_a_rejection_ends_the_run_and_is_no_dead_letter(scene: Scene, store: Store) -> None:
    lead, legal = await parked(scene, "lead", "legal")
    approval = await scene.decide("r1", REJECT, by=BOB, reason="too dear", approval_id=lead)
    assert approval.status is ApprovalStatus.REJECTED
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.step) == (RunStatus.REJECTED, None, "fetch")
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason, outcome.error) == ("bob", "too dear", None)
    assert (await store.counts()).dead_letters == 0
    (rejected,) = await scene.events("r1", EventKind.REJECTED)
    assert (rejected.actor, rejected.reason, rejected.detail["gate"]) == ("bob", "too dear", "lead")
    other = await store.get_approval(legal)
    assert (other.status, other.decision) == (ApprovalStatus.CANCELLED, None)
    (closed,) = await scene.events("r1", EventKind.APPROVAL_CANCELLED)
    assert (closed.detail["approval_id"], closed.actor) == (legal, "bob")


@pytest.mark.parametrize("status", [RunStatus.PENDING, RunStatus.PAUSED])
async def test_a_rejection_ends_a_run_that_is_not_running(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    await parked(scene)
    await store.operate("r1", Operation.PAUSE, BOB)
    if status is RunStatus.PENDING:
        await store.operate("r1", Operation.RESUME, BOB)
    await scene.decide("r1", REJECT, reason="no")
    assert await scene.status() is RunStatus.REJECTED
    assert await scene.claim(await scene.session("w2")) == []


async def test_the_last_rejection_counts_when_there_were_two(scene: Scene, store: Store) -> None:
    owner, (lead, legal) = await running_with(scene, "lead", "legal")
    await scene.decide("r1", REJECT, by=ALICE, reason="first", approval_id=legal)
    await scene.decide("r1", REJECT, by=BOB, reason="second", approval_id=lead)
    await owner.make(Move.REJECTED)
    outcome = await store.get_outcome("r1")
    assert (outcome.by, outcome.reason) == ("bob", "second")


# -- which one --------------------------------------------------------------------------------------------------------


async def test_two_pending_approvals_and_none_named_is_an_error_that_names_both(
    scene: Scene, store: Store
) -> None:
    ids = await parked(scene, "lead", "legal")
    before = await picture(store)
    with pytest.raises(ApprovalAmbiguous) as caught:
        await scene.decide()
    assert sorted(caught.value.approval_ids) == sorted(ids)
    assert all(str(each) in str(caught.value) for each in ids)
    assert await picture(store) == before


async def test_the_only_pending_one_is_meant_although_others_were_decided(scene: Scene) -> None:
    lead, legal = await parked(scene, "lead", "legal")
    await scene.decide(approval_id=legal)
    assert (await scene.decide(by=BOB)).id == lead


async def test_a_run_that_asked_nothing_has_nothing_to_decide(scene: Scene) -> None:
    await scene.submit()
    with pytest.raises(ApprovalNotFound, match="r1"):
        await scene.decide()
    with pytest.raises(ApprovalNotFound, match="999999"):
        await scene.decide(approval_id=999_999)


async def test_deciding_for_a_run_that_does_not_exist_says_so(scene: Scene) -> None:
    with pytest.raises(RunNotFound, match="nowhere"):
        await scene.decide("nowhere")


async def test_an_approval_that_does_not_exist_is_not_found(store: Store) -> None:
    with pytest.raises(ApprovalNotFound, match="999999"):
        await store.get_approval(999_999)


# -- only once --------------------------------------------------------------------------------------------------------


async def test_twenty_deciders_at_once_one_wins_and_the_others_are_told_who(
    scene: Scene, store: Store
) -> None:
    await parked(scene)
    people = [Actor(f"person{number}") for number in range(20)]

    async def try_to(person: Actor, verdict: Verdict) -> object:
        try:
            return await scene.decide("r1", verdict, by=person, reason=person.name)
        except ApprovalAlreadyDecided as late:
            return late

    verdicts = [APPROVE, REJECT] * 10
    results = await asyncio.gather(*map(try_to, people, verdicts))
    late = [each for each in results if isinstance(each, ApprovalAlreadyDecided)]
    assert len(late) == 19
    (approval,) = await store.approvals_of("r1")
    decision = approval.decision
    assert decision is not None
    for error in late:
        assert (error.reviewer, error.verdict) == (decision.reviewer.name, decision.verdict)
        assert error.decided_at == decision.decided_at
        assert decision.reviewer.name in str(error)
    assert len(await scene.events("r1", EventKind.APPROVED, EventKind.REJECTED)) == 1
    expected = RunStatus.PENDING if decision.verdict is APPROVE else RunStatus.REJECTED
    assert await scene.status() is expected


async def test_the_same_reviewer_repeating_the_decision_gets_the_recorded_one(
    scene: Scene, store: Store
) -> None:
    (approval_id,) = await parked(scene)
    first = await scene.decide(by=ALICE, reason="fine")
    before = await picture(store)
    assert await scene.decide(by=ALICE, reason="again") == first
    assert await scene.decide(by=ALICE, approval_id=approval_id, digest=first.digest) == first
    assert await scene.decide(by=Actor("alice", source="console", assurance="ssh")) == first
    assert await picture(store) == before


@pytest.mark.parametrize(
    ("by", "verdict"),
    [(ALICE, REJECT), (BOB, APPROVE), (BOB, REJECT)],
    ids=["changed mind", "other", "other no"],
)
async def test_every_other_late_caller_is_told_who_decided_what_and_when(
    scene: Scene, store: Store, by: Actor, verdict: Verdict
) -> None:
    (approval_id,) = await parked(scene)
    first = await scene.decide(by=ALICE)
    before = await picture(store)
    for named in (None, approval_id):
        with pytest.raises(ApprovalAlreadyDecided, match="alice") as caught:
            await scene.decide("r1", verdict, by=by, approval_id=named)
        assert (caught.value.verdict, caught.value.reviewer) == (APPROVE, "alice")
        assert first.decision is not None
        assert caught.value.decided_at == first.decision.decided_at
    assert await picture(store) == before


async def test_the_same_reviewer_having_seen_other_content_repeats_nothing(scene: Scene) -> None:
    await parked(scene)
    await scene.decide(by=ALICE)
    with pytest.raises(ApprovalAlreadyDecided):
        await scene.decide(by=ALICE, digest="0" * 64)


async def test_a_late_caller_is_told_although_the_run_has_moved_on(scene: Scene) -> None:
    await parked(scene)
    await scene.decide(by=ALICE)
    owner = await scene.take()
    await owner.finish()
    with pytest.raises(ApprovalAlreadyDecided, match="alice"):
        await scene.decide(by=BOB)


# -- on exactly that content ------------------------------------------------------------------------------------------


async def test_a_decision_on_other_content_changes_nothing(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    before = await picture(store)
    for named in (None, approval_id):
        with pytest.raises(ApprovalContentChanged, match=str(approval_id)):
            await scene.decide(approval_id=named, digest="0" * 64)
    assert await picture(store) == before


async def test_a_superseded_approval_is_closed(scene: Scene, store: Store) -> None:
    owner, (old,) = await running_with(scene)
    seen = (await store.get_approval(old)).digest
    await owner.park(ask("lead", context="changed"))
    with pytest.raises(ApprovalClosed, match=str(old)):
        await scene.decide(approval_id=old, digest=seen)
    with pytest.raises(ApprovalContentChanged):
        await scene.decide(digest=seen)
    assert await scene.status() is RunStatus.WAITING


@pytest.mark.parametrize("named", [True, False])
async def test_an_approval_of_a_cancelled_run_is_closed(scene: Scene, store: Store, named: bool) -> None:
    (approval_id,) = await parked(scene)
    await store.operate("r1", Operation.CANCEL, BOB)
    before = await picture(store)
    with pytest.raises(ApprovalClosed, match=str(approval_id)):
        await scene.decide(approval_id=approval_id if named else None)
    assert await picture(store) == before


# -- deadlines --------------------------------------------------------------------------------------------------------


async def test_past_its_deadline_nothing_is_decided_before_any_sweep(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene, timeout=0.02)
    await scene.past((await store.get_approval(approval_id)).deadline_at)
    before = await picture(store)
    for verdict in (APPROVE, REJECT):
        with pytest.raises(ApprovalExpired, match=str(approval_id)):
            await scene.decide("r1", verdict)
    assert await picture(store) == before


async def test_an_expired_approval_stays_expired(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene, timeout=0.02)
    await scene.past((await store.get_approval(approval_id)).deadline_at)
    await store.tick()
    for named in (None, approval_id):
        with pytest.raises(ApprovalExpired):
            await scene.decide(approval_id=named)


async def test_a_decision_before_the_deadline_stands_after_it(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene, timeout=0.8)
    await scene.decide()
    await scene.past((await store.get_approval(approval_id)).deadline_at)
    assert (await store.tick()).expired == 0
    assert (await store.get_approval(approval_id)).status is ApprovalStatus.APPROVED
    assert await scene.status() is RunStatus.PENDING


# -- what can't be stored ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_decision_that_cannot_be_stored_leaves_the_gate_open(
    scene: Scene, store: Store, bad: str
) -> None:
    await parked(scene)
    before = await picture(store)
    with pytest.raises(StoreRefused):
        await scene.decide(by=Actor(bad))
    with pytest.raises(StoreRefused):
        await scene.decide(reason=bad)
    with pytest.raises(StoreRefused):
        await scene.decide(payload=bad)
    assert await picture(store) == before
    assert (await scene.decide()).status is ApprovalStatus.APPROVED


async def test_every_error_of_a_decision_is_an_approval_error(scene: Scene) -> None:
    await parked(scene, "lead", "legal")
    with pytest.raises(ApprovalError):
        await scene.decide()


async def test_a_decided_approval_leaves_the_inbox(scene: Scene, store: Store) -> None:
    lead, legal = await parked(scene, "lead", "legal")
    await scene.decide(approval_id=lead)
    assert [each.id for each in await store.list_approvals(ApprovalQuery())] == [legal]
    assert (await store.counts()).pending_approvals == 1
