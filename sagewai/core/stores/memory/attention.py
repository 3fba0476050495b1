"""What reviewers do about an approval short of deciding it: claim it for a while, snooze it, comment on it."""

from __future__ import annotations

from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.decisions import require_open
from sagewai.core.stores.memory.rows import ApprovalRow
from sagewai.core.stores.memory.state import State, gate_detail
from sagewai.errors import ApprovalClaimed
from sagewai.models.actor import Actor
from sagewai.models.approval import Attention
from sagewai.models.history import EventKind

_KINDS = {
    Attention.CLAIM: EventKind.APPROVAL_CLAIMED,
    Attention.UNCLAIM: EventKind.APPROVAL_UNCLAIMED,
    Attention.SNOOZE: EventKind.APPROVAL_SNOOZED,
    Attention.COMMENT: EventKind.APPROVAL_COMMENTED,
}


def attend(
    state: State, approval_id: int, attention: Attention, actor: Actor, seconds: float, text: str
) -> ApprovalRow:
    check_actor(actor, text)
    approval = state.approval(approval_id)
    detail = gate_detail(approval)
    if attention is not Attention.COMMENT:
        require_open(state, approval)
    if attention in (Attention.CLAIM, Attention.UNCLAIM):
        _require_unclaimed(state, approval, actor)
        approval.claimed_by = actor.name
        approval.claimed_until = state.now
    if attention is Attention.CLAIM:
        approval.claimed_until += seconds
    elif attention is Attention.SNOOZE:
        approval.snoozed_until = state.now + seconds
    if attention in (Attention.CLAIM, Attention.SNOOZE):
        detail["seconds"] = seconds
    state.tell(approval.run, _KINDS[attention], actor, text, detail)
    return approval


def _require_unclaimed(state: State, approval: ApprovalRow, actor: Actor) -> None:
    if state.now < approval.claimed_until and approval.claimed_by != actor.name:
        until = state.time(approval.claimed_until)
        raise ApprovalClaimed(
            f"approval {approval.id} of run {approval.run.run_id!r} is claimed by {approval.claimed_by} "
            f"until {until:%Y-%m-%d %H:%M:%S} UTC: ask them, or wait until then"
        )
