"""Policies: quorums of different reviewers, who may decide, and ladders that deadlines climb."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from sagewai.core.stores.base import EXPIRED_REASON, Store
from sagewai.core.transitions import Operation
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalClosed,
    ApprovalContentChanged,
    ApprovalError,
    ApprovalExpired,
    ApprovalNotAllowed,
)
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.approval import ANYONE, Approval, ApprovalPolicy
from sagewai.models.history import EventKind
from sagewai.models.page import ApprovalQuery
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Scene, ask

APPROVE, REJECT = Verdict.APPROVE, Verdict.REJECT
DAVE = Actor("dave")
CAROL = Actor("carol@mill (console)", source="console", assurance="os")
TWO = ApprovalPolicy(required=2)
LADDER = ApprovalPolicy(approvers=("alice",), on_timeout="escalate", escalate_to=("bob", "erin", "carol"))
SOON = 0.02


async def parked(
    scene: Scene, policy: ApprovalPolicy, *, timeout: float | None = None, by: Actor = DAVE
) -> Approval:
    """What a run that waits, submitted by ``by``, asks of its reviewers."""
    owner = await scene.own(actor=by)
    await owner.park(ask("lead", policy=policy, timeout=timeout))
    return (await scene.approvals())["lead"]


async def now_of(scene: Scene) -> Approval:
    return (await scene.approvals())["lead"]


# -- kept -------------------------------------------------------------------------------------------------------------


async def test_an_approval_without_a_policy_is_anyones(scene: Scene) -> None:
    approval = await parked(scene, ANYONE)
    assert (approval.policy, approval.level, approval.decisions) == (ANYONE, 0, ())
    assert (approval.requester, approval.may_decide) == ("dave", ())


async def test_a_policy_comes_back_as_it_was_asked(scene: Scene, store: Store) -> None:
    policy = ApprovalPolicy(
        required=3,
        approvers=("alice", "bob@mill", "ü🚀"),
        exclude_requester=True,
        on_timeout="escalate",
        escalate_to=("carol", "erin"),
        edit_schema='{"type": "object"}',
        read_to_end=True,
    )
    approval = await parked(scene, policy, timeout=LONG)
    assert approval.policy == policy
    assert (await store.get_approval(approval.id)).policy == policy
    (listed,) = await store.list_approvals(ApprovalQuery())
    assert listed == replace(approval, context=None)


async def test_the_same_content_under_another_policy_is_other_content(scene: Scene, store: Store) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r1", Operation.RESUME, BOB)
    owner = await scene.take()
    await owner.park(ask("lead", policy=ANYONE))
    old, new = await store.approvals_of("r1")
    assert (old.status, new.status, new.revision) == (ApprovalStatus.SUPERSEDED, ApprovalStatus.PENDING, 2)
    assert (len(old.decisions), new.decisions) == (1, ())


# -- quorum -----------------------------------------------------------------------------------------------------------


async def test_an_approval_before_the_last_is_recorded_and_moves_nothing(scene: Scene, store: Store) -> None:
    asked = await parked(scene, TWO)
    approval = await scene.decide(by=ALICE, reason="fine", digest=asked.digest, payload="5")
    assert (approval.status, approval.decision) == (ApprovalStatus.PENDING, None)
    (decision,) = approval.decisions
    assert (decision.verdict, decision.reviewer, decision.reason) == (APPROVE, ALICE, "fine")
    assert (decision.payload, decision.digest_seen, decision.shared) == ("5", asked.digest, False)
    assert await now_of(scene) == approval
    assert await scene.status() is RunStatus.WAITING
    assert (await store.counts()).pending_approvals == 1
    assert await scene.events("r1", EventKind.WOKEN) == []


async def test_the_last_needed_one_settles_it(scene: Scene, store: Store) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    approval = await scene.decide(by=BOB, reason="me too")
    assert approval.status is ApprovalStatus.APPROVED
    assert [each.reviewer for each in approval.decisions] == [ALICE, BOB]
    assert approval.decision == approval.decisions[1]
    assert await scene.status() is RunStatus.PENDING
    assert (await scene.take()).lease.wakeups == 1


async def test_each_approval_leaves_an_event_that_counts(scene: Scene) -> None:
    asked = await parked(scene, TWO)
    await scene.decide(by=ALICE, digest=asked.digest)
    await scene.decide(by=BOB)
    first, second = await scene.events("r1", EventKind.APPROVED)
    common = {"approval_id": asked.id, "gate": "lead", "digest": asked.digest, "required": 2}
    assert dict(first.detail) == {**common, "displayed": True, "approvals": 1}
    assert dict(second.detail) == {**common, "displayed": False, "approvals": 2}
    assert (first.actor, second.actor) == ("alice", "bob")
    (woken,) = await scene.events("r1", EventKind.WOKEN)
    assert dict(woken.detail) == {"by": "approval"}


async def test_the_same_reviewer_counts_once(scene: Scene, store: Store) -> None:
    asked = await parked(scene, TWO)
    first = await scene.decide(by=ALICE, digest=asked.digest)
    before = await picture(store)
    assert await scene.decide(by=ALICE) == first
    assert await scene.decide(by=Actor("alice", source="console", assurance="ssh"), reason="again") == first
    assert await picture(store) == before


async def test_a_repeat_on_other_content_is_no_repeat(scene: Scene) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    with pytest.raises(ApprovalContentChanged):
        await scene.decide(by=ALICE, digest="0" * 64)


async def test_whoever_approved_first_is_answered_after_the_last_too(scene: Scene) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    settled = await scene.decide(by=BOB)
    assert await scene.decide(by=ALICE) == settled
    with pytest.raises(ApprovalAlreadyDecided, match="bob"):
        await scene.decide("r1", REJECT, by=ALICE)
    with pytest.raises(ApprovalAlreadyDecided, match="bob"):
        await scene.decide(by=CAROL)


async def test_one_rejection_is_enough(scene: Scene, store: Store) -> None:
    await parked(scene, ApprovalPolicy(required=3))
    await scene.decide(by=ALICE)
    approval = await scene.decide("r1", REJECT, by=BOB, reason="no")
    assert approval.status is ApprovalStatus.REJECTED
    assert [each.verdict for each in approval.decisions] == [APPROVE, REJECT]
    assert approval.decision == approval.decisions[1]
    outcome = await store.get_outcome("r1")
    assert (outcome.status, outcome.by, outcome.reason) == (RunStatus.REJECTED, "bob", "no")


async def test_a_reviewer_may_change_to_no_while_it_is_pending(scene: Scene) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    approval = await scene.decide("r1", REJECT, by=ALICE)
    assert approval.status is ApprovalStatus.REJECTED
    assert await scene.status() is RunStatus.REJECTED


async def test_a_cancelled_approval_keeps_the_decisions_it_had(scene: Scene, store: Store) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    await store.operate("r1", Operation.CANCEL, BOB)
    approval = await now_of(scene)
    assert (approval.status, approval.decision) == (ApprovalStatus.CANCELLED, None)
    assert [each.reviewer.name for each in approval.decisions] == ["alice"]
    with pytest.raises(ApprovalClosed):
        await scene.decide(by=ALICE)


async def test_a_pending_quorum_is_kept_by_a_step_that_asks_again(scene: Scene, store: Store) -> None:
    await parked(scene, TWO)
    await scene.decide(by=ALICE)
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r1", Operation.RESUME, BOB)
    owner = await scene.take()
    assert await owner.park(ask("lead", policy=TWO)) is RunStatus.WAITING
    await scene.decide(by=BOB)
    assert await scene.status() is RunStatus.PENDING


async def test_twenty_deciders_of_a_quorum_of_two_record_two_and_one_settles(
    scene: Scene, store: Store
) -> None:
    await parked(scene, TWO)

    async def try_to(number: int) -> object:
        try:
            return await scene.decide(by=Actor(f"person{number}"))
        except ApprovalError as late:
            return late

    results = await asyncio.gather(*map(try_to, range(20)))
    late = [each for each in results if isinstance(each, Exception)]
    assert len(late) == 18
    assert all(isinstance(each, ApprovalAlreadyDecided) for each in late)
    approval = await now_of(scene)
    assert approval.status is ApprovalStatus.APPROVED
    assert len({each.reviewer.name for each in approval.decisions}) == len(approval.decisions) == 2
    assert approval.decision == approval.decisions[1]
    events = await scene.events("r1", EventKind.APPROVED)
    assert [event.detail["approvals"] for event in events] == [1, 2]
    assert len(await scene.events("r1", EventKind.WOKEN)) == 1
    assert await scene.status() is RunStatus.PENDING


async def test_one_reviewer_at_twenty_doors_is_one_reviewer(scene: Scene) -> None:
    await parked(scene, TWO)
    await asyncio.gather(*(scene.decide(by=ALICE) for _ in range(20)))
    approval = await now_of(scene)
    assert (approval.status, len(approval.decisions)) == (ApprovalStatus.PENDING, 1)


async def test_a_decision_races_the_park_and_is_never_lost(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=20)
    owners = []
    for number in range(20):
        owner = await scene.own(f"r{number}", session=session)
        await owner.park(ask("lead", policy=TWO))
        await scene.decide(owner.run_id, by=ALICE)
        await store.operate(owner.run_id, Operation.PAUSE, BOB)
        await store.operate(owner.run_id, Operation.RESUME, BOB)
        owners.append(await scene.take(owner.run_id, session=session))
    await asyncio.gather(
        *(owner.park(ask("lead", policy=TWO)) for owner in owners),
        *(scene.decide(owner.run_id, by=BOB) for owner in owners),
    )
    for owner in owners:
        assert await scene.status(owner.run_id) is RunStatus.PENDING
        (approval,) = await store.approvals_of(owner.run_id)
        assert (approval.status, len(approval.decisions)) == (ApprovalStatus.APPROVED, 2)


# -- who may ----------------------------------------------------------------------------------------------------------


async def refused(scene: Scene, verdict: Verdict, by: Actor, match: str, *, shared: bool = False) -> None:
    """The decision is refused in those words, and changes nothing."""
    before = await picture(scene.store)
    with pytest.raises(ApprovalNotAllowed, match=match):
        await scene.decide("r1", verdict, by=by, shared=shared)
    assert await picture(scene.store) == before


async def test_only_the_named_may_decide(scene: Scene) -> None:
    approval = await parked(scene, ApprovalPolicy(approvers=("alice", "carol")))
    assert approval.may_decide == ("alice", "carol")
    await refused(scene, APPROVE, BOB, "bob")
    await refused(scene, REJECT, BOB, "alice, carol")
    assert (await scene.decide(by=CAROL)).status is ApprovalStatus.APPROVED


async def test_whoever_submitted_the_run_may_withdraw_it_but_not_approve(scene: Scene) -> None:
    await parked(scene, ApprovalPolicy(exclude_requester=True), by=ALICE)
    await refused(scene, APPROVE, ALICE, "alice")
    await scene.decide("r1", REJECT, by=ALICE)
    assert await scene.status() is RunStatus.REJECTED


async def test_somebody_else_may_approve_what_the_requester_may_not(scene: Scene) -> None:
    await parked(scene, ApprovalPolicy(exclude_requester=True), by=ALICE)
    assert (await scene.decide(by=BOB)).status is ApprovalStatus.APPROVED


@pytest.mark.parametrize("policy", [TWO, ApprovalPolicy(exclude_requester=True)], ids=["quorum", "requester"])
async def test_a_process_that_executes_runs_cannot_be_a_second_pair_of_eyes(
    scene: Scene, policy: ApprovalPolicy
) -> None:
    await parked(scene, policy)
    await refused(scene, APPROVE, ALICE, "alice", shared=True)
    assert (await scene.decide(by=ALICE)).decisions[0].shared is False


async def test_elsewhere_a_shared_decision_is_recorded_as_such(scene: Scene, store: Store) -> None:
    await parked(scene, ApprovalPolicy(approvers=("alice",)))
    approval = await scene.decide(by=ALICE, shared=True)
    assert approval.decision is not None
    assert approval.decision.shared is True
    assert (await store.get_approval(approval.id)).decisions[0].shared is True


async def test_a_late_or_misled_caller_hears_of_that_first(scene: Scene, store: Store) -> None:
    """Who may decide is looked at last: an approval that is over is over for everybody."""
    await parked(scene, ApprovalPolicy(approvers=("alice",)))
    with pytest.raises(ApprovalContentChanged):
        await scene.decide(by=BOB, digest="0" * 64)
    await scene.decide(by=ALICE)
    with pytest.raises(ApprovalAlreadyDecided):
        await scene.decide(by=BOB)


# -- the ladder -------------------------------------------------------------------------------------------------------


async def test_at_its_deadline_the_next_of_the_ladder_joins(scene: Scene, store: Store) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)
    await scene.past(asked.deadline_at)
    ticked = await store.tick()
    assert (ticked.escalated, ticked.expired) == (1, 0)
    approval = await now_of(scene)
    assert (approval.status, approval.level) == (ApprovalStatus.PENDING, 1)
    assert approval.may_decide == ("alice", "bob")
    assert approval.deadline_at is not None
    assert asked.deadline_at is not None
    assert (approval.deadline_at - asked.deadline_at).total_seconds() >= SOON
    assert (approval.digest, approval.requested_at) == (asked.digest, asked.requested_at)
    (event,) = await scene.events("r1", EventKind.APPROVAL_ESCALATED)
    assert {key: event.detail[key] for key in ("approval_id", "gate", "to")} == {
        "approval_id": asked.id,
        "gate": "lead",
        "to": "bob",
    }
    assert datetime.fromisoformat(str(event.detail["deadline_at"])) == approval.deadline_at
    assert (event.actor, event.source) == (SYSTEM.name, SYSTEM.source)
    assert await scene.status() is RunStatus.WAITING


async def test_each_rung_has_the_whole_timeout(scene: Scene, store: Store) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)

    async def is_over() -> bool:
        await store.tick()
        return (await now_of(scene)).status is ApprovalStatus.EXPIRED

    await scene.until(is_over)
    before = asked.deadline_at
    for event in await scene.events("r1", EventKind.APPROVAL_ESCALATED, EventKind.APPROVAL_EXPIRED):
        assert before is not None
        assert event.at >= before
        before = datetime.fromisoformat(str(event.detail.get("deadline_at", event.at)))
        if event.kind is EventKind.APPROVAL_ESCALATED:
            assert (before - event.at).total_seconds() == pytest.approx(SOON, abs=0.001)


async def test_when_nobody_is_left_it_expires(scene: Scene, store: Store) -> None:
    await parked(scene, LADDER, timeout=SOON)
    for level in (1, 2, 3):
        await scene.past((await now_of(scene)).deadline_at)
        assert (await store.tick()).escalated == 1
        assert (await now_of(scene)).level == level
    await scene.past((await now_of(scene)).deadline_at)
    assert (await store.tick()).expired == 1
    assert (await now_of(scene)).status is ApprovalStatus.EXPIRED
    outcome = await store.get_outcome("r1")
    assert (outcome.status, outcome.reason) == (RunStatus.REJECTED, EXPIRED_REASON)
    climbed = await scene.events("r1", EventKind.APPROVAL_ESCALATED)
    assert [event.detail["to"] for event in climbed] == ["bob", "erin", "carol"]


async def test_before_its_deadline_nobody_of_the_ladder_may_decide(scene: Scene) -> None:
    await parked(scene, LADDER, timeout=LONG)
    for verdict in (APPROVE, REJECT):
        await refused(scene, verdict, BOB, "bob")


async def test_who_joined_may_decide_and_who_did_not_may_not(scene: Scene, store: Store) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)
    await scene.past(asked.deadline_at)
    await store.tick()
    with pytest.raises(ApprovalNotAllowed, match="carol"):
        await scene.decide(by=CAROL)
    assert (await scene.decide(by=BOB)).status is ApprovalStatus.APPROVED


async def test_past_a_deadline_the_next_may_decide_before_any_sweep(scene: Scene) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)
    await scene.past(asked.deadline_at)
    with pytest.raises(ApprovalNotAllowed):
        await scene.decide(by=CAROL)
    assert (await scene.decide(by=BOB)).status is ApprovalStatus.APPROVED
    assert await scene.status() is RunStatus.PENDING


async def test_past_a_deadline_the_first_may_still_decide_while_a_rung_is_left(scene: Scene) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)
    await scene.past(asked.deadline_at)
    assert (await scene.decide(by=ALICE)).status is ApprovalStatus.APPROVED


async def test_past_the_last_deadline_nobody_decides(scene: Scene, store: Store) -> None:
    await parked(scene, LADDER, timeout=SOON)
    for _ in range(3):
        await scene.past((await now_of(scene)).deadline_at)
        await store.tick()
    await scene.past((await now_of(scene)).deadline_at)
    for by in (ALICE, BOB, CAROL):
        with pytest.raises(ApprovalExpired):
            await scene.decide(by=by)


async def test_a_ladder_without_approvers_only_gains_time(scene: Scene, store: Store) -> None:
    policy = ApprovalPolicy(on_timeout="escalate", escalate_to=("bob", "erin"))
    asked = await parked(scene, policy, timeout=SOON)
    await scene.past(asked.deadline_at)
    await store.tick()
    assert (await now_of(scene)).may_decide == ()
    assert (await scene.decide(by=CAROL)).status is ApprovalStatus.APPROVED


async def test_an_escalation_keeps_the_approvals_so_far(scene: Scene, store: Store) -> None:
    asked = await parked(scene, replace(LADDER, required=2), timeout=SOON)
    await scene.decide(by=ALICE)
    await scene.past(asked.deadline_at)
    await store.tick()
    assert (await scene.decide(by=BOB)).status is ApprovalStatus.APPROVED


async def test_a_running_run_parks_on_what_escalated_meanwhile(scene: Scene, store: Store) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r1", Operation.RESUME, BOB)
    owner = await scene.take()
    await scene.past(asked.deadline_at)
    assert (await store.tick()).escalated == 1
    assert await owner.park(ask("lead", policy=LADDER, timeout=SOON)) is RunStatus.WAITING
    assert ((await now_of(scene)).id, (await now_of(scene)).level) == (asked.id, 1)


async def test_a_closed_approval_climbs_nowhere(scene: Scene, store: Store) -> None:
    asked = await parked(scene, LADDER, timeout=SOON)
    await store.operate("r1", Operation.CANCEL, BOB)
    await scene.past(asked.deadline_at)
    assert (await store.tick()).escalated == 0
    assert (await now_of(scene)).level == 0


async def test_many_sweeps_and_a_decision_at_once_agree(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=20)
    ladder = replace(LADDER, escalate_to=("bob", *(f"person{number}" for number in range(19))))
    for number in range(20):
        owner = await scene.own(f"r{number}", session=session)
        await owner.park(ask("lead", policy=ladder, timeout=0.1))
    await scene.past((await scene.approvals("r19"))["lead"].deadline_at)
    ticked, _ = await asyncio.gather(
        asyncio.gather(*(store.tick() for _ in range(4))),
        asyncio.gather(*(scene.decide(f"r{number}", by=BOB) for number in range(20))),
    )
    climbed = 0
    for number in range(20):
        (approval,) = await store.approvals_of(f"r{number}")
        assert approval.status is ApprovalStatus.APPROVED
        assert approval.level == len(await scene.events(f"r{number}", EventKind.APPROVAL_ESCALATED))
        assert await scene.status(f"r{number}") is RunStatus.PENDING
        climbed += approval.level
    assert sum(each.escalated for each in ticked) == climbed
