"""What operators do to a run, by the table of legal transitions."""

from __future__ import annotations

from dataclasses import dataclass

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.changes import Changes, Head, head_of
from sagewai.core.stores.sqlite.rows import RUN, run_of
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.transitions import Operation, after
from sagewai.errors import DeadLetterNotFound, InvalidOptionError, InvalidTransition
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.run import Run
from sagewai.models.status import Ask, RunStatus


@dataclass(frozen=True, slots=True)
class _Order:
    """What somebody wants, and the status that the table gives for it."""

    status: RunStatus
    by: Actor
    reason: str
    priority: int | None


def operate(
    tx: Transaction, run_id: str, operation: Operation, actor: Actor, reason: str, priority: int | None
) -> Run:
    run = head_of(tx, run_id)
    change = _HOW.get(operation)
    if change is None:
        raise InvalidOptionError(
            f"an operator can't {operation} a run: use one of {', '.join(each.name for each in _HOW)}"
        )
    status = after(words.STATUS[run.status], operation, run_id=run_id)
    changes = Changes(tx)
    change(changes, run, _Order(status, actor, reason, priority))
    changes.write()
    (row,) = tx.rows(f"{RUN} where r.id = ?", run.key)
    return run_of(row)


def _cancel(changes: Changes, run: Head, order: _Order) -> None:
    if order.status is RunStatus.RUNNING:
        _ask(changes, run, Ask.CANCEL, order)
    else:
        changes.cancel(run, order.by, order.reason)


def _pause(changes: Changes, run: Head, order: _Order) -> None:
    if order.status is RunStatus.RUNNING:
        _ask(changes, run, Ask.PAUSE, order)
    else:
        changes.pause(run, order.by, order.reason)


def _ask(changes: Changes, run: Head, ask: Ask, order: _Order) -> None:
    before = None if run.asked is None else words.ASK[run.asked]
    if before is None or (before is Ask.PAUSE and ask is Ask.CANCEL):
        tx = changes.tx
        ttl = tx.value("select lease_ttl from sessions where id = ?", run.session)
        tx.change("update runs set asked = ? where id = ?", words.ASK_CODE[ask], run.key)
        _note_ask(tx, run, ask, order, overdue=tx.now + 2 * ttl if ask is Ask.CANCEL else None)
    elif before is not ask:
        raise InvalidTransition(f"can't {ask} run {run.run_id!r}: it is being cancelled", run_id=run.run_id)
    kind = EventKind.CANCEL_REQUESTED if ask is Ask.CANCEL else EventKind.PAUSE_REQUESTED
    changes.events.note(run.key, kind, actor=order.by, reason=order.reason)


def _note_ask(tx: Transaction, run: Head, ask: Ask, order: _Order, *, overdue: int | None) -> None:
    tx.change(
        "insert or replace into asks (run, ask, actor, source, assurance, reason, overdue_at) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        run.key,
        words.ASK_CODE[ask],
        order.by.name,
        order.by.source,
        order.by.assurance,
        order.reason,
        overdue,
    )


def _resume(changes: Changes, run: Head, order: _Order) -> None:
    before = words.STATUS[run.status]
    if before is not RunStatus.PAUSED:
        if run.asked is None or words.ASK[run.asked] is not Ask.PAUSE:
            raise InvalidTransition(
                f"can't resume run {run.run_id!r}: it is {before} and nobody asked it to pause",
                run_id=run.run_id,
            )
        changes.tx.change("update runs set asked = null where id = ?", run.key)
        changes.tx.change("delete from asks where run = ?", run.key)
    else:
        changes.tx.change(_READY, changes.tx.now, None, run.key)
    changes.events.note(run.key, EventKind.RESUMED, actor=order.by, reason=order.reason)


def _step(changes: Changes, run: Head, order: _Order) -> None:
    changes.tx.change(_READY, changes.tx.now, words.ASK_CODE[Ask.PAUSE], run.key)
    _note_ask(changes.tx, run, Ask.PAUSE, order, overdue=None)
    changes.events.note(run.key, EventKind.STEPPED, {"step": run.step}, actor=order.by, reason=order.reason)


def _retry(changes: Changes, run: Head, order: _Order) -> None:
    _pop_dead_letter(changes, run)
    changes.tx.change("delete from endings where run = ?", run.key)
    # A deadline that passed while the run was over, and that no sweep has seen yet, mustn't end it again.
    changes.tx.change("delete from deadlines where run = ? and at <= ?", run.key, changes.tx.now)
    run.attempt, run.takeovers = 1, 0
    changes.move(run, order.status)
    changes.events.note(run.key, EventKind.RETRIED, {"step": run.step}, actor=order.by, reason=order.reason)


def _discard(changes: Changes, run: Head, order: _Order) -> None:
    error_type = _pop_dead_letter(changes, run)
    changes.events.note(
        run.key, EventKind.DISCARDED, {"error": error_type}, actor=order.by, reason=order.reason
    )


def _set_priority(changes: Changes, run: Head, order: _Order) -> None:
    if order.priority is None:
        raise InvalidOptionError(f"the priority of run {run.run_id!r} can't be set to nothing: give an int")
    changes.tx.change("update runs set priority = ? where id = ?", order.priority, run.key)
    detail = {"before": run.priority, "after": order.priority}
    changes.events.note(run.key, EventKind.PRIORITY_CHANGED, detail, actor=order.by, reason=order.reason)


def _pop_dead_letter(changes: Changes, run: Head) -> str:
    popped = changes.tx.rows("delete from dead_letters where run = ? returning error_type", run.key)
    if not popped:
        raise DeadLetterNotFound(f"run {run.run_id!r} has no dead letter: it was discarded")
    error_type: str = popped[0][0]
    return error_type


_READY = "update runs set status = 1, changed_at = ?, asked = ? where id = ?"
"""Of a paused run: whom it is assigned to stays."""

_HOW = {
    Operation.CANCEL: _cancel,
    Operation.PAUSE: _pause,
    Operation.RESUME: _resume,
    Operation.STEP: _step,
    Operation.RETRY: _retry,
    Operation.DISCARD: _discard,
    Operation.SET_PRIORITY: _set_priority,
}
