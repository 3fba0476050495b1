"""Parking: what a step asks is recorded with its whole content, and a wake-up in between is never lost."""

from __future__ import annotations

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, Outcome, RunStatus, Verdict, WaitReason
from sagewai.models.transition import Move
from tests.contract.scene import BOB, LONG, Owner, Scene, ask


async def test_a_parked_run_waits_and_holds_no_worker(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await owner.park() is RunStatus.WAITING
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.step, run.attempt) == (
        RunStatus.WAITING,
        WaitReason.APPROVAL,
        "fetch",
        1,
    )
    assert (run.worker, run.session, run.due_at, run.step_started_at) == (None, None, None, None)
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.outcome, attempt.error, attempt.delay) == (Outcome.SUSPENDED, None, None)
    assert await scene.claim(await scene.session("w2")) == []


async def test_an_approval_keeps_everything_that_was_asked(scene: Scene, store: Store) -> None:
    request = ask("lead", branch="a/b", prompt="Pay?", context={"z": "ü", "a": [1, None]}, timeout=90.0)
    owner = await scene.own(pool="gpu")
    await owner.park(request)
    (approval,) = await store.approvals_of("r1")
    assert (approval.run_id, approval.workflow, approval.pool) == ("r1", "orders", "gpu")
    assert (approval.step, approval.branch, approval.gate) == ("fetch", "a/b", "lead")
    assert (approval.status, approval.prompt, approval.context) == (
        ApprovalStatus.PENDING,
        "Pay?",
        request.context,
    )
    assert (approval.digest, approval.revision, approval.decision) == (request.digest, 1, None)
    assert approval.context_bytes == len(request.context.encode())
    assert approval.deadline_at is not None
    assert (approval.deadline_at - approval.requested_at).total_seconds() == pytest.approx(90.0, abs=0.001)
    assert await store.get_approval(approval.id) == approval


async def test_parking_leaves_an_event_per_request_and_one_for_the_wait(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), ask("legal"))
    approvals = await scene.approvals()
    asked = await scene.events("r1", EventKind.APPROVAL_REQUESTED)
    assert {event.detail["gate"]: event.detail["approval_id"] for event in asked} == {
        gate: approval.id for gate, approval in approvals.items()
    }
    assert {event.detail["digest"] for event in asked} == {approval.digest for approval in approvals.values()}
    (waits,) = await scene.events("r1", EventKind.WAITING)
    assert dict(waits.detail) == {"for": "approval"}


async def test_two_gates_of_one_step_are_two_approvals(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("#1", branch="x"), ask("#1", branch="y"), ask("#2", branch="x"))
    found = [(approval.branch, approval.gate) for approval in await store.approvals_of("r1")]
    assert sorted(found) == [("x", "#1"), ("x", "#2"), ("y", "#1")]


async def test_approvals_can_be_asked_for_by_step(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"))
    await scene.decide()
    owner = await scene.take()
    await owner.make(Move.STEP_DONE)
    await owner.park(ask("lead", step="judge"))
    assert [approval.step for approval in await store.approvals_of("r1")] == ["fetch", "judge"]
    (of_step,) = await store.approvals_of("r1", "judge")
    assert of_step.step == "judge"
    assert await store.approvals_of("r1", "file") == []
    assert await store.approvals_of("nowhere") == []


# -- asked again ------------------------------------------------------------------------------------------------------


async def take_undecided(scene: Scene) -> Owner:
    """The waiting run goes on without a decision, as after an operator's pause."""
    await scene.store.operate("r1", Operation.PAUSE, BOB)
    await scene.store.operate("r1", Operation.RESUME, BOB)
    return await scene.take()


async def test_the_same_content_asked_again_keeps_the_pending_approval(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead", timeout=LONG))
    before = await store.approvals_of("r1")
    owner = await take_undecided(scene)
    assert await owner.park(ask("lead", timeout=5.0)) is RunStatus.WAITING
    assert await store.approvals_of("r1") == before
    assert len(await scene.events("r1", EventKind.APPROVAL_REQUESTED)) == 1


async def test_changed_content_supersedes_what_was_asked_before(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead", context="first"))
    owner = await take_undecided(scene)
    await owner.park(ask("lead", context="second"))
    old, new = await store.approvals_of("r1")
    assert (old.status, old.revision, old.context) == (ApprovalStatus.SUPERSEDED, 1, '"first"')
    assert (new.status, new.revision, new.context) == (ApprovalStatus.PENDING, 2, '"second"')
    (event,) = await scene.events("r1", EventKind.APPROVAL_SUPERSEDED)
    assert (event.detail["approval_id"], event.detail["gate"]) == (old.id, "lead")


async def test_an_old_decision_never_opens_new_content(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead", context="first"))
    await scene.decide()
    owner = await scene.take()
    assert await owner.park(ask("lead", context="second")) is RunStatus.WAITING
    old, new = await store.approvals_of("r1")
    assert (old.status, new.status) == (ApprovalStatus.SUPERSEDED, ApprovalStatus.PENDING)
    assert old.decision is not None
    assert old.decision.verdict is Verdict.APPROVE
    assert new.decision is None


async def test_content_that_returns_is_asked_anew(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    for context in ("first", "second", "first"):
        await owner.park(ask("lead", context=context))
        await scene.decide()
        owner = await scene.take()
    assert [(approval.status, approval.revision) for approval in await store.approvals_of("r1")] == [
        (ApprovalStatus.SUPERSEDED, 1),
        (ApprovalStatus.SUPERSEDED, 2),
        (ApprovalStatus.APPROVED, 3),
    ]


async def test_a_decision_that_came_between_reading_and_parking_is_kept(scene: Scene, store: Store) -> None:
    """The step saw the approval pending, then parks; meanwhile somebody approved it."""
    owner = await scene.own()
    await owner.park(ask("lead"))
    owner = await take_undecided(scene)
    await scene.decide()
    assert await owner.park(ask("lead")) is RunStatus.PENDING
    (approval,) = await store.approvals_of("r1")
    assert approval.status is ApprovalStatus.APPROVED


async def test_a_gate_asked_again_after_its_run_failed_waits_anew_as_the_same_revision(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), ask("legal"))
    await scene.decide(approval_id=(await scene.approvals())["lead"].id)
    owner = await take_undecided(scene)
    await owner.make(Move.FAILED)
    assert [(each.gate, each.status) for each in await store.approvals_of("r1")] == [
        ("lead", ApprovalStatus.APPROVED),
        ("legal", ApprovalStatus.CANCELLED),
    ]
    await store.operate("r1", Operation.RETRY, BOB)
    owner = await scene.take()
    await owner.park(ask("legal"))
    newest = (await scene.approvals())["legal"]
    assert (newest.status, newest.revision) == (ApprovalStatus.PENDING, 1)
    assert len(await store.approvals_of("r1")) == 3


async def test_parking_closes_what_an_earlier_step_still_asked(scene: Scene, store: Store) -> None:
    """A step that went on without the answer it asked for must not hold up a later one."""
    owner = await scene.own()
    await owner.park(ask("lead"))
    owner = await take_undecided(scene)
    await owner.make(Move.STEP_DONE)
    await owner.park(ask("legal", step="judge"))
    approvals = await scene.approvals()
    assert approvals["lead"].status is ApprovalStatus.CANCELLED
    assert len(await scene.events("r1", EventKind.APPROVAL_CANCELLED)) == 1
    await scene.decide()
    assert await scene.status() is RunStatus.PENDING


# -- woken meanwhile --------------------------------------------------------------------------------------------------


async def test_a_decision_before_the_park_is_not_lost(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"), ask("legal"))
    owner = await take_undecided(scene)
    await scene.decide(approval_id=(await scene.approvals())["lead"].id)
    assert await owner.park(ask("lead"), ask("legal")) is RunStatus.PENDING
    run = await store.get_run("r1")
    assert (run.status, run.wait, run.session) == (RunStatus.PENDING, None, None)
    woken = await scene.events("r1", EventKind.WOKEN)
    assert [dict(event.detail) for event in woken] == [{"by": "approval"}]
    assert (await scene.take()).lease.wakeups > owner.lease.wakeups


async def test_wakeups_from_before_the_claim_do_not_count(scene: Scene) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"))
    await scene.decide()
    owner = await scene.take()
    assert owner.lease.wakeups == 1
    assert await owner.park(ask("legal")) is RunStatus.WAITING


async def test_a_timers_wakeup_is_seen_by_the_next_owner(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.RETRY_LATER, delay=0.0)

    async def is_pending() -> bool:
        await store.tick()
        return await scene.status() is RunStatus.PENDING

    await scene.until(is_pending)
    assert (await scene.take()).lease.wakeups == 1


# -- endings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("move", [Move.COMPLETED, Move.FAILED, Move.REJECTED, Move.CANCELLED])
async def test_a_move_that_ends_the_run_closes_its_pending_approvals(
    scene: Scene, store: Store, move: Move
) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"))
    owner = await take_undecided(scene)
    await owner.make(move)
    (approval,) = await store.approvals_of("r1")
    assert approval.status is ApprovalStatus.CANCELLED
    (event,) = await scene.events("r1", EventKind.APPROVAL_CANCELLED)
    assert event.detail["approval_id"] == approval.id
    assert (await store.counts()).pending_approvals == 0


async def test_an_honoured_cancel_closes_pending_approvals_too(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"))
    owner = await take_undecided(scene)
    await store.operate("r1", Operation.CANCEL, BOB)
    await owner.park(ask("lead"), ask("legal"))
    assert [each.status for each in await store.approvals_of("r1")] == [ApprovalStatus.CANCELLED]


async def test_a_rejection_met_by_the_step_is_the_reviewers(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"))
    owner = await take_undecided(scene)
    await scene.decide("r1", Verdict.REJECT, by=BOB, reason="too dear")
    assert await scene.status() is RunStatus.RUNNING
    assert await owner.park(ask("lead")) is RunStatus.PENDING
    owner = await scene.take()
    assert await owner.make(Move.REJECTED) is RunStatus.REJECTED
    outcome = await store.get_outcome("r1")
    assert (outcome.status, outcome.by, outcome.reason) == (RunStatus.REJECTED, "bob", "too dear")
    assert (await store.get_attempts("r1"))[-1].outcome is Outcome.REJECTED
    assert (await store.counts()).dead_letters == 0
