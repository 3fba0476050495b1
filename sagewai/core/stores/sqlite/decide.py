"""Decisions: as many as the approval's policy requires, on exactly the content that was seen, before its deadline."""

from __future__ import annotations

from sagewai.core.policies import may_approve, may_reject, refuses_shared
from sagewai.core.stores import words
from sagewai.core.stores.sqlite.approvals import (
    DECIDED,
    get_approval,
    has_rung_left,
    is_late,
    require_open,
)
from sagewai.core.stores.sqlite.changes import Changes, Head, head_of
from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.core.transitions import Operation, after
from sagewai.errors import (
    ApprovalAmbiguous,
    ApprovalContentChanged,
    ApprovalNotAllowed,
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
    require_open(approval, tx.now)
    if request.digest is not None and request.digest != approval.digest:
        raise ApprovalContentChanged(
            f"approval {approval.id} of run {run.run_id!r} asks for other content than the one that was seen: "
            "look at it again and decide on that"
        )
    _require_allowed(tx, approval, request)
    _decide(tx, run, approval, request)
    return get_approval(tx, approval.id)


def _named(tx: Transaction, run: Head, request: DecisionRequest) -> Approval:
    if request.approval_id is not None:
        if tx.value("select run from approvals where id = ?", request.approval_id) != run.key:
            raise ApprovalNotFound(f"run {run.run_id!r} has no approval {request.approval_id}")
        return get_approval(tx, request.approval_id)
    pending = [each for (each,) in tx.rows(_PENDING, run.key)]
    if len(pending) > 1:
        raise ApprovalAmbiguous(
            f"run {run.run_id!r} has {len(pending)} pending approvals: name one of {', '.join(map(str, pending))}",
            approval_ids=pending,
        )
    newest = pending[0] if pending else tx.value("select max(id) from approvals where run = ?", run.key)
    if newest is None:
        raise ApprovalNotFound(f"run {run.run_id!r} has no approval that waits")
    return get_approval(tx, newest)


def _is_repeat(approval: Approval, request: DecisionRequest) -> bool:
    said = {(decision.reviewer.name, decision.verdict) for decision in approval.decisions}
    return (
        approval.status in (ApprovalStatus.PENDING, *DECIDED)
        and (request.reviewer.name, request.verdict) in said
        and request.digest in (None, approval.digest)
    )


def _require_allowed(tx: Transaction, approval: Approval, request: DecisionRequest) -> None:
    policy, reviewer = approval.policy, request.reviewer.name
    # Past a deadline the next of the ladder may decide, whether or not a sweep has been there.
    level = approval.level + (is_late(approval, tx.now) and has_rung_left(policy, approval.level))
    if request.verdict is Verdict.APPROVE:
        objection = may_approve(policy, level, reviewer, approval.requester)
    else:
        objection = may_reject(policy, level, reviewer)
    if objection is None and request.shared and refuses_shared(policy):
        objection = (
            f"{reviewer} decides from a process that executes runs with the same rights, and this gate asks for a "
            "reviewer with rights of their own: decide from elsewhere"
        )
    if objection is not None:
        raise ApprovalNotAllowed(f"approval {approval.id} of run {approval.run_id!r}: {objection}")


def _decide(tx: Transaction, run: Head, approval: Approval, request: DecisionRequest) -> None:
    operation = Operation.APPROVE if request.verdict is Verdict.APPROVE else Operation.REJECT
    before = words.STATUS[run.status]
    status = after(before, operation, run_id=run.run_id)
    changes = Changes(tx)
    detail: dict[str, object] = {
        "approval_id": approval.id,
        "gate": approval.gate,
        "digest": approval.digest,
        "displayed": request.digest is not None,
    }
    kind, settled = EventKind.REJECTED, True
    if operation is Operation.APPROVE:
        approvals, required = 1 + len(approval.decisions), approval.policy.required
        kind, settled = EventKind.APPROVED, approvals >= required
        detail |= {"approvals": approvals, "required": required}
    changes.events.note(run.key, kind, detail, actor=request.reviewer, reason=request.reason)
    if settled:
        _settle(changes, run, approval, request, before, status)
    else:
        tx.insert(_NOTE, approval.id, *_columns(tx, request))
    changes.write()


def _settle(
    changes: Changes,
    run: Head,
    approval: Approval,
    request: DecisionRequest,
    before: RunStatus,
    status: RunStatus,
) -> None:
    """The last decision that was needed: the approval is over, and the run goes on or ends."""
    tx = changes.tx
    tx.change(
        _RECORD,
        *_columns(tx, request),
        words.APPROVAL_CODE[_STATUS[request.verdict]],
        approval.id,
        request.digest,
    )
    run.wakeups += 1
    tx.change("update runs set wakeups = ? where id = ?", run.wakeups, run.key)
    if status is RunStatus.REJECTED:
        changes.end(run, status, by=request.reviewer, reason=request.reason)
    elif before is RunStatus.WAITING and not tx.rows(_PENDING, run.key):
        changes.move(run, status)
        changes.events.note(run.key, EventKind.WOKEN, {"by": WaitReason.APPROVAL.value})


def _columns(tx: Transaction, request: DecisionRequest) -> tuple[Value, ...]:
    reviewer = request.reviewer
    return (
        request.verdict.value,
        reviewer.name,
        reviewer.source,
        reviewer.assurance,
        request.reason,
        request.payload,
        request.digest,
        tx.now,
        int(request.shared),
    )


_PENDING = "select id from approvals where run = ? and status = 1 order by id"

_RECORD = """
update approvals set
  verdict = ?, reviewer = ?, source = ?, assurance = ?, reason = ?, payload = ?, digest_seen = ?, decided_at = ?,
  shared = ?, status = ?
where id = ?11 and status = 1 and digest = ifnull(?12, digest)
"""

_NOTE = """
insert into earlier_decisions
  (approval, verdict, reviewer, source, assurance, reason, payload, digest_seen, decided_at, shared)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
