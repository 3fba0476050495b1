"""A run as WorkflowMonitor shows it: its steps, and one timeline of attempts and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sagewai.models.approval import Approval
from sagewai.models.call import Spent
from sagewai.models.run import ErrorInfo, Run
from sagewai.models.status import RunStatus, WaitReason
from sagewai.models.wait import Signal, Wait

StepState = Literal["completed", "running", "waiting", "retrying", "failed", "pending", "stopped"]


@dataclass(frozen=True, slots=True)
class StepView:
    """One declared step of a run. ``attempts`` have begun so far; ``result`` is decoded; ``duration`` in seconds is the
    recorded attempt's, or of the running one so far. ``wait`` is what a waiting step waits for."""

    name: str
    state: StepState
    attempts: int
    max_attempts: int
    started_at: datetime | None = None
    finished_at: datetime | None = None
    duration: float | None = None
    result: object = None
    error: ErrorInfo | None = None
    wait: WaitReason | None = None


@dataclass(frozen=True, slots=True)
class ExecutionDetail:
    """Everything about one run. ``output`` is the last step's result, decoded, once completed; ``waits`` are its timers
    and waits for signals, ``signals`` what was sent to it, both oldest first."""

    run: Run
    input: Mapping[str, object]
    output: object
    steps: tuple[StepView, ...]
    error: ErrorInfo | None
    approvals: tuple[Approval, ...]
    waits: tuple[Wait, ...] = ()
    signals: tuple[Signal, ...] = ()

    @property
    def run_id(self) -> str:
        return self.run.run_id

    @property
    def workflow(self) -> str:
        return self.run.workflow

    @property
    def spent(self) -> Spent:
        """What its model calls have cost."""
        return self.run.spent

    @property
    def status(self) -> RunStatus:
        return self.run.status


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An attempt (``kind`` is ``attempt``), a timer or wait for a signal (``wait``: its key and status are the reason),
    or an event (``kind`` is its EventKind), in order of ``at``.

    ``until`` is None for what is one moment, or still goes on. ``outcome`` is the attempt's, ``running`` meanwhile.
    """

    at: datetime
    kind: str
    until: datetime | None = None
    step: str | None = None
    attempt: int | None = None
    token: int | None = None
    worker: str | None = None
    outcome: str | None = None
    error: ErrorInfo | None = None
    actor: str = ""
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
