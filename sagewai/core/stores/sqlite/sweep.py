"""What time makes due: lapsed sessions, unheeded cancels, deadlines of runs, timers, deadlines of approvals."""

from __future__ import annotations

from sagewai.core.policies import decode_policy
from sagewai.core.stores import words
from sagewai.core.stores.base import (
    DEADLINE_PASSED,
    EXPIRED_REASON,
    POISON_LIMIT,
    POISONED,
    SUSPECT_AFTER,
    Ticked,
)
from sagewai.core.stores.sqlite.approvals import has_rung_left
from sagewai.core.stores.sqlite.changes import Changes, Head, heads_of
from sagewai.core.stores.sqlite.rows import error_text, read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.stores.sqlite.waits import settle_due
from sagewai.models.history import EventKind
from sagewai.models.status import TERMINAL, ApprovalStatus, Ask, Outcome, RunStatus

# Each names its index: left to itself, SQLite reads all waiting runs for the timers that are due, and sorts them.
_LAPSED = (
    "select id, name from sessions indexed by sessions_live where status <= 3 and lease_until <= ? "
    "order by lease_until limit ?"
)
_OVERDUE = "select run from asks indexed by asks_overdue where overdue_at <= ? order by overdue_at limit ?"
_OVER = "select run from deadlines indexed by deadlines_at where at <= ? order by at limit ?"
_TIMERS = "select id from runs indexed by runs_due where status = 3 and due_at <= ? order by due_at limit ?"
_LATE = (
    "select id, run, gate, policy, level, timeout from approvals indexed by approvals_due "
    "where status = 1 and deadline_at <= ? order by deadline_at limit ?"
)
_DUE = (_LAPSED, _OVERDUE, _OVER, _TIMERS, _LATE)


def peek(tx: Transaction) -> Ticked | None:
    """What a sweep that finds nothing due gives; None where something is."""
    return None if any(tx.rows(due, tx.now, 1) for due in _DUE) else Ticked()


def tick(tx: Transaction, limit: int) -> Ticked:
    lapsed, taken = _take_over(tx, limit)
    stuck = _cancel_unheeded(tx, limit)
    over, timed_out = _time_out(tx, limit)
    woken = _wake(tx, limit)
    expired, escalated = _expire(tx, limit)
    return Ticked(
        lapsed_sessions=lapsed,
        taken_over=sum(status in (RunStatus.PENDING, RunStatus.PAUSED) for status in taken),
        poisoned=taken.count(RunStatus.FAILED),
        woken=woken,
        expired=expired,
        escalated=escalated,
        cancelled=taken.count(RunStatus.CANCELLED) + stuck,
        timed_out=timed_out,
        more=max(lapsed, len(taken), stuck, over, woken, expired + escalated) >= limit,
    )


def _take_over(tx: Transaction, limit: int) -> tuple[int, list[RunStatus]]:
    """Session by session, each with all its runs: whether it held a suspect must be seen by each of them."""
    taken: list[RunStatus] = []
    lapsed = 0
    for session, worker in tx.rows(_LAPSED, tx.now, limit):
        if len(taken) >= limit:
            break
        tx.change("update sessions set status = 5, ended_at = ? where id = ?", tx.now, session)
        lapsed += 1
        held = [key for (key,) in tx.rows("select id from runs where session = ? order by id", session)]
        runs = list(heads_of(tx, held).values())
        suspects = [run for run in runs if run.takeovers >= SUSPECT_AFTER]
        for run in suspects or runs:
            run.takeovers += 1
        changes = Changes(tx)
        taken += [_take_from_lapsed(changes, run, worker) for run in runs]
        changes.write()
    return lapsed, taken


def _take_from_lapsed(changes: Changes, run: Head, worker: str) -> RunStatus:
    changes.note_attempt(run, Outcome.LOST)
    detail = {"token": run.token + 1, "worker": worker, "takeovers": run.takeovers}
    changes.events.note(run.key, EventKind.TAKEN_OVER, detail)
    asked = None if run.asked is None else words.ASK[run.asked]
    if asked is Ask.CANCEL:
        changes.cancel(run, *changes.asker(run), fence=1)
        return RunStatus.CANCELLED
    if run.takeovers >= POISON_LIMIT:
        changes.fail(run, error_text(POISONED), fence=1)
        return RunStatus.FAILED
    if asked is Ask.PAUSE:
        changes.pause(run, *changes.asker(run), fence=1)
        return RunStatus.PAUSED
    changes.move(run, RunStatus.PENDING, fence=1)
    return RunStatus.PENDING


def _cancel_unheeded(tx: Transaction, limit: int) -> int:
    changes = Changes(tx)
    runs = heads_of(tx, [key for (key,) in tx.rows(_OVERDUE, tx.now, limit)])
    for run in runs.values():
        changes.note_attempt(run, Outcome.CANCELLED)
        changes.cancel(run, *changes.asker(run), fence=1)
    changes.write()
    return len(runs)


def _time_out(tx: Transaction, limit: int) -> tuple[int, int]:
    """How many deadlines passed, and how many runs failed at theirs: many will be over long before."""
    changes = Changes(tx)
    over = [key for (key,) in tx.rows(_OVER, tx.now, limit)]
    late = [run for run in heads_of(tx, over).values() if words.STATUS[run.status] not in TERMINAL]
    for run in late:
        fence = int(run.status == words.RUNNING)
        if fence:
            changes.note_attempt(run, Outcome.TIMED_OUT)
        changes.events.note(run.key, EventKind.DEADLINE_PASSED)
        changes.fail(run, error_text(DEADLINE_PASSED), fence=fence)
    changes.write()
    tx.change_many("delete from deadlines where run = ?", [(key,) for key in over])
    return len(over), len(late)


def _wake(tx: Transaction, limit: int) -> int:
    changes = Changes(tx)
    runs = heads_of(tx, [key for (key,) in tx.rows(_TIMERS, tx.now, limit)])
    for run in runs.values():
        run.wakeups += 1
        changes.move(run, RunStatus.PENDING)
        by = "timer" if settle_due(tx, run.key) or run.attempt == 1 else "retry"
        changes.events.note(run.key, EventKind.WOKEN, {"by": by})
    changes.write()
    return len(runs)


def _expire(tx: Transaction, limit: int) -> tuple[int, int]:
    """How many approvals expired, and how many had somebody left to ask."""
    changes = Changes(tx)
    late = tx.rows(_LATE, tx.now, limit)
    ended: list[int] = []
    for approval, run, gate, policy, level, timeout in late:
        rules = decode_policy(policy)
        if has_rung_left(rules, level):
            deadline = tx.now + timeout
            tx.change(
                "update approvals set level = level + 1, deadline_at = ? where id = ?", deadline, approval
            )
            detail = {
                "approval_id": approval,
                "gate": gate,
                "to": rules.escalate_to[level],
                "deadline_at": read_time(deadline).isoformat(),
            }
            changes.events.note(run, EventKind.APPROVAL_ESCALATED, detail)
        else:
            changes.close_approval(run, approval, gate, ApprovalStatus.EXPIRED)
            tx.change("update runs set wakeups = wakeups + 1 where id = ?", run)
            ended.append(run)
    for head in heads_of(tx, list(dict.fromkeys(ended))).values():
        if head.status in (words.PENDING, words.WAITING, words.PAUSED):
            changes.end(head, RunStatus.REJECTED, reason=EXPIRED_REASON)
    changes.write()
    return len(ended), len(late) - len(ended)
