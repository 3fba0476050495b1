"""What reviewers do about an approval short of deciding it: claim it, give it back, snooze it, comment on it."""

from __future__ import annotations

from sagewai.core.stores.sqlite.approvals import get_approval, require_open
from sagewai.core.stores.sqlite.changes import head_of
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.errors import ApprovalClaimed
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention
from sagewai.models.history import EventKind

_KIND = {
    Attention.CLAIM: EventKind.APPROVAL_CLAIMED,
    Attention.UNCLAIM: EventKind.APPROVAL_UNCLAIMED,
    Attention.SNOOZE: EventKind.APPROVAL_SNOOZED,
    Attention.COMMENT: EventKind.APPROVAL_COMMENTED,
}


def attend(
    tx: Transaction, approval_id: int, attention: Attention, actor: Actor, seconds: float, text: str
) -> Approval:
    approval = get_approval(tx, approval_id)
    if attention is not Attention.COMMENT:
        require_open(approval, tx.now)
    until = tx.now + round(seconds * 1e6)
    if attention in (Attention.CLAIM, Attention.UNCLAIM):
        _require_unclaimed(approval, actor)
        claim = (actor.name, until) if attention is Attention.CLAIM else (None, None)
        tx.change("update approvals set claimed_by = ?, claimed_until = ? where id = ?", *claim, approval_id)
    elif attention is Attention.SNOOZE:
        tx.change("update approvals set snoozed_until = ? where id = ?", until, approval_id)
    detail: dict[str, object] = {"approval_id": approval_id, "gate": approval.gate}
    if attention in (Attention.CLAIM, Attention.SNOOZE):
        detail["seconds"] = seconds
    events = Events(tx)
    events.note(head_of(tx, approval.run_id).key, _KIND[attention], detail, actor=actor, reason=text)
    events.write()
    return get_approval(tx, approval_id)


def _require_unclaimed(approval: Approval, actor: Actor) -> None:
    if approval.claimed_until is not None and approval.claimed_by != actor.name:
        raise ApprovalClaimed(
            f"approval {approval.id} of run {approval.run_id!r} is claimed by {approval.claimed_by} "
            f"until {approval.claimed_until:%Y-%m-%d %H:%M:%S} UTC: ask them, or wait until then"
        )
