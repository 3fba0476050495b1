"""What the owner of a run hands to the store: one fenced move of one run."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from sagewai.models.approval import ApprovalRequest
from sagewai.models.status import Outcome
from sagewai.models.wait import WaitRequest


class Move(IntEnum):
    """The moves an owner can make. Each also records the attempt that led to it (``Transition.outcome``).

    ``STEP_DONE``  the step's result is recorded, ``next_step`` begins: stays running
    ``COMPLETED``  the last step's result is recorded: completed
    ``RETRY``      the attempt failed, the next one follows in place after ``delay``: stays running, attempt + 1
    ``RETRY_LATER``  the same, but the run is let go: waiting (timer) until now + ``delay``, attempt + 1
    ``PARK``       approvals, timers or signals are waited for: waiting, or pending if ``wakeups`` has risen meanwhile
    ``FAILED``     no attempt is left: failed, with a dead letter
    ``REJECTED``   the step met a rejection: rejected
    ``CANCELLED``  the step's task was cancelled because somebody asked for it: cancelled
    ``RELEASED``   handed back by drain: pending, same attempt, counts as no takeover
    ``REFUSED``    the recorded steps aren't this code's: pending, same attempt, where only ``route_version`` finds it

    An operator's ask is honoured by the same write: STEP_DONE, RETRY, RETRY_LATER, PARK, RELEASED and REFUSED of a
    run that is asked to cancel end as cancelled; one asked to pause ends as paused (progress kept).
    """

    STEP_DONE = 1
    COMPLETED = 2
    RETRY = 3
    RETRY_LATER = 4
    PARK = 5
    FAILED = 6
    REJECTED = 7
    CANCELLED = 8
    RELEASED = 9
    REFUSED = 10


class Transition(NamedTuple):
    """One move under (token, rev). ``seq``, ``step`` and ``attempt`` name the attempt that ended, ``outcome`` how.

    ``result`` is JSON text, ``error`` that of an object with ErrorInfo's fields; ``delay`` in seconds. A tuple, because
    one is made for every step: a frozen dataclass of so many fields takes three times as long.
    """

    key: int
    token: int
    rev: int
    move: Move
    outcome: Outcome
    seq: int
    step: str
    attempt: int
    result: str | None = None
    error: str | None = None
    next_step: str | None = None
    delay: float = 0.0
    wakeups: int = 0
    requests: tuple[ApprovalRequest, ...] = ()
    waits: tuple[WaitRequest, ...] = ()
    route_version: str = ""

    @property
    def size(self) -> int:
        """Roughly how many bytes it adds to a batch."""
        size = 200 + len(self.result or "") + len(self.error or "")
        for request in self.requests:
            size += len(request.prompt) + len(request.context) + len(request.policy.edit_schema or "")
        return size
