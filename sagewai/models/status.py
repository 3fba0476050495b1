"""The closed word lists of the database: statuses, outcomes, verdicts."""

from __future__ import annotations

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run stands. ``pending`` means ready to be claimed now."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


TERMINAL = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.REJECTED, RunStatus.CANCELLED})
"""A run in one of these moves only by an operator's retry of a dead letter."""


class WaitReason(StrEnum):
    """What a ``waiting`` run waits for."""

    APPROVAL = "approval"
    TIMER = "timer"
    SIGNAL = "signal"


class Outcome(StrEnum):
    """How an attempt ended. Only ``completed`` is a checkpoint."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SUSPENDED = "suspended"
    LOST = "lost"
    RELEASED = "released"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class ApprovalStatus(StrEnum):
    """``pending`` is the only one that can still be decided."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class WaitStatus(StrEnum):
    """What became of a timer or of waiting for a signal. ``expired``: its timeout passed before a signal came."""

    PENDING = "pending"
    FIRED = "fired"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """What a reviewer decides."""

    APPROVE = "approve"
    REJECT = "reject"


class SessionStatus(StrEnum):
    """``active`` and ``draining`` sessions hold runs; ``paused`` ones claim nothing new; the others are over."""

    ACTIVE = "active"
    DRAINING = "draining"
    PAUSED = "paused"
    STOPPED = "stopped"
    LAPSED = "lapsed"


class Ask(StrEnum):
    """What an operator asks of a run or a session; its owner reads it with the next heartbeat or write."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    DRAIN = "drain"
