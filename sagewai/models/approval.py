"""A recorded question to a person, and the recorded answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sagewai.models.actor import Actor
from sagewai.models.status import ApprovalStatus, Verdict


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who may decide, how many must, and what happens at the deadline.

    ``required`` different reviewers must approve; one rejection is enough. ``approvers`` are reviewer names, none means
    anyone; a name stands for itself and for ``name@host``. ``exclude_requester``: whoever submitted the run may not
    approve. ``on_timeout="escalate"``: at each deadline the next of ``escalate_to`` joins the approvers and the timeout
    begins again; when nobody is left the approval expires. ``edit_schema`` is the JSON schema (text) of the payload
    that an approval may carry in place of the context. ``read_to_end``: whoever shows it asks for that first.
    """

    required: int = 1
    approvers: tuple[str, ...] = ()
    exclude_requester: bool = False
    on_timeout: Literal["reject", "escalate"] = "reject"
    escalate_to: tuple[str, ...] = ()
    edit_schema: str | None = None
    read_to_end: bool = False


ANYONE = ApprovalPolicy()
"""One decision by whoever comes first; the deadline rejects."""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a step asks when it parks.

    Identified within its run by (step, branch, gate): ``gate`` is the caller's key or ``#n``, its position among the
    unnamed requests of the branch. ``context`` is JSON text; ``digest`` is the SHA-256 (hex) of prompt, context and
    policy, see :func:`sagewai.core.policies.content_digest`. ``timeout`` in seconds becomes a deadline by the
    database's clock.
    """

    step: str
    branch: str
    gate: str
    prompt: str
    context: str
    digest: str
    timeout: float | None = None
    policy: ApprovalPolicy = ANYONE


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded answer. ``digest_seen`` is None when the decision was made without displaying the content; ``shared``
    says that the reviewer's process executes runs with the same rights."""

    verdict: Verdict
    reviewer: Actor
    reason: str
    payload: str | None
    digest_seen: str | None
    decided_at: datetime
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval. ``context`` is the whole JSON text; listings leave it None and give ``context_bytes`` alone.

    ``revision`` counts the contents this gate has asked for in this run, from 1: asking again for the content it asked
    for last is the same revision. ``context_bytes`` is its length in UTF-8. ``requester`` submitted the run.
    ``decisions`` are all recorded ones, oldest first: of a pending approval those of reviewers before the quorum;
    ``decision`` is the one that settled it. ``level`` of ``policy.escalate_to`` have joined. ``claimed_by`` is who
    looks at it, until ``claimed_until``; both are None once that time is over, as is ``snoozed_until``.
    """

    id: int
    run_id: str
    workflow: str
    pool: str
    step: str
    branch: str
    gate: str
    status: ApprovalStatus
    prompt: str
    context: str | None
    context_bytes: int
    digest: str
    revision: int
    requested_at: datetime
    deadline_at: datetime | None
    decision: Decision | None = None
    decisions: tuple[Decision, ...] = ()
    policy: ApprovalPolicy = ANYONE
    level: int = 0
    requester: str = ""
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def may_decide(self) -> tuple[str, ...]:
        """Names of who may decide now; empty means anyone."""
        if not self.policy.approvers:
            return ()
        return self.policy.approvers + self.policy.escalate_to[: self.level]


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What a reviewer wants recorded. ``approval_id`` None means the run's only pending approval; ``shared`` as in
    :class:`Decision`."""

    run_id: str
    verdict: Verdict
    reviewer: Actor
    reason: str = ""
    approval_id: int | None = None
    digest: str | None = None
    payload: str | None = None
    shared: bool = False


class Attention(StrEnum):
    """What a reviewer does about an approval short of deciding it."""

    CLAIM = "claim"
    UNCLAIM = "unclaim"
    SNOOZE = "snooze"
    COMMENT = "comment"
