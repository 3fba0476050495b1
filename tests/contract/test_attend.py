"""Attention: reviewers claim, snooze and comment on approvals; none of it hinders a decision."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalClaimed,
    ApprovalClosed,
    ApprovalExpired,
    ApprovalNotFound,
    StoreRefused,
)
from sagewai.models.actor import Actor
from sagewai.models.approval import ApprovalPolicy, Attention
from sagewai.models.history import EventKind
from sagewai.models.page import ApprovalQuery
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Scene, ask

CLAIM, UNCLAIM, SNOOZE, COMMENT = Attention.CLAIM, Attention.UNCLAIM, Attention.SNOOZE, Attention.COMMENT
SOON = 0.02
"""May be over before the store has answered: what it ends is waited for, and never asked to be there still."""
NOT_PENDING = [CLAIM, UNCLAIM, SNOOZE]


async def parked(scene: Scene, *gates: str, timeout: float | None = None) -> list[int]:
    owner = await scene.own()
    await owner.park(*(ask(gate, context=gate, timeout=timeout) for gate in gates or ("lead",)))
    approvals = await scene.approvals()
    return [approvals[gate].id for gate in gates or ("lead",)]


async def inbox(store: Store, **fields: object) -> list[int]:
    return [each.id for each in await store.list_approvals(ApprovalQuery(**fields))]  # type: ignore[arg-type]


# -- claims -----------------------------------------------------------------------------------------------------------


async def test_a_claim_is_seen_by_everybody(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    before = await store.now()
    approval = await store.attend(approval_id, CLAIM, BOB, seconds=90.0)
    after = await store.now()
    assert approval.claimed_by == "bob"
    assert approval.claimed_until is not None
    assert (approval.claimed_until - before).total_seconds() >= 89.999
    assert (approval.claimed_until - after).total_seconds() <= 90.001
    assert await store.get_approval(approval_id) == approval
    (listed,) = await store.list_approvals(ApprovalQuery())
    assert (listed.claimed_by, listed.claimed_until) == ("bob", approval.claimed_until)


async def test_while_a_claim_holds_nobody_else_claims(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await store.attend(approval_id, CLAIM, BOB, seconds=LONG)
    before = await picture(store)
    for attention in (CLAIM, UNCLAIM):
        with pytest.raises(ApprovalClaimed, match="bob"):
            await store.attend(approval_id, attention, ALICE, seconds=5.0)
    assert await picture(store) == before


async def test_a_claim_again_counts_from_now(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    first = await store.attend(approval_id, CLAIM, BOB, seconds=LONG)
    door = Actor("bob", source="cli", assurance="os")
    for seconds in (2 * LONG, LONG / 2):
        again = await store.attend(approval_id, CLAIM, door, seconds=seconds)
        assert again.claimed_by == "bob"
        assert again.claimed_until is not None
        left = (again.claimed_until - await store.now()).total_seconds()
        assert left == pytest.approx(seconds, abs=10.0)
    assert first.id == approval_id


async def test_a_claim_ends_by_itself(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await store.attend(approval_id, CLAIM, BOB, seconds=SOON)

    async def is_free() -> bool:
        seen = await store.get_approval(approval_id)
        return (seen.claimed_by, seen.claimed_until) == (None, None)

    await scene.until(is_free)
    assert (await store.attend(approval_id, CLAIM, ALICE, seconds=LONG)).claimed_by == "alice"


async def test_a_claim_given_back_is_free(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await store.attend(approval_id, CLAIM, BOB, seconds=LONG)
    given = await store.attend(approval_id, UNCLAIM, BOB)
    assert (given.claimed_by, given.claimed_until) == (None, None)
    assert (await store.attend(approval_id, CLAIM, ALICE, seconds=LONG)).claimed_by == "alice"


async def test_twenty_who_claim_at_once_are_one_holder(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)

    async def try_to(number: int) -> str | None:
        try:
            person = Actor(f"person{number}")
            return (await store.attend(approval_id, CLAIM, person, seconds=LONG)).claimed_by
        except ApprovalClaimed:
            return None

    (winner,) = [name for name in await asyncio.gather(*map(try_to, range(20))) if name]
    assert (await store.get_approval(approval_id)).claimed_by == winner
    assert len(await scene.events("r1", EventKind.APPROVAL_CLAIMED)) == 1


@pytest.mark.parametrize("verdict", sorted(Verdict))
async def test_a_claim_hinders_no_decision(scene: Scene, store: Store, verdict: Verdict) -> None:
    (approval_id,) = await parked(scene)
    await store.attend(approval_id, CLAIM, BOB, seconds=LONG)
    await store.attend(approval_id, SNOOZE, BOB, seconds=LONG)
    approval = await scene.decide("r1", verdict, by=ALICE)
    assert approval.decision is not None
    assert approval.decision.reviewer == ALICE


# -- snoozing ---------------------------------------------------------------------------------------------------------


async def test_a_snoozed_approval_leaves_the_inbox_of_those_who_want_that(scene: Scene, store: Store) -> None:
    lead, legal = await parked(scene, "lead", "legal")
    approval = await store.attend(lead, SNOOZE, BOB, seconds=90.0)
    assert approval.snoozed_until is not None
    assert (approval.snoozed_until - await store.now()).total_seconds() == pytest.approx(90.0, abs=10.0)
    assert await inbox(store) == [lead, legal]
    assert await inbox(store, snoozed=False) == [legal]
    assert await inbox(store, snoozed=False, run_id="r1") == [legal]
    assert await inbox(store, snoozed=False, status=None) == [legal]
    assert (await store.counts()).pending_approvals == 2


async def test_pages_leave_out_the_snoozed_ones(scene: Scene, store: Store) -> None:
    ids = await parked(scene, *(f"g{number}" for number in range(7)))
    for approval_id in ids[::2]:
        await store.attend(approval_id, SNOOZE, BOB, seconds=LONG)
    first = await store.list_approvals(ApprovalQuery(snoozed=False, limit=2))
    assert [each.id for each in first] == [ids[1], ids[3]]
    assert first.next_cursor is not None
    rest = await store.list_approvals(ApprovalQuery(snoozed=False, limit=2, cursor=first.next_cursor))
    assert ([each.id for each in rest], rest.next_cursor) == ([ids[5]], None)


async def test_a_snooze_ends_by_itself_or_when_woken(scene: Scene, store: Store) -> None:
    lead, legal = await parked(scene, "lead", "legal")
    await store.attend(lead, SNOOZE, BOB, seconds=SOON)
    await store.attend(legal, SNOOZE, BOB, seconds=LONG)

    async def is_awake() -> bool:
        return (await store.get_approval(lead)).snoozed_until is None

    await scene.until(is_awake)
    assert await inbox(store, snoozed=False) == [lead]
    assert (await store.attend(legal, SNOOZE, ALICE, seconds=0)).snoozed_until is None
    assert await inbox(store, snoozed=False) == [lead, legal]


async def test_a_snooze_is_everybodys_and_needs_no_claim(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await store.attend(approval_id, CLAIM, BOB, seconds=LONG)
    approval = await store.attend(approval_id, SNOOZE, ALICE, seconds=LONG)
    assert approval.claimed_by == "bob"
    assert approval.snoozed_until is not None


# -- history ----------------------------------------------------------------------------------------------------------


async def test_each_leaves_an_event_with_its_text(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    for attention, seconds in ((CLAIM, 60.0), (SNOOZE, 30.0), (COMMENT, 0.0), (UNCLAIM, 0.0)):
        await store.attend(approval_id, attention, BOB, seconds=seconds, text=f"I {attention}")
    events = (await scene.events())[-4:]
    common = {"approval_id": approval_id, "gate": "lead"}
    assert [(event.kind, dict(event.detail), event.reason) for event in events] == [
        (EventKind.APPROVAL_CLAIMED, {**common, "seconds": 60.0}, "I claim"),
        (EventKind.APPROVAL_SNOOZED, {**common, "seconds": 30.0}, "I snooze"),
        (EventKind.APPROVAL_COMMENTED, common, "I comment"),
        (EventKind.APPROVAL_UNCLAIMED, common, "I unclaim"),
    ]
    assert {(event.actor, event.source, event.assurance) for event in events} == {("bob", "console", "ssh")}


async def test_attention_leaves_the_run_alone(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask("lead"))
    before = await store.get_run("r1")
    approval_id = (await scene.approvals())["lead"].id
    for attention in Attention:
        await store.attend(approval_id, attention, BOB, seconds=60.0, text="hm")
    assert await store.get_run("r1") == before
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert head.rev == owner.lease.rev
    await scene.decide()
    assert (await scene.take()).lease.wakeups == 1


# -- of what is over --------------------------------------------------------------------------------------------------


async def test_what_is_decided_is_told_so(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await scene.decide(by=ALICE)
    before = await picture(store)
    for attention in NOT_PENDING:
        with pytest.raises(ApprovalAlreadyDecided, match="alice"):
            await store.attend(approval_id, attention, BOB, seconds=60.0)
    assert await picture(store) == before


async def test_what_is_closed_or_expired_is_told_so(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await store.operate("r1", Operation.CANCEL, BOB)
    for attention in NOT_PENDING:
        with pytest.raises(ApprovalClosed, match=str(approval_id)):
            await store.attend(approval_id, attention, BOB, seconds=60.0)


async def test_past_its_deadline_nobody_claims_it(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene, timeout=SOON)
    await scene.past((await store.get_approval(approval_id)).deadline_at)
    for _ in range(2):
        for attention in NOT_PENDING:
            with pytest.raises(ApprovalExpired, match=str(approval_id)):
                await store.attend(approval_id, attention, BOB, seconds=60.0)
        await store.tick()
    assert (await store.get_approval(approval_id)).status is ApprovalStatus.EXPIRED


async def test_an_approval_with_a_rung_left_can_be_claimed_past_its_deadline(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own()
    ladder = ApprovalPolicy(on_timeout="escalate", escalate_to=("bob",))
    await owner.park(ask("lead", policy=ladder, timeout=SOON))
    approval = (await scene.approvals())["lead"]
    await scene.past(approval.deadline_at)
    assert (await store.attend(approval.id, CLAIM, BOB, seconds=LONG)).claimed_by == "bob"


async def test_a_comment_is_always_possible(scene: Scene, store: Store) -> None:
    (approval_id,) = await parked(scene)
    await scene.decide("r1", Verdict.REJECT)
    approval = await store.attend(approval_id, COMMENT, BOB, text="why?")
    assert approval.status is ApprovalStatus.REJECTED
    (event,) = await scene.events("r1", EventKind.APPROVAL_COMMENTED)
    assert event.reason == "why?"
    assert await scene.status() is RunStatus.REJECTED


async def test_an_approval_that_does_not_exist_is_not_found(store: Store) -> None:
    for attention in Attention:
        with pytest.raises(ApprovalNotFound, match="999999"):
            await store.attend(999_999, attention, BOB)


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_what_cannot_be_stored_is_refused(scene: Scene, store: Store, bad: str) -> None:
    (approval_id,) = await parked(scene)
    before = await picture(store)
    for attention in Attention:
        with pytest.raises(StoreRefused):
            await store.attend(approval_id, attention, BOB, seconds=60.0, text=bad)
        with pytest.raises(StoreRefused):
            await store.attend(approval_id, attention, Actor(bad), seconds=60.0)
    assert await picture(store) == before
