"""What the memory store keeps: mutable rows that never leave it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sagewai.models.actor import Actor
from sagewai.models.approval import ApprovalRequest, Decision
from sagewai.models.bulk import BulkOutcome, BulkSpec, BulkStatus
from sagewai.models.call import Budget, Call, Spent, Tail
from sagewai.models.history import Attempt, Event
from sagewai.models.run import Definition, ErrorInfo
from sagewai.models.session import SessionSpec
from sagewai.models.status import (
    ApprovalStatus,
    Ask,
    RunStatus,
    SessionStatus,
    Verdict,
    WaitReason,
    WaitStatus,
)
from sagewai.models.wait import WaitRequest

CallIdentity = tuple[int, str, str, int, int, str]
"""What tells the calls of a run apart: seq, branch, name, position, round, digest."""


@dataclass(slots=True, eq=False)
class ApprovalRow:
    """An approval; times in seconds of the store's clock."""

    id: int
    run: RunRow
    request: ApprovalRequest
    revision: int
    requested: float
    deadline: float | None
    status: ApprovalStatus = ApprovalStatus.PENDING
    decision: Decision | None = None
    decisions: list[Decision] = field(default_factory=list)
    level: int = 0
    claimed_by: str = ""
    claimed_until: float = 0.0
    snoozed_until: float = 0.0

    @property
    def gate(self) -> tuple[str, str, str]:
        return (self.request.step, self.request.branch, self.request.gate)

    @property
    def next_rung(self) -> str | None:
        """Who joins the approvers when the deadline passes."""
        policy = self.request.policy
        if policy.on_timeout != "escalate" or self.level >= len(policy.escalate_to):
            return None
        return policy.escalate_to[self.level]

    def is_late(self, now: float) -> bool:
        return self.deadline is not None and now >= self.deadline

    def approvers(self) -> set[str]:
        """Names of those who approved so far."""
        return {each.reviewer.name for each in self.decisions if each.verdict is Verdict.APPROVE}


@dataclass(slots=True, eq=False)
class SignalRow:
    """Something sent to a run."""

    id: int
    run: RunRow
    name: str
    payload: str
    sent: float
    sender: Actor
    taken: bool = False


@dataclass(slots=True, eq=False)
class WaitRow:
    """A timer, or a wait for a signal and the one it took."""

    run: RunRow
    request: WaitRequest
    asked: float
    due: float | None
    status: WaitStatus = WaitStatus.PENDING
    settled: float | None = None
    signal: SignalRow | None = None

    @property
    def name(self) -> tuple[str, str, str]:
        return (self.request.step, self.request.branch, self.request.key)

    @property
    def is_pending(self) -> bool:
        return self.status is WaitStatus.PENDING

    def is_due(self, now: float) -> bool:
        return self.is_pending and self.due is not None and now >= self.due


@dataclass(slots=True)
class Asked:
    """What an operator asked of a run that somebody holds, or takes for a single step; by whom, and when first."""

    ask: Ask
    by: Actor
    reason: str
    at: float


@dataclass(slots=True, eq=False)
class RunRow:
    """A run with all that belongs to it alone. ``labels`` are encoded."""

    key: int
    run_id: str
    workflow: str
    definition: Definition | None
    version: str
    pool: str
    labels: dict[str, str]
    route: int
    priority: int
    tags: dict[str, str]
    input: str
    input_digest: str
    submitted_by: str
    created: float
    changed: float
    status: RunStatus = RunStatus.PENDING
    wait: WaitReason | None = None
    due: float | None = None
    deadline: float | None = None
    forked: tuple[str, str | None] | None = None  # from which run, at which step
    token: int = 0
    rev: int = 0
    seq: int = 0
    step: str | None = None
    attempt: int = 1
    step_started: float = 0.0
    session: int | None = None
    wakeups: int = 0
    takeovers: int = 0
    asked: Asked | None = None
    assigned_to: int | None = None
    assigned_until: float = 0.0
    ended_by: str = ""
    ended_for: str = ""
    error: ErrorInfo | None = None
    results: dict[str, str] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    approvals: list[ApprovalRow] = field(default_factory=list)
    waits: list[WaitRow] = field(default_factory=list)
    calls: dict[CallIdentity, Call] = field(default_factory=dict)  # in the order they were recorded
    budget: Budget | None = None
    spent: Spent = field(default_factory=Spent)
    tail: Tail | None = None
    signals: list[SignalRow] = field(default_factory=list)

    def pending_approvals(self) -> list[ApprovalRow]:
        return [approval for approval in self.approvals if approval.status is ApprovalStatus.PENDING]

    def adopt(self, definition: Definition | None) -> None:
        """Take the shape of the run's workflow, where none is known yet, and its version unless it has one."""
        if self.definition is not None or definition is None:
            return
        self.definition, self.version = definition, self.version or definition.version
        if self.seq < len(definition.steps):
            self.step = definition.steps[self.seq].name


@dataclass(slots=True, eq=False)
class SessionRow:
    """A session; ``labels`` are encoded, ``ended`` is when it stopped or was seen to have lapsed."""

    id: int
    spec: SessionSpec
    labels: dict[str, str]
    started: float
    beat: float
    lease_until: float
    status: SessionStatus = SessionStatus.ACTIVE
    asked: Ask | None = None
    ended: float | None = None
    held: set[int] = field(default_factory=set)
    assigned: set[int] = field(default_factory=set)

    def is_live(self, now: float) -> bool:
        return self.ended is None and now < self.lease_until

    def may_claim(self, now: float) -> bool:
        return self.is_live(now) and self.status is SessionStatus.ACTIVE

    def definition_of(self, workflow: str) -> Definition | None:
        return next((known for known in self.spec.definitions if known.workflow == workflow), None)


@dataclass(slots=True, eq=False)
class BulkRow:
    """A bulk job; ``settled`` is what became of the first of its runs."""

    id: int
    spec: BulkSpec
    run_ids: tuple[str, ...]
    created: float
    status: BulkStatus = BulkStatus.RUNNING
    ended: float | None = None
    settled: list[tuple[BulkOutcome, str]] = field(default_factory=list)
