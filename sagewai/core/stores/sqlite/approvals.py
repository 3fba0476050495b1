"""Approvals as rows and as the caller gets them: with all their decisions, and with what somebody does about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sagewai.core.policies import decode_policy
from sagewai.core.stores import words
from sagewai.core.stores.sqlite.rows import maybe_time, read_time
from sagewai.core.stores.sqlite.transaction import Row, Transaction
from sagewai.errors import (
    ApprovalAlreadyDecided,
    ApprovalClosed,
    ApprovalExpired,
    ApprovalNotFound,
)
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, ApprovalPolicy, Decision
from sagewai.models.status import ApprovalStatus, Verdict

DECIDED = (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED)

_APPROVAL = """
select a.id, r.run_id, w.name, p.name, a.step, a.branch, a.gate, a.status, a.prompt, {context}, a.context_bytes,
       a.digest, a.revision, a.requested_at, a.deadline_at, a.policy, a.level, i.submitted_by, a.claimed_by,
       a.claimed_until, a.snoozed_until,
       case when a.policy is not null then (
         select json_group_array(json_array(e.id, e.verdict, e.reviewer, e.source, e.assurance, e.reason, e.payload,
                                            e.digest_seen, e.decided_at, e.shared))
         from earlier_decisions e where e.approval = a.id
       ) end,
       a.verdict, a.reviewer, a.source, a.assurance, a.reason, a.payload, a.digest_seen, a.decided_at, a.shared
from approvals a
join runs r on r.id = a.run
join run_inputs i on i.run = a.run
join workflows w on w.id = r.workflow
join pools p on p.id = r.pool
"""
APPROVAL_LISTED = _APPROVAL.format(context="null")
APPROVAL_WHOLE = _APPROVAL.format(context="(select context from approval_contexts c where c.approval = a.id)")


def get_approval(tx: Transaction, approval_id: int) -> Approval:
    row = tx.row(f"{APPROVAL_WHOLE} where a.id = ?", approval_id)
    if row is None:
        raise ApprovalNotFound(f"no approval {approval_id} in this store")
    return approval_of(row, tx.now)


def approvals_of(tx: Transaction, run_id: str, step: str | None) -> list[Approval]:
    rows = tx.rows(
        f"{APPROVAL_WHOLE} where a.run = (select id from runs where run_id = ?1) and a.step = ifnull(?2, a.step) "
        "order by a.id",
        run_id,
        step,
    )
    return [approval_of(row, tx.now) for row in rows]


def approval_of(row: Row, now: int) -> Approval:
    """As it stands ``now``: what is over by then isn't told."""
    (number, run_id, workflow, pool, step, branch, gate, status, prompt, context, size, digest) = row[:12]
    (revision, requested, deadline, policy, level, requester, claimer, claimed, snoozed, earlier) = row[12:22]
    decision = None if row[22] is None else _decision_of(row[22:])
    before = tuple(_decision_of(each[1:]) for each in sorted(json.loads(earlier or "[]")))
    is_claimed, is_snoozed = claimed is not None and claimed > now, snoozed is not None and snoozed > now
    return Approval(
        id=number,
        run_id=run_id,
        workflow=workflow,
        pool=pool,
        step=step,
        branch=branch,
        gate=gate,
        status=words.APPROVAL[status],
        prompt=prompt,
        context=context,
        context_bytes=size,
        digest=digest,
        revision=revision,
        requested_at=read_time(requested),
        deadline_at=maybe_time(deadline),
        decision=decision,
        decisions=before if decision is None else (*before, decision),
        policy=decode_policy(policy),
        level=level,
        requester=requester,
        claimed_by=claimer if is_claimed else None,
        claimed_until=read_time(claimed) if is_claimed else None,
        snoozed_until=read_time(snoozed) if is_snoozed else None,
    )


def _decision_of(row: Sequence[Any]) -> Decision:
    verdict, reviewer, source, assurance, reason, payload, seen, decided, shared = row
    return Decision(
        verdict=Verdict(verdict),
        reviewer=Actor(reviewer, source=source, assurance=assurance),
        reason=reason,
        payload=payload,
        digest_seen=seen,
        decided_at=read_time(decided),
        shared=bool(shared),
    )


def has_rung_left(policy: ApprovalPolicy, level: int) -> bool:
    return policy.on_timeout == "escalate" and level < len(policy.escalate_to)


def is_late(approval: Approval, now: int) -> bool:
    """Whether its deadline has passed, seen by a sweep or not."""
    return approval.deadline_at is not None and approval.deadline_at <= read_time(now)


def require_open(approval: Approval, now: int) -> None:
    """Raise what became of an approval that isn't pending any more."""
    name = f"approval {approval.id} of run {approval.run_id!r}"
    decision = approval.decision
    if approval.status in DECIDED and decision is not None:
        raise ApprovalAlreadyDecided(
            f"{name} is {approval.status} already, by {decision.reviewer.name} "
            f"at {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC",
            verdict=decision.verdict,
            reviewer=decision.reviewer.name,
            decided_at=decision.decided_at,
        )
    if approval.status in (ApprovalStatus.SUPERSEDED, ApprovalStatus.CANCELLED):
        raise ApprovalClosed(f"{name} is {approval.status}: it can't be decided any more")
    late = is_late(approval, now) and not has_rung_left(approval.policy, approval.level)
    if approval.status is ApprovalStatus.EXPIRED or late:
        raise ApprovalExpired(f"{name} passed its deadline: it can't be decided any more")
