"""The closed word lists as the small numbers that rows of both SQL stores hold; a number keeps its meaning for ever."""

from __future__ import annotations

from sagewai.models.bulk import BulkOutcome, BulkStatus
from sagewai.models.status import (
    ApprovalStatus,
    Ask,
    Outcome,
    RunStatus,
    SessionStatus,
    WaitReason,
    WaitStatus,
)
from sagewai.models.wait import WaitKind

PENDING, RUNNING, WAITING, PAUSED, COMPLETED, FAILED, REJECTED, CANCELLED = range(1, 9)

STATUS = {
    PENDING: RunStatus.PENDING,
    RUNNING: RunStatus.RUNNING,
    WAITING: RunStatus.WAITING,
    PAUSED: RunStatus.PAUSED,
    COMPLETED: RunStatus.COMPLETED,
    FAILED: RunStatus.FAILED,
    REJECTED: RunStatus.REJECTED,
    CANCELLED: RunStatus.CANCELLED,
}
STATUS_CODE = {word: code for code, word in STATUS.items()}

WAIT = {1: WaitReason.APPROVAL, 2: WaitReason.TIMER, 3: WaitReason.SIGNAL}
WAIT_CODE = {word: code for code, word in WAIT.items()}

KIND: dict[int, WaitKind] = {2: "timer", 3: "signal"}
"""Of a recorded wait; the numbers are those of WAIT."""
KIND_CODE = {word: code for code, word in KIND.items()}

WAIT_STATUS = {1: WaitStatus.PENDING, 2: WaitStatus.FIRED, 3: WaitStatus.EXPIRED}
WAIT_STATUS_CODE = {word: code for code, word in WAIT_STATUS.items()}

ASK = {1: Ask.CANCEL, 2: Ask.PAUSE, 3: Ask.RESUME, 4: Ask.DRAIN}
ASK_CODE = {word: code for code, word in ASK.items()}

OUTCOME = {
    1: Outcome.COMPLETED,
    2: Outcome.FAILED,
    3: Outcome.TIMED_OUT,
    4: Outcome.SUSPENDED,
    5: Outcome.LOST,
    6: Outcome.RELEASED,
    7: Outcome.CANCELLED,
    8: Outcome.REJECTED,
}
OUTCOME_CODE = {word: code for code, word in OUTCOME.items()}

APPROVAL = {
    1: ApprovalStatus.PENDING,
    2: ApprovalStatus.APPROVED,
    3: ApprovalStatus.REJECTED,
    4: ApprovalStatus.SUPERSEDED,
    5: ApprovalStatus.EXPIRED,
    6: ApprovalStatus.CANCELLED,
}
APPROVAL_CODE = {word: code for code, word in APPROVAL.items()}

SESSION = {
    1: SessionStatus.ACTIVE,
    2: SessionStatus.DRAINING,
    3: SessionStatus.PAUSED,
    4: SessionStatus.STOPPED,
    5: SessionStatus.LAPSED,
}
SESSION_CODE = {word: code for code, word in SESSION.items()}

BULK_STATUS = {1: BulkStatus.RUNNING, 2: BulkStatus.STOPPED, 3: BulkStatus.DONE}

BULK_OUTCOME = {1: BulkOutcome.LEFT, 2: BulkOutcome.DONE, 3: BulkOutcome.REFUSED}
BULK_OUTCOME_CODE = {word: code for code, word in BULK_OUTCOME.items()}
