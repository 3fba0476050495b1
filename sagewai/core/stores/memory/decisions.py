"""Decisions: one per approval, on exactly the content that was seen, before its deadline."""

from __future__ import annotations

from sagewai.core.codec import require_storable
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
    if approval.status in _DECIDED.values() and _is_repeat(approval, request):
        return approval
    _require_open(state, approval)
    if request.digest is not None and request.digest != approval.request.digest:
        raise ApprovalContentChanged(
            f"approval {approval.id} of run {run.run_id!r} asks for other content than the one that was seen: "
            "look at it again and decide on that"
        )
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
    decision = approval.decision
    return (
        decision is not None
        and decision.reviewer.name == request.reviewer.name
        and decision.verdict is request.verdict
        and request.digest in (None, approval.request.digest)
    )


def _require_open(state: State, approval: ApprovalRow) -> None:
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
    if approval.status is ApprovalStatus.EXPIRED or _is_late(state, approval):
        raise ApprovalExpired(f"{name} passed its deadline: it can't be decided any more")


def _is_late(state: State, approval: ApprovalRow) -> bool:
    return approval.deadline is not None and state.now >= approval.deadline


def _decide(state: State, approval: ApprovalRow, request: DecisionRequest) -> None:
    run, by, reason = approval.run, request.reviewer, request.reason
    operation = Operation.APPROVE if request.verdict is Verdict.APPROVE else Operation.REJECT
    status = after(run.status, operation, run_id=run.run_id)
    approval.decision = Decision(
        verdict=request.verdict,
        reviewer=by,
        reason=reason,
        payload=request.payload,
        digest_seen=request.digest,
        decided_at=state.time(state.now),
    )
    state.settle_approval(approval, _DECIDED[request.verdict])
    run.wakeups += 1
    kind = EventKind.APPROVED if operation is Operation.APPROVE else EventKind.REJECTED
    seen = {"digest": approval.request.digest, "displayed": request.digest is not None}
    state.tell(run, kind, by, reason, {**gate_detail(approval), **seen})
    if status is RunStatus.REJECTED:
        state.end(run, status, by=by, reason=reason)
    elif run.status is RunStatus.WAITING and not run.pending_approvals():
        state.move(run, status)
        state.tell(run, EventKind.WOKEN, detail={"by": "approval"})
