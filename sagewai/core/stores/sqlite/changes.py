"""The few changes a run can undergo, gathered by a unit of work and written in as few statements as it takes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sagewai.core.codec import require_storable
from sagewai.core.stores import words
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.rows import read_error
from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.errors import RunNotFound
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus, Outcome, RunStatus, WaitReason

_COLUMNS = (
    "r.id, r.run_id, r.workflow, r.status, r.token, r.rev, r.seq, r.attempt, r.step, r.step_started, r.session, "
    "r.wakeups, r.takeovers, r.asked, r.priority"
)

CLOSING = {
    ApprovalStatus.CANCELLED: EventKind.APPROVAL_CANCELLED,
    ApprovalStatus.SUPERSEDED: EventKind.APPROVAL_SUPERSEDED,
    ApprovalStatus.EXPIRED: EventKind.APPROVAL_EXPIRED,
}


@dataclass(slots=True)
class Head:
    """The hot row of a run, in memory for the length of a transaction."""

    key: int
    run_id: str
    workflow: int
    status: int
    token: int
    rev: int
    seq: int
    attempt: int
    step: str | None
    step_started: int | None
    session: int | None
    wakeups: int
    takeovers: int
    asked: int | None
    priority: int


def head_of(tx: Transaction, run_id: str) -> Head:
    """Raises RunNotFound."""
    row = tx.row(f"select {_COLUMNS} from runs r where r.run_id = ?", run_id)
    if row is None:
        raise RunNotFound(f"no run {run_id!r} in this store", run_id=run_id)
    return Head(*row)


def heads_of(tx: Transaction, keys: list[int]) -> dict[int, Head]:
    rows = tx.rows(f"select {_COLUMNS} from json_each(?) j join runs r on r.id = j.value", json.dumps(keys))
    return {row[0]: Head(*row) for row in rows}


class Changes:
    """What one transaction makes of runs. Nothing of runs, attempts and events is written before :meth:`write`."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.events = Events(tx)
        self._went_on: list[tuple[Value, ...]] = []
        self._trusted: list[tuple[Value, ...]] = []
        self._moved: list[tuple[Value, ...]] = []
        self._attempts: list[tuple[Value, ...]] = []
        self._endings: list[tuple[Value, ...]] = []
        self._dead: list[tuple[Value, ...]] = []
        self._obeyed: list[tuple[Value, ...]] = []

    def go_on(self, run: Head, *, after: float) -> None:
        """It stays with its owner, and its next attempt starts ``after`` seconds from now."""
        started = self.tx.now + round(after * 1e6)
        self._went_on.append((run.rev, run.seq, run.attempt, run.step, started, run.key))
        if run.takeovers:
            self._trusted.append((run.key,))

    def move(
        self,
        run: Head,
        status: RunStatus,
        *,
        wait: WaitReason | None = None,
        due: int | None = None,
        fence: int = 0,
    ) -> None:
        """A new status for a run that is at rest from now on: nobody holds it, nothing is asked of it or assigned any
        more. ``fence`` 1 shuts out the owner it had; the other columns become what ``run`` has."""
        if run.asked is not None:
            self._obeyed.append((run.key,))
            run.asked = None
        self._moved.append(
            (
                words.STATUS_CODE[status],
                None if wait is None else words.WAIT_CODE[wait],
                due,
                self.tx.now,
                run.token + fence,
                run.rev + fence,
                run.seq,
                run.attempt,
                run.step,
                run.wakeups,
                run.takeovers,
                run.key,
            )
        )
        run.status, run.session = words.STATUS_CODE[status], None
        run.token, run.rev = run.token + fence, run.rev + fence

    def end(
        self,
        run: Head,
        status: RunStatus,
        *,
        by: Actor = SYSTEM,
        reason: str = "",
        error: str | None = None,
        fence: int = 0,
    ) -> None:
        """A terminal status; what the run still asked of people is closed on the same account."""
        self.move(run, status, fence=fence)
        if status is not RunStatus.COMPLETED:
            self._endings.append((run.key, by.name, reason, error))
        pending = self.tx.rows(
            "select id, gate from approvals where run = ? and status = 1 order by id", run.key
        )
        for approval, gate in pending:
            self.close_approval(run.key, approval, gate, ApprovalStatus.CANCELLED, by)

    def cancel(self, run: Head, by: Actor, reason: str, *, fence: int = 0) -> None:
        self.end(run, RunStatus.CANCELLED, by=by, reason=reason, fence=fence)
        self.events.note(run.key, EventKind.CANCELLED, actor=by, reason=reason)

    def pause(self, run: Head, by: Actor, reason: str, *, fence: int = 0) -> None:
        self.move(run, RunStatus.PAUSED, fence=fence)
        self.events.note(run.key, EventKind.PAUSED, actor=by, reason=reason)

    def fail(self, run: Head, error: str, *, fence: int = 0) -> None:
        """Failed for good: the dead letter comes with it. ``error`` is JSON text with ErrorInfo's fields."""
        require_storable(error, "the error")
        kind = read_error(error).type
        self.end(run, RunStatus.FAILED, error=error, fence=fence)
        self.events.note(run.key, EventKind.FAILED, {"error": kind})
        self._dead.append(
            (run.key, run.workflow, kind, run.attempt, run.takeovers, self.tx.now, run.step, error)
        )

    def note_attempt(
        self,
        run: Head,
        outcome: Outcome,
        *,
        step: str | None = None,
        result: str | None = None,
        error: str | None = None,
        delay: float | None = None,
    ) -> None:
        """The attempt under way ended; to be called while its owner still holds the run."""
        now = self.tx.now
        self._attempts.append(
            (
                run.key,
                run.seq,
                run.attempt,
                run.token,
                words.OUTCOME_CODE[outcome],
                run.session,
                min(run.step_started or now, now),
                now,
                delay,
                step or run.step or "",
                error,
                result,
            )
        )

    def close_approval(
        self, run: int, approval: int, gate: str, status: ApprovalStatus, by: Actor = SYSTEM
    ) -> None:
        """End it without a decision, with its event."""
        self.tx.change("update approvals set status = ? where id = ?", words.APPROVAL_CODE[status], approval)
        self.events.note(run, CLOSING[status], {"approval_id": approval, "gate": gate}, actor=by)

    def asker(self, run: Head) -> tuple[Actor, str]:
        """Who first asked what is asked of the run, and why; the engine itself where nothing is."""
        row = self.tx.row("select actor, source, assurance, reason from asks where run = ?", run.key)
        return (SYSTEM, "") if row is None else (Actor(row[0], source=row[1], assurance=row[2]), row[3])

    def write(self) -> None:
        """Everything gathered, once."""
        if self._went_on:  # no indexed column among them
            self.tx.change_many(
                "update runs set rev = ?, seq = ?, attempt = ?, step = ?, step_started = ? where id = ?",
                self._went_on,
            )
        if self._trusted:
            self.tx.change_many("update runs set takeovers = 0 where id = ?", self._trusted)
        if self._moved:
            self.tx.change_many(_MOVE, self._moved)
        if self._attempts:
            self.tx.insert_many(ATTEMPT, self._attempts)
        if self._obeyed:
            self.tx.change_many("delete from asks where run = ?", self._obeyed)
        if self._endings:
            self.tx.change_many(
                "insert or replace into endings (run, actor, reason, error) values (?, ?, ?, ?)",
                self._endings,
            )
        if self._dead:
            self.tx.change_many(
                "insert into dead_letters (run, workflow, error_type, attempts, takeovers, failed_at, step, error) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                self._dead,
            )
        self.events.write()
        self._went_on, self._trusted, self._moved, self._attempts = [], [], [], []
        self._endings, self._dead, self._obeyed = [], [], []


_MOVE = """
update runs set
  status = ?, wait = ?, due_at = ?, changed_at = ?, token = ?, rev = ?, seq = ?, attempt = ?, step = ?, wakeups = ?,
  takeovers = ?, session = null, asked = null, assigned = null, assigned_until = null, step_started = null
where id = ?
"""

ATTEMPT = "attempts (run, seq, attempt, token, outcome, session, started_at, finished_at, delay, step, error, result)"
