"""A recorded question to a person, and the recorded answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sagewai.models.actor import Actor
from sagewai.models.status import ApprovalStatus, Verdict


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a step asks when it parks.

    Identified within its run by (step, branch, gate): ``gate`` is the caller's key or ``#n``, its position among the
    unnamed requests of the branch. ``context`` is JSON text; ``digest`` is the SHA-256 (hex) of prompt and context, see
    :func:`sagewai.core.codec.content_digest`. ``timeout`` in seconds becomes a deadline by the database's clock.
    """

    step: str
    branch: str
    gate: str
    prompt: str
    context: str
    digest: str
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded answer. ``digest_seen`` is None when the decision was made without displaying the content."""

    verdict: Verdict
    reviewer: Actor
    reason: str
    payload: str | None
    digest_seen: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval. ``context`` is the whole JSON text; listings leave it None and give ``context_bytes`` alone.

    ``revision`` counts the contents this gate has asked for in this run, from 1: asking again for the content it asked
    for last is the same revision. ``context_bytes`` is its length in UTF-8.
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


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """What a reviewer wants recorded. ``approval_id`` None means the run's only pending approval."""

    run_id: str
    verdict: Verdict
    reviewer: Actor
    reason: str = ""
    approval_id: int | None = None
    digest: str | None = None
    payload: str | None = None
