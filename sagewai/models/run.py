"""Runs as they are submitted, held and shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sagewai.models.actor import Actor
from sagewai.models.call import Budget, Spent
from sagewai.models.status import Ask, RunStatus, WaitReason

LabelValue = str | bool | int | float
"""Compared with its type: ``True``, ``1`` and ``1.0`` are three labels."""


@dataclass(frozen=True, slots=True)
class StepInfo:
    """A declared step as other processes need to know it; ``timeout`` in seconds."""

    name: str
    max_attempts: int = 1
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow's shape at one version of its code."""

    workflow: str
    version: str
    steps: tuple[StepInfo, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run to be recorded.

    ``input`` is one JSON object as encoded by :mod:`sagewai.core.codec` and ``input_digest`` its SHA-256 (hex).
    ``delay`` in seconds parks the run as waiting (timer); ``deadline`` seconds from now it fails, unless it is over.
    ``budget`` bounds what its model calls may cost. ``definition`` is None where the submitter hasn't the code.
    """

    run_id: str
    workflow: str
    input: str
    input_digest: str
    definition: Definition | None = None
    version: str = ""
    pool: str = "default"
    labels: Mapping[str, LabelValue] = field(default_factory=dict)
    priority: int = 0
    delay: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    actor: Actor | None = None
    deadline: float | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class ForkSpec:
    """A new run that starts from a copy of another's checkpoints: those before ``from_step``, or all (None)
    where that leaves a step to run.

    ``input`` and ``input_digest`` replace the source's where given.
    """

    source: str
    run_id: str
    actor: Actor
    reason: str = ""
    from_step: str | None = None
    input: str | None = None
    input_digest: str | None = None


@dataclass(frozen=True, slots=True)
class LeasedRun:
    """A run held under a token, with all that is needed to go on with it.

    ``seq`` counts the recorded steps, so it is also the index of the step to run next; ``attempt`` counts from 1.
    ``results`` maps each recorded step to its result's JSON text. ``wakeups`` is the value to hand back when parking.
    """

    key: int
    run_id: str
    workflow: str
    token: int
    rev: int
    seq: int
    attempt: int
    wakeups: int
    takeovers: int
    input: str
    results: Mapping[str, str]
    pool: str
    labels: Mapping[str, LabelValue]
    tags: Mapping[str, str]
    asked: Ask | None = None


@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of a submitted run. ``created`` is False when the run_id existed with the same input.

    ``lease`` is set only when it was created for, and is now held by, the inserting session.
    """

    run_id: str
    created: bool
    lease: LeasedRun | None = None


@dataclass(frozen=True, slots=True)
class RunHead:
    """The few columns that tell whether a write was made."""

    token: int
    rev: int
    status: RunStatus


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """A recorded error, already free of secrets. ``type`` is the class's qualified name, ``code`` its bare name."""

    type: str
    message: str
    traceback: str = ""

    @property
    def code(self) -> str:
        return self.type.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is listed. Times are aware and UTC, by the database's clock.

    ``step`` is the step that runs, waits or comes next (None when all are recorded); ``steps_done`` of ``steps_total``
    are recorded (``steps_total`` is 0 while no code has been seen); ``attempt`` of ``max_attempts`` counts from 1.
    ``max_attempts`` is 1 while no code has been seen, and that of the last step once all are recorded.
    ``changed_at`` is the last change of status, ``due_at`` when a timer wakes it, ``worker`` and ``session`` who holds
    it. ``step_started_at`` is None unless it runs, and may lie ahead by a back-off. ``deadline_at`` is when it fails
    unless it is over. ``spent`` is the kept sum over its model calls.
    """

    run_id: str
    workflow: str
    status: RunStatus
    wait: WaitReason | None
    pool: str
    labels: Mapping[str, LabelValue]
    version: str
    priority: int
    tags: Mapping[str, str]
    step: str | None
    steps_done: int
    steps_total: int
    attempt: int
    max_attempts: int
    token: int
    takeovers: int
    asked: Ask | None
    worker: str | None
    session: int | None
    created_at: datetime
    changed_at: datetime
    step_started_at: datetime | None
    due_at: datetime | None
    submitted_by: str
    deadline_at: datetime | None = None
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run stands for somebody who waits for it.

    ``output`` is the JSON text of the last step's result (completed only), ``error`` the failure (failed only),
    ``by`` and ``reason`` who ended it and why (rejected, cancelled), ``step`` where it stands.
    """

    status: RunStatus
    wait: WaitReason | None = None
    step: str | None = None
    output: str | None = None
    error: ErrorInfo | None = None
    by: str = ""
    reason: str = ""
    due_at: datetime | None = None
    session: int | None = None
