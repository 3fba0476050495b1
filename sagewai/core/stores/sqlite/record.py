"""The owner's transitions: any number of runs' moves in one transaction, each fenced by (token, rev)."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.stores import words
from sagewai.core.stores.sqlite import gates, names, progress, waits
from sagewai.core.stores.sqlite.changes import Changes, Head, heads_of
from sagewai.core.stores.sqlite.connection import Connection
from sagewai.core.stores.sqlite.rows import error_text, read_error, read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.transitions import settle
from sagewai.models.history import EventKind
from sagewai.models.run import ErrorInfo
from sagewai.models.status import Ask, Outcome, RunStatus, WaitReason
from sagewai.models.transition import Move, Transition


def record(connection: Connection, transitions: Sequence[Transition]) -> list[RunStatus | None]:
    """In one transaction; mostly that is one statement."""
    if not transitions:
        return []
    plain = [move for move in transitions if progress.takes(move)]
    if len(plain) == len(transitions) <= progress.MAX_ROWS:
        if connection.write_at_once(*progress.statement(plain, connection.now())):
            return [progress.verdict(move) for move in transitions]
        plain = []
    return connection.write(lambda tx: _record(tx, transitions, plain))


def _record(
    tx: Transaction, transitions: Sequence[Transition], plain: Sequence[Transition]
) -> list[RunStatus | None]:
    """Write what is ``plain`` together if that goes, and the others one by one."""
    written: set[int] = set()
    if len({move.key for move in transitions}) == len(transitions):
        for start in range(0, len(plain), progress.MAX_ROWS):
            part = plain[start : start + progress.MAX_ROWS]
            if tx.change_if_allowed(*progress.statement(part, tx.now)):
                written.update(move.key for move in part)
    others = iter(_record_each(tx, [move for move in transitions if move.key not in written]))
    return [progress.verdict(move) if move.key in written else next(others) for move in transitions]


def _record_each(tx: Transaction, transitions: Sequence[Transition]) -> list[RunStatus | None]:
    """Nobody else can change a run between the reading of its head and the writing: the transaction is alone."""
    heads = heads_of(tx, [move.key for move in transitions])
    changes = Changes(tx)
    verdicts: list[RunStatus | None] = []
    for move in transitions:
        run = heads.get(move.key)
        if run is None or run.status != words.RUNNING or (run.token, run.rev) != (move.token, move.rev):
            verdicts.append(None)
        else:
            verdicts.append(_make(changes, run, move))
    changes.write()
    return verdicts


def release(changes: Changes, run: Head) -> None:
    """Hand a run back as its owner would."""
    move = Transition(
        key=run.key,
        token=run.token,
        rev=run.rev,
        move=Move.RELEASED,
        outcome=Outcome.RELEASED,
        seq=run.seq,
        step=run.step or "",
        attempt=run.attempt,
        wakeups=run.wakeups,
    )
    _make(changes, run, move)


def _make(changes: Changes, run: Head, move: Transition) -> RunStatus:
    asked = None if run.asked is None else words.ASK[run.asked]
    retried = move.move in (Move.RETRY, Move.RETRY_LATER)
    session, delay = run.session, move.delay if retried else None
    changes.note_attempt(run, move.outcome, step=move.step, result=move.result, error=move.error, delay=delay)
    _progress(run, move)
    parked = None
    if asked is not Ask.CANCEL:
        if move.move is Move.PARK:
            parked = _park(changes, run, move)
        elif move.move is Move.REFUSED:
            names.reroute(changes.tx, run.key, move.route_version)
    woken = run.wakeups > move.wakeups or (parked is not None and parked.settled is not None)
    status = settle(move.move, asked=asked, woken=woken)

    if status is RunStatus.RUNNING:
        changes.go_on(run, after=move.delay if retried else 0.0)
        return status
    run.takeovers = 0
    if status is RunStatus.CANCELLED:
        changes.cancel(run, *changes.asker(run))
    elif status is RunStatus.PAUSED:
        changes.pause(run, *changes.asker(run))
    elif status is RunStatus.FAILED:
        changes.fail(run, move.error or error_text(ErrorInfo(type="", message="")))
    elif status is RunStatus.COMPLETED:
        changes.end(run, status)
        changes.events.note(run.key, EventKind.COMPLETED)
    elif status is RunStatus.REJECTED:
        changes.end(run, status)
    elif status is RunStatus.WAITING:
        _wait(changes, run, move, parked)
    elif parked is not None:  # but woken meanwhile
        changes.move(run, status)
        by = WaitReason.APPROVAL if move.requests else parked.settled or WaitReason.SIGNAL
        changes.events.note(run.key, EventKind.WOKEN, {"by": by.value})
    else:  # handed back
        changes.move(run, status)
        worker = changes.tx.value("select name from sessions where id = ?", session)
        detail = {"token": run.token, "worker": worker}
        if move.move is Move.REFUSED:
            why = "" if move.error is None else read_error(move.error).message
            changes.events.note(run.key, EventKind.REFUSED, detail, reason=why)
        else:
            changes.events.note(run.key, EventKind.RELEASED, detail)
    return status


def _park(changes: Changes, run: Head, move: Transition) -> waits.Standing:
    """Record what the step asks of people, of time and of other programs."""
    gates.request(changes, run.key, move.step, move.requests)
    return waits.ask(changes.tx, run.key, move.waits)


def _progress(run: Head, move: Transition) -> None:
    run.rev += 1
    if move.move is Move.STEP_DONE:
        run.seq, run.step, run.attempt = run.seq + 1, move.next_step, 1
    elif move.move is Move.COMPLETED:
        run.seq, run.step = run.seq + 1, None
    else:
        run.step = move.step or run.step
        if move.move in (Move.RETRY, Move.RETRY_LATER):
            run.attempt += 1


def _wait(changes: Changes, run: Head, move: Transition, parked: waits.Standing | None) -> None:
    wait = WaitReason.TIMER if parked is None else _reason(changes, run, parked)
    due = changes.tx.now + round(move.delay * 1e6) if parked is None else parked.due
    changes.move(run, RunStatus.WAITING, wait=wait, due=due)
    detail = {"for": wait.value}
    if due is not None:
        detail["due_at"] = read_time(due).isoformat()
    changes.events.note(run.key, EventKind.WAITING, detail)


def _reason(changes: Changes, run: Head, parked: waits.Standing) -> WaitReason:
    """What a parked run is shown to wait for, where it is several things."""
    if not parked.pending or changes.tx.rows(
        "select 1 from approvals where run = ? and status = 1 limit 1", run.key
    ):
        return WaitReason.APPROVAL
    return WaitReason.SIGNAL if WaitReason.SIGNAL in parked.pending else WaitReason.TIMER
