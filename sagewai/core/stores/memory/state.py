"""The tables of the memory store, their indexes, and the few changes through which everything keeps them true."""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TypeVar

from sagewai.core.audit import BEGINNING, expected
from sagewai.core.stores.base import Topic
from sagewai.core.stores.memory.rows import ApprovalRow, Asked, BulkRow, RunRow, SessionRow
from sagewai.errors import ApprovalNotFound, RunNotFound
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.call import Spent
from sagewai.models.history import AUDITED, Attempt, AuditEntry, DeadLetter, Event, EventKind
from sagewai.models.run import Definition, ErrorInfo
from sagewai.models.status import TERMINAL, ApprovalStatus, Outcome, RunStatus, WaitReason

T = TypeVar("T")

KEPT_MINUTES = 1_440
"""For so many minutes it is kept how many runs came into each status."""

_RESTING = TERMINAL | {RunStatus.WAITING, RunStatus.PAUSED}


class State:
    """Everything the store holds. ``now`` is the time of the transaction, ``heard`` the topics it touches."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: set[Topic] = set()
        self.runs: dict[int, RunRow] = {}  # in the order of their keys
        self.keys = 0
        self.by_id: dict[str, RunRow] = {}
        self.by_status: defaultdict[RunStatus, set[int]] = defaultdict(set)
        self.counters: Counter[tuple[str, RunStatus]] = Counter()
        self.minutes: dict[int, Counter[RunStatus]] = {}  # since 1970: how many runs came into each status
        self.paused_pools: set[str] = set()
        self.routes: dict[tuple[str, str, str, str], int] = {}  # (pool, workflow, version, labels) to id
        self.ready: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)  # per route: (-priority, key)
        self.timers: list[tuple[float, int]] = []
        self.run_deadlines: list[tuple[float, int]] = []  # until they have come, however the run stands
        self.sessions: dict[int, SessionRow] = {}
        self.definitions: dict[str, Definition] = {}  # by workflow: what the session opened last brought
        self.signals = 0
        self.approvals: dict[int, ApprovalRow] = {}
        self.pending_approvals: set[int] = set()
        self.deadlines: list[tuple[float, int]] = []  # of the pending ones
        self.events = 0
        self.by_people: list[Event] = []
        self.audit: list[AuditEntry] = []
        self.calls = 0
        self.spending: dict[tuple[date, str, str], Spent] = {}  # by day (UTC), workflow, model
        self.dead: dict[int, tuple[int, DeadLetter]] = {}  # by the run's key, numbered as they come
        self.deaths = 0
        self.bulks: dict[int, BulkRow] = {}
        self.jobs = 0

    def run(self, run_id: str) -> RunRow:
        try:
            return self.by_id[run_id]
        except KeyError:
            raise RunNotFound(f"no run {run_id!r} in this store", run_id=run_id) from None

    def route(self, pool: str, workflow: str, version: str, labels: Mapping[str, str]) -> int:
        """The id of the route with these, new or known. ``labels`` are encoded."""
        name = (pool, workflow, version, json.dumps(dict(sorted(labels.items()))))
        return self.routes.setdefault(name, len(self.routes) + 1)

    def time(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, UTC)

    # -- runs -----------------------------------------------------------------------------------------------------

    def next_key(self) -> int:
        """Of a run: counted from 1, and never given again."""
        self.keys += 1
        return self.keys

    def add(self, run: RunRow) -> None:
        self.runs[run.key] = self.by_id[run.run_id] = run
        if run.deadline is not None:
            insort(self.run_deadlines, (run.deadline, run.key))
        self._enter(run)

    def move(
        self,
        run: RunRow,
        status: RunStatus,
        *,
        wait: WaitReason | None = None,
        due: float | None = None,
        session: SessionRow | None = None,
        asked: Asked | None = None,
    ) -> None:
        """How a status changes. Whoever held the run lets go; nothing but ``asked`` is asked of it any more, and it
        is assigned to nobody."""
        self._leave(run)
        self.unassign(run)
        run.status, run.wait, run.due, run.changed = status, wait, due, self.now
        run.asked = asked
        run.session = session.id if session else None
        self._enter(run)
        self.note_came(run)

    def make_ready(self, run: RunRow, asked: Asked | None = None) -> None:
        """How a paused run becomes pending: whom it is assigned to stays."""
        self._leave(run)
        run.status, run.changed, run.asked = RunStatus.PENDING, self.now, asked
        self._enter(run)
        self.note_came(run)

    def note_came(self, run: RunRow) -> None:
        """It has come into its status in this minute; what was longer ago than a day is forgotten."""
        minute = int(self.now // 60)
        if minute not in self.minutes:
            self.minutes[minute] = Counter()
            for old in [each for each in self.minutes if each <= minute - KEPT_MINUTES]:
                del self.minutes[old]
        self.minutes[minute][run.status] += 1

    def reroute(self, run: RunRow, version: str) -> None:
        """Let only those find the run who have code of this version."""
        self._leave(run)
        run.route = self.route(run.pool, run.workflow, version, run.labels)
        self._enter(run)

    def reprioritise(self, run: RunRow, priority: int) -> None:
        self._leave(run)
        run.priority = priority
        self._enter(run)

    def assign(self, run: RunRow, session: SessionRow, until: float) -> None:
        self.unassign(run)
        run.assigned_to, run.assigned_until = session.id, until
        session.assigned.add(run.key)

    def unassign(self, run: RunRow) -> None:
        if run.assigned_to is not None:
            self.sessions[run.assigned_to].assigned.discard(run.key)
            run.assigned_to = None

    def remove(self, runs: Sequence[RunRow]) -> None:
        """Forget runs that are over, with all that is theirs alone."""
        names = {run.run_id for run in runs}
        self.by_people = [event for event in self.by_people if event.run_id not in names]
        for run in runs:
            self._leave(run)
            del self.runs[run.key], self.by_id[run.run_id]
            self.dead.pop(run.key, None)
            for approval in run.approvals:
                del self.approvals[approval.id]
            if run.deadline is not None:
                _drop(self.run_deadlines, (run.deadline, run.key))

    def forget_deadline(self, run: RunRow) -> None:
        """Take a deadline away that has passed, swept or not; one that lies ahead holds."""
        if run.deadline is not None and run.deadline <= self.now:
            _drop(self.run_deadlines, (run.deadline, run.key))
            run.deadline = None

    def _enter(self, run: RunRow) -> None:
        self.by_status[run.status].add(run.key)
        self.counters[run.pool, run.status] += 1
        if run.status is RunStatus.PENDING:
            insort(self.ready[run.route], (-run.priority, run.key))
            self.heard.add("work")
        if run.due is not None:
            insort(self.timers, (run.due, run.key))
        if run.session is not None:
            self.sessions[run.session].held.add(run.key)
        if run.status in _RESTING:
            self.heard.add("done")

    def _leave(self, run: RunRow) -> None:
        self.by_status[run.status].discard(run.key)
        self.counters[run.pool, run.status] -= 1
        if run.status is RunStatus.PENDING:
            _drop(self.ready[run.route], (-run.priority, run.key))
        if run.due is not None:
            _drop(self.timers, (run.due, run.key))
        if run.session is not None:
            self.sessions[run.session].held.discard(run.key)

    # -- endings --------------------------------------------------------------------------------------------------

    def end(self, run: RunRow, status: RunStatus, *, by: Actor = SYSTEM, reason: str = "") -> None:
        """A terminal status; what the run still asked of people is closed by the same person."""
        self.move(run, status)
        run.ended_by, run.ended_for = by.name, reason
        for approval in run.pending_approvals():
            self.close_approval(approval, ApprovalStatus.CANCELLED, by)

    def cancel(self, run: RunRow, by: Actor, reason: str) -> None:
        self.end(run, RunStatus.CANCELLED, by=by, reason=reason)
        self.tell(run, EventKind.CANCELLED, by, reason)

    def pause(self, run: RunRow, by: Actor, reason: str) -> None:
        self.move(run, RunStatus.PAUSED)
        self.tell(run, EventKind.PAUSED, by, reason)

    def fail(self, run: RunRow, error: ErrorInfo) -> None:
        """Failed for good: the dead letter comes with it."""
        self.end(run, RunStatus.FAILED)
        run.error = error
        self.tell(run, EventKind.FAILED, detail={"error": error.type})
        self.deaths += 1
        letter = DeadLetter(
            run_id=run.run_id,
            workflow=run.workflow,
            pool=run.pool,
            step=run.step,
            attempts=run.attempt,
            takeovers=run.takeovers,
            error=error,
            failed_at=self.time(self.now),
        )
        self.dead[run.key] = (self.deaths, letter)

    # -- approvals ------------------------------------------------------------------------------------------------

    def approval(self, approval_id: int) -> ApprovalRow:
        try:
            return self.approvals[approval_id]
        except KeyError:
            raise ApprovalNotFound(f"no approval {approval_id} in this store") from None

    def add_approval(self, approval: ApprovalRow) -> None:
        approval.run.approvals.append(approval)
        self.approvals[approval.id] = approval
        self.pending_approvals.add(approval.id)
        if approval.deadline is not None:
            insort(self.deadlines, (approval.deadline, approval.id))

    def escalate(self, approval: ApprovalRow, to: str) -> None:
        """The next of its ladder joins, and its timeout begins again."""
        _drop(self.deadlines, (approval.deadline or 0.0, approval.id))
        approval.level += 1
        approval.deadline = self.now + (approval.request.timeout or 0.0)
        insort(self.deadlines, (approval.deadline, approval.id))
        detail = {"to": to, "deadline_at": self.time(approval.deadline).isoformat()}
        self.tell(approval.run, EventKind.APPROVAL_ESCALATED, detail={**gate_detail(approval), **detail})

    def settle_approval(self, approval: ApprovalRow, status: ApprovalStatus) -> None:
        """The only way an approval's status changes."""
        approval.status = status
        self.pending_approvals.discard(approval.id)
        if approval.deadline is not None:
            _drop(self.deadlines, (approval.deadline, approval.id))

    def close_approval(self, approval: ApprovalRow, status: ApprovalStatus, by: Actor = SYSTEM) -> None:
        """End it without a decision, with its event."""
        self.settle_approval(approval, status)
        self.tell(approval.run, _CLOSING[status], by, detail=gate_detail(approval))

    # -- history --------------------------------------------------------------------------------------------------

    def tell(
        self,
        run: RunRow | None,
        kind: EventKind,
        by: Actor = SYSTEM,
        reason: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        self.events += 1
        event = Event(
            id=self.events,
            run_id=run.run_id if run else None,
            at=self.time(self.now),
            kind=kind,
            actor=by.name,
            source=by.source,
            assurance=by.assurance,
            reason=reason,
            detail=MappingProxyType(dict(detail or {})),
        )
        if run is not None:
            run.events.append(event)
        if by.source != SYSTEM.source:
            self.by_people.append(event)
            if kind in AUDITED:
                self._audit(event)

    def _audit(self, event: Event) -> None:
        entry = AuditEntry(
            number=len(self.audit) + 1,
            at=event.at.isoformat(),
            kind=event.kind.value,
            run_id=event.run_id or "",
            actor=event.actor,
            source=event.source,
            assurance=event.assurance,
            reason=event.reason,
            detail=json.dumps(dict(event.detail), ensure_ascii=False),
            hash="",
        )
        before = self.audit[-1].hash if self.audit else BEGINNING
        self.audit.append(replace(entry, hash=expected(before, entry)))

    def note_attempt(
        self,
        run: RunRow,
        outcome: Outcome,
        *,
        result: str | None = None,
        error: ErrorInfo | None = None,
        delay: float | None = None,
    ) -> None:
        """The attempt under way ended; to be called while its owner still holds the run."""
        run.attempts.append(
            Attempt(
                run_id=run.run_id,
                seq=run.seq,
                step=run.step or "",
                attempt=run.attempt,
                token=run.token,
                worker=self.worker_of(run),
                outcome=outcome,
                started_at=self.time(min(run.step_started, self.now)),
                finished_at=self.time(self.now),
                result_bytes=None if result is None else len(result.encode()),
                error=error,
                delay=delay,
            )
        )

    def worker_of(self, run: RunRow) -> str | None:
        return None if run.session is None else self.sessions[run.session].spec.name


_CLOSING = {
    ApprovalStatus.CANCELLED: EventKind.APPROVAL_CANCELLED,
    ApprovalStatus.SUPERSEDED: EventKind.APPROVAL_SUPERSEDED,
    ApprovalStatus.EXPIRED: EventKind.APPROVAL_EXPIRED,
}


def gate_detail(approval: ApprovalRow) -> dict[str, object]:
    """What every event about an approval names."""
    return {"approval_id": approval.id, "gate": approval.request.gate}


def due(index: list[tuple[float, int]], now: float, limit: int, row: Callable[[int], T]) -> list[T]:
    """The first ``limit`` rows of a time index whose time has come."""
    return [row(key) for at, key in index[:limit] if at <= now]


def _drop(index: list[tuple[T, int]], entry: tuple[T, int]) -> None:
    at = bisect_left(index, entry)
    if at < len(index) and index[at] == entry:
        del index[at]
