"""Decisions: the database's own function records them, here its word becomes the contract's error."""

from __future__ import annotations

from sagewai.core.codec import require_storable
from sagewai.core.policies import may_approve, may_reject, refuses_shared
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import check_actor, is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalAmbiguous,
    ApprovalClosed,
    ApprovalContentChanged,
    ApprovalExpired,
    ApprovalNotAllowed,
    ApprovalNotFound,
    SagewaiError,
)
from sagewai.models.approval import Approval, DecisionRequest
from sagewai.models.status import Verdict


async def decide(database: Database, request: DecisionRequest) -> Approval:
    check_actor(request.reviewer, request.reason)
    require_storable(request.payload or "", "the payload")
    require_storable(request.digest or "", "the digest")
    if not is_storable(request.run_id):
        raise run_not_found(request.run_id)
    answer = await database.fetchrow(
        statements.DECIDE,
        request.run_id,
        request.verdict.value,
        request.reviewer.name,
        request.reviewer.source,
        request.reviewer.assurance,
        request.reason,
        request.approval_id,
        request.digest,
        request.payload,
        request.shared,
    )
    assert answer is not None
    match answer["told"]:
        case "run not found":
            raise run_not_found(request.run_id)
        case "not found":
            raise ApprovalNotFound(_none_there(request))
        case "ambiguous":
            ids = answer["pending_ids"]
            raise ApprovalAmbiguous(
                f"run {request.run_id!r} has {len(ids)} pending approvals: name one of {', '.join(map(str, ids))}",
                approval_ids=ids,
            )
        case told:
            approval = await get_approval(database, answer["approval_id"])
            if told == "not allowed":
                raise _not_allowed(approval, request.verdict, answer)
            if told not in {"recorded", "repeated"}:
                raise refusal(told, approval)
            return approval


async def get_approval(database: Database, approval_id: int) -> Approval:
    row = await database.fetchrow(statements.GET_APPROVAL, approval_id)
    if row is None:
        raise ApprovalNotFound(f"no approval {approval_id} in this store")
    return rows.approval(row)


def refusal(told: str, approval: Approval) -> SagewaiError:
    """What tells a late caller how it ended."""
    name = name_of(approval)
    decision = approval.decision
    if told == "decided" and decision is not None:
        return ApprovalAlreadyDecided(
            f"{name} is {approval.status} already, by {decision.reviewer.name} at "
            f"{decision.decided_at:%Y-%m-%d %H:%M:%S} UTC",
            verdict=decision.verdict,
            reviewer=decision.reviewer.name,
            decided_at=decision.decided_at,
        )
    if told == "changed":
        return ApprovalContentChanged(
            f"{name} asks for other content than the one that was seen: look at it again and decide on that"
        )
    if told == "expired":
        return ApprovalExpired(f"{name} passed its deadline{_when(approval)}: it can't be decided any more")
    return ApprovalClosed(f"{name} is {approval.status}: it can't be decided any more")


def name_of(approval: Approval) -> str:
    return f"approval {approval.id} of run {approval.run_id!r}"


def _when(approval: Approval) -> str:
    return "" if approval.deadline_at is None else f" at {approval.deadline_at:%Y-%m-%d %H:%M:%S} UTC"


def _not_allowed(approval: Approval, verdict: Verdict, answer: Row) -> ApprovalNotAllowed:
    """The database has judged; the policy says it in words."""
    reviewer, policy = answer["judged"], approval.policy
    if verdict is Verdict.APPROVE:
        objection = may_approve(policy, answer["at_level"], reviewer, approval.requester)
    else:
        objection = may_reject(policy, answer["at_level"], reviewer)
    if objection is None and answer["was_shared"] and refuses_shared(policy):
        objection = f"{reviewer} decides from a process that executes runs with the same rights"
    if objection is None:
        objection = f"{reviewer} submitted the run, as {approval.requester}: somebody else must decide"
    return ApprovalNotAllowed(f"{name_of(approval)}: {objection}")


def _none_there(request: DecisionRequest) -> str:
    if request.approval_id is None:
        return f"run {request.run_id!r} has no approval that waits"
    return f"run {request.run_id!r} has no approval {request.approval_id}"
