"""Decisions: one per approval, on exactly the content that was seen, before its deadline."""

from __future__ import annotations

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.changes import Changes, Head, head_of
from sagewai.core.stores.sqlite.rows import APPROVAL_WHOLE, approval_of, read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.transitions import Operation, after
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalAmbiguous,
    ApprovalClosed,
    ApprovalContentChanged,
    ApprovalExpired,
    ApprovalNotFound,
)
from sagewai.models.approval import Approval, DecisionRequest
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict, WaitReason

_STATUS = {Verdict.APPROVE: ApprovalStatus.APPROVED, Verdict.REJECT: ApprovalStatus.REJECTED}


def decide(tx: Transaction, request: DecisionRequest) -> Approval:
    run = head_of(tx, request.run_id)
    approval = _named(tx, run, request)
    if _is_repeat(approval, request):
        return approval
    _require_open(tx, approval)
    if request.digest is not None and request.digest != approval.digest:
        raise ApprovalContentChanged(
            f"approval {approval.id} of run {run.run_id!r} asks for other content than the one that was seen: "
            "look at it again and decide on that"
        )
    _decide(tx, run, approval, request)
    return _approval(tx, approval.id)


def _approval(tx: Transaction, approval: int) -> Approval:
    (row,) = tx.rows(f"{APPROVAL_WHOLE} where a.id = ?", approval)
    return approval_of(row)


def _named(tx: Transaction, run: Head, request: DecisionRequest) -> Approval:
    if request.approval_id is not None:
        if tx.value("select run from approvals where id = ?", request.approval_id) != run.key:
            raise ApprovalNotFound(f"run {run.run_id!r} has no approval {request.approval_id}")
        return _approval(tx, request.approval_id)
    pending = [each for (each,) in tx.rows(_PENDING, run.key)]
    if len(pending) > 1:
        raise ApprovalAmbiguous(
            f"run {run.run_id!r} has {len(pending)} pending approvals: name one of {', '.join(map(str, pending))}",
            approval_ids=pending,
        )
    newest = pending[0] if pending else tx.value("select max(id) from approvals where run = ?", run.key)
    if newest is None:
        raise ApprovalNotFound(f"run {run.run_id!r} has no approval that waits")
    return _approval(tx, newest)


def _is_repeat(approval: Approval, request: DecisionRequest) -> bool:
    decision = approval.decision
    return (
        decision is not None
        and approval.status in _STATUS.values()
        and decision.reviewer.name == request.reviewer.name
        and decision.verdict is request.verdict
        and request.digest in (None, approval.digest)
    )


def _require_open(tx: Transaction, approval: Approval) -> None:
    name = f"approval {approval.id} of run {approval.run_id!r}"
    decision = approval.decision
    if approval.status in _STATUS.values() and decision is not None:
        raise ApprovalAlreadyDecided(
            f"{name} is {approval.status} already, by {decision.reviewer.name} "
            f"at {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC",
            verdict=decision.verdict,
            reviewer=decision.reviewer.name,
            decided_at=decision.decided_at,
        )
    if approval.status in (ApprovalStatus.SUPERSEDED, ApprovalStatus.CANCELLED):
        raise ApprovalClosed(f"{name} is {approval.status}: it can't be decided any more")
    late = approval.deadline_at is not None and approval.deadline_at <= read_time(tx.now)
    if approval.status is ApprovalStatus.EXPIRED or late:
        raise ApprovalExpired(f"{name} passed its deadline: it can't be decided any more")


def _decide(tx: Transaction, run: Head, approval: Approval, request: DecisionRequest) -> None:
    operation = Operation.APPROVE if request.verdict is Verdict.APPROVE else Operation.REJECT
    before = words.STATUS[run.status]
    status = after(before, operation, run_id=run.run_id)
    reviewer = request.reviewer
    tx.change(
        _RECORD,
        words.APPROVAL_CODE[_STATUS[request.verdict]],
        request.verdict.value,
        reviewer.name,
        reviewer.source,
        reviewer.assurance,
        request.reason,
        request.digest,
        tx.now,
        request.payload,
        approval.id,
        request.digest,
    )
    run.wakeups += 1
    tx.change("update runs set wakeups = ? where id = ?", run.wakeups, run.key)
    changes = Changes(tx)
    kind = EventKind.APPROVED if operation is Operation.APPROVE else EventKind.REJECTED
    detail = {
        "approval_id": approval.id,
        "gate": approval.gate,
        "digest": approval.digest,
        "displayed": request.digest is not None,
    }
    changes.events.note(run.key, kind, detail, actor=reviewer, reason=request.reason)
    if status is RunStatus.REJECTED:
        changes.end(run, status, by=reviewer, reason=request.reason)
    elif before is RunStatus.WAITING and not tx.rows(_PENDING, run.key):
        changes.move(run, status)
        changes.events.note(run.key, EventKind.WOKEN, {"by": WaitReason.APPROVAL.value})
    changes.write()


_PENDING = "select id from approvals where run = ? and status = 1 order by id"

_RECORD = """
update approvals set
  status = ?, verdict = ?, reviewer = ?, source = ?, assurance = ?, reason = ?, digest_seen = ?, decided_at = ?,
  payload = ?
where id = ?10 and status = 1 and digest = ifnull(?11, digest)
"""
