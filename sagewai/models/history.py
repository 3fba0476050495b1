"""What happened to a run: attempts are written once when they end, events when somebody or something acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sagewai.models.run import ErrorInfo
from sagewai.models.status import Outcome


class EventKind(StrEnum):
    """The catalogue of everything that is noted beside attempts; ``detail`` holds the fields named here."""

    SUBMITTED = "submitted"  # pool, priority, delay
    CLAIMED = "claimed"  # token, worker
    TAKEN_OVER = "taken_over"  # token (the new one), worker (who lost it), takeovers
    WAITING = "waiting"  # for: approval | timer | signal; due_at (ISO 8601, where it has one)
    WOKEN = "woken"  # by: approval | timer | signal | retry
    SIGNALLED = "signalled"  # signal_id, name
    REFUSED = "refused"  # token, worker; the reason names what differs
    FORKED = "forked"  # of the new run: source, step; of the source: fork, step
    DEADLINE_PASSED = "deadline_passed"
    RELEASED = "released"  # token, worker
    APPROVAL_REQUESTED = "approval_requested"  # approval_id, gate, digest
    APPROVED = "approved"  # approval_id, gate, digest, displayed, approvals (so far), required
    REJECTED = "rejected"  # approval_id, gate, digest, displayed
    APPROVAL_SUPERSEDED = "approval_superseded"  # approval_id, gate
    APPROVAL_EXPIRED = "approval_expired"  # approval_id, gate
    APPROVAL_ESCALATED = "approval_escalated"  # approval_id, gate, to, deadline_at (ISO 8601)
    APPROVAL_CLAIMED = "approval_claimed"  # approval_id, gate, seconds
    APPROVAL_UNCLAIMED = "approval_unclaimed"  # approval_id, gate
    APPROVAL_SNOOZED = "approval_snoozed"  # approval_id, gate, seconds
    APPROVAL_COMMENTED = "approval_commented"  # approval_id, gate; the reason is the comment
    APPROVAL_CANCELLED = "approval_cancelled"  # approval_id, gate
    COMPLETED = "completed"
    FAILED = "failed"  # error (its type)
    CANCEL_REQUESTED = "cancel_requested"
    CANCELLED = "cancelled"
    PAUSE_REQUESTED = "pause_requested"
    PAUSED = "paused"
    RESUMED = "resumed"
    RETRIED = "retried"  # step
    DISCARDED = "discarded"  # error (its type)
    PRIORITY_CHANGED = "priority_changed"  # before, after
    ASSIGNED = "assigned"  # worker, seconds
    WORKER_ASKED = "worker_asked"  # worker, ask
    POOL_ASKED = "pool_asked"  # pool, ask
    STEPPED = "stepped"  # step
    BULK_STARTED = "bulk_started"  # job, verb, total
    BULK_STOPPED = "bulk_stopped"  # job, left
    PRUNED = "pruned"  # runs, older_than (seconds), kept (statuses)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one step, written when it ended. The same attempt number with another token was lost or let go.

    ``started_at`` is never after ``finished_at``. ``delay``: seconds of back-off that follow a failed attempt.
    ``result_bytes``: length of the result's JSON text in UTF-8."""

    run_id: str
    seq: int
    step: str
    attempt: int
    token: int
    worker: str | None
    outcome: Outcome
    started_at: datetime
    finished_at: datetime
    result_bytes: int | None = None
    error: ErrorInfo | None = None
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a run (``run_id``) or to the store as a whole (``run_id`` None)."""

    id: int
    run_id: str | None
    at: datetime
    kind: EventKind
    actor: str
    source: str
    assurance: str
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


AUDITED = frozenset(
    {
        EventKind.FORKED,
        EventKind.APPROVED,
        EventKind.REJECTED,
        EventKind.APPROVAL_CLAIMED,
        EventKind.APPROVAL_UNCLAIMED,
        EventKind.APPROVAL_SNOOZED,
        EventKind.APPROVAL_COMMENTED,
        EventKind.CANCEL_REQUESTED,
        EventKind.CANCELLED,
        EventKind.PAUSE_REQUESTED,
        EventKind.PAUSED,
        EventKind.RESUMED,
        EventKind.RETRIED,
        EventKind.DISCARDED,
        EventKind.PRIORITY_CHANGED,
        EventKind.WORKER_ASKED,
        EventKind.POOL_ASKED,
        EventKind.STEPPED,
        EventKind.BULK_STARTED,
        EventKind.BULK_STOPPED,
        EventKind.PRUNED,
    }
)
"""Events that are also written to the audit when a person caused them (source is not ``worker``). What programs send
each other, signals and assignments, is not: every entry waits for the one before."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the audit's chain, numbered from 1 without gaps. ``at`` is ISO 8601 text, ``detail`` JSON text, both
    exactly as hashed; ``run_id`` is '' for what concerns no run. ``hash`` (SHA-256, hex) covers every field and the
    hash of the entry before, see :func:`sagewai.core.audit.link`."""

    number: int
    at: str
    kind: str
    run_id: str
    actor: str
    source: str
    assurance: str
    reason: str
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A run that failed for good, kept for a person's judgement."""

    run_id: str
    workflow: str
    pool: str
    step: str | None
    attempts: int
    takeovers: int
    error: ErrorInfo
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Dead letters that share an error type."""

    error_type: str
    count: int
    newest_at: datetime
    workflows: tuple[str, ...]
