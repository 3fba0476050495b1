"""Decisions: as many as an approval needs, on exactly the content that was seen, before its deadline."""

from __future__ import annotations

from sagewai.core.codec import require_storable
from sagewai.core.policies import may_approve, may_reject, refuses_shared
from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.rows import ApprovalRow, RunRow
from sagewai.core.stores.memory.state import State, gate_detail
from sagewai.core.transitions import Operation, after
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalAmbiguous,
    ApprovalClosed,
    ApprovalContentChanged,
    ApprovalExpired,
    ApprovalNotAllowed,
    ApprovalNotFound,
)
from sagewai.models.approval import Decision, DecisionRequest
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, RunStatus, Verdict

_DECIDED = {Verdict.APPROVE: ApprovalStatus.APPROVED, Verdict.REJECT: ApprovalStatus.REJECTED}


def decide(state: State, request: DecisionRequest) -> ApprovalRow:
    check_actor(request.reviewer, request.reason)
    require_storable(request.payload or "", "the payload")
    run = state.run(request.run_id)
    approval = _named(state, run, request)
    if _is_repeat(approval, request):
        return approval
    require_open(state, approval)
    if request.digest is not None and request.digest != approval.request.digest:
        raise ApprovalContentChanged(
            f"approval {approval.id} of run {run.run_id!r} asks for other content than the one that was seen: "
            "look at it again and decide on that"
        )
    _require_allowed(state, approval, request)
    _decide(state, approval, request)
    return approval


def _named(state: State, run: RunRow, request: DecisionRequest) -> ApprovalRow:
    if request.approval_id is not None:
        approval = state.approvals.get(request.approval_id)
        if approval is None or approval.run is not run:
            raise ApprovalNotFound(f"run {run.run_id!r} has no approval {request.approval_id}")
        return approval
    pending = run.pending_approvals()
    if len(pending) > 1:
        ids = [approval.id for approval in pending]
        raise ApprovalAmbiguous(
            f"run {run.run_id!r} has {len(ids)} pending approvals: name one of {', '.join(map(str, ids))}",
            approval_ids=ids,
        )
    if not run.approvals:
        raise ApprovalNotFound(f"run {run.run_id!r} has no approval that waits")
    return pending[0] if pending else run.approvals[-1]


def _is_repeat(approval: ApprovalRow, request: DecisionRequest) -> bool:
    said = {(decision.reviewer.name, decision.verdict) for decision in approval.decisions}
    return (
        approval.status in (ApprovalStatus.PENDING, *_DECIDED.values())
        and (request.reviewer.name, request.verdict) in said
        and request.digest in (None, approval.request.digest)
    )


def require_open(state: State, approval: ApprovalRow) -> None:
    """Raise what tells a late caller how it ended, unless it can still be decided."""
    name = f"approval {approval.id} of run {approval.run.run_id!r}"
    decision = approval.decision
    if approval.status in _DECIDED.values() and decision is not None:
        raise ApprovalAlreadyDecided(
            f"{name} is {approval.status} already, by {decision.reviewer.name} "
            f"at {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC",
            verdict=decision.verdict,
            reviewer=decision.reviewer.name,
            decided_at=decision.decided_at,
        )
    if approval.status in (ApprovalStatus.SUPERSEDED, ApprovalStatus.CANCELLED):
        raise ApprovalClosed(f"{name} is {approval.status}: it can't be decided any more")
    is_over = approval.is_late(state.now) and approval.next_rung is None
    if approval.status is ApprovalStatus.EXPIRED or is_over:
        raise ApprovalExpired(f"{name} passed its deadline: it can't be decided any more")


def _require_allowed(state: State, approval: ApprovalRow, request: DecisionRequest) -> None:
    policy, reviewer = approval.request.policy, request.reviewer.name
    # Whom the next sweep would let join may decide already.
    level = approval.level + approval.is_late(state.now)
    if request.verdict is Verdict.APPROVE:
        objection = may_approve(policy, level, reviewer, approval.run.submitted_by)
    else:
        objection = may_reject(policy, level, reviewer)
    if objection is None and request.shared and refuses_shared(policy):
        objection = f"{reviewer} decides from a process that executes runs with the same rights"
    if objection is not None:
        raise ApprovalNotAllowed(f"approval {approval.id} of run {approval.run.run_id!r}: {objection}")


def _decide(state: State, approval: ApprovalRow, request: DecisionRequest) -> None:
    run, by, reason = approval.run, request.reviewer, request.reason
    operation = Operation.APPROVE if request.verdict is Verdict.APPROVE else Operation.REJECT
    status = after(run.status, operation, run_id=run.run_id)
    decision = Decision(
        verdict=request.verdict,
        reviewer=by,
        reason=reason,
        payload=request.payload,
        digest_seen=request.digest,
        decided_at=state.time(state.now),
        shared=request.shared,
    )
    approval.decisions.append(decision)
    detail = {
        **gate_detail(approval),
        "digest": approval.request.digest,
        "displayed": request.digest is not None,
    }
    if operation is Operation.REJECT:
        state.tell(run, EventKind.REJECTED, by, reason, detail)
    else:
        approvals, required = len(approval.approvers()), approval.request.policy.required
        state.tell(
            run, EventKind.APPROVED, by, reason, {**detail, "approvals": approvals, "required": required}
        )
        if approvals < required:
            return
    approval.decision = decision
    state.settle_approval(approval, _DECIDED[request.verdict])
    run.wakeups += 1
    if status is RunStatus.REJECTED:
        state.end(run, status, by=by, reason=reason)
    elif run.status is RunStatus.WAITING and not run.pending_approvals():
        state.move(run, status)
        state.tell(run, EventKind.WOKEN, detail={"by": "approval"})
