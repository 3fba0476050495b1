"""An approval as ``approvals show`` prints it for people: what is asked, who may decide, who did, the whole content."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sagewai.cli import shape, words
from sagewai.cli.safe import block, visible
from sagewai.cli.tables import fields
from sagewai.models.approval import Approval, Decision
from sagewai.models.status import ApprovalStatus, Verdict


def lines(approval: Approval, now: datetime, width: int) -> Iterator[str]:
    """The card, ending with how to decide it while it is pending."""
    yield from fields(
        [
            ("approval", str(approval.id)),
            ("run", approval.run_id),
            ("workflow", approval.workflow),
            ("step", approval.step),
            ("gate", approval.gate + (f", content {approval.revision}" if approval.revision > 1 else "")),
            ("status", str(approval.status)),
            ("asked", f"{words.clock(approval.requested_at)} ({words.age(approval.requested_at, now)} ago)"),
            ("deadline", words.clock(approval.deadline_at) if approval.deadline_at else ""),
            *_conditions(approval, now),
            *(entry for decision in approval.decisions for entry in _decision(decision)),
        ],
        width,
    )
    yield f"digest    {approval.digest}"
    yield ""
    yield f"prompt, {words.count(len(approval.prompt), 'character')}"
    yield from block(approval.prompt, width)
    for name, text in _contents(approval.context or "null"):
        yield f"{visible(name)}, {words.count(len(text), 'character')}"
        yield from block(text, width)
    if approval.status is ApprovalStatus.PENDING:
        yield ""
        yield "to decide: `sagewai approvals approve` or `reject --reason TEXT`, both with"
        yield "--digest and the digest above, so that the decision holds for this content only"


def quorum(approval: Approval) -> str:
    """``1 of 2 approvals``."""
    return f"{len(approval.decisions)} of {words.count(approval.policy.required, 'approval')}"


def _conditions(approval: Approval, now: datetime) -> Iterator[tuple[str, str]]:
    """Who may decide, how many must, and who looks at it."""
    policy = approval.policy
    if policy.required > 1:
        yield "needs", quorum(approval)
    if approval.may_decide:
        yield "by", ", ".join(approval.may_decide)
    if policy.exclude_requester:
        yield "not by", approval.requester
    if policy.escalate_to[approval.level :]:
        yield "then", ", ".join(policy.escalate_to[approval.level :])
    if policy.edit_schema is not None:
        yield "edit", "allowed: --edit JSON in place of the context"
    if approval.claimed_by is not None and approval.claimed_until is not None:
        yield (
            "claimed",
            f"by {approval.claimed_by}, {words.span((approval.claimed_until - now).total_seconds())} more",
        )
    if approval.snoozed_until is not None:
        yield "snoozed", f"until {words.clock(approval.snoozed_until)}"


def _decision(decision: Decision) -> Iterator[tuple[str, str]]:
    verdict = "approved" if decision.verdict is Verdict.APPROVE else "rejected"
    yield verdict, f"{words.clock(decision.decided_at)} by {words.actor(decision.reviewer)}"
    yield "reason", decision.reason
    if decision.payload is not None:
        yield "payload", decision.payload


def _contents(context: str) -> Iterator[tuple[str, str]]:
    """Every part of the context: texts as they are, so that their lines are lines, the rest as JSON."""
    value = shape.payload(context)
    if value is None:
        return
    if isinstance(value, dict):
        for key, entry in value.items():
            yield f"context {key}", entry if isinstance(entry, str) else words.pretty(entry)
    else:
        yield "context", value if isinstance(value, str) else words.pretty(value)
