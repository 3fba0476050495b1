"""The owner's transitions: any number of runs' moves in one transaction, each fenced by (token, rev)."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.stores import words
from sagewai.core.stores.sqlite import gates
from sagewai.core.stores.sqlite.changes import Changes, Head, heads_of
from sagewai.core.stores.sqlite.rows import error_text, read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.transitions import settle
from sagewai.models.history import EventKind
from sagewai.models.run import ErrorInfo
from sagewai.models.status import Outcome, RunStatus, WaitReason
from sagewai.models.transition import Move, Transition


def record(tx: Transaction, transitions: Sequence[Transition]) -> list[RunStatus | None]:
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
    status = settle(move.move, asked=asked, woken=run.wakeups > move.wakeups)
    retried = move.move in (Move.RETRY, Move.RETRY_LATER)
    session, delay = run.session, move.delay if retried else None
    changes.note_attempt(run, move.outcome, step=move.step, result=move.result, error=move.error, delay=delay)
    _progress(run, move)
    if move.move is Move.PARK and status is not RunStatus.CANCELLED:
        gates.request(changes, run.key, move.step, move.requests)

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
        _wait(changes, run, move)
    elif move.move is Move.RELEASED:
        changes.move(run, status)
        worker = changes.tx.value("select name from sessions where id = ?", session)
        changes.events.note(run.key, EventKind.RELEASED, {"token": run.token, "worker": worker})
    else:  # parked, but woken meanwhile
        changes.move(run, status)
        changes.events.note(run.key, EventKind.WOKEN, {"by": WaitReason.APPROVAL.value})
    return status


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


def _wait(changes: Changes, run: Head, move: Transition) -> None:
    if move.move is Move.PARK:
        changes.move(run, RunStatus.WAITING, wait=WaitReason.APPROVAL)
        changes.events.note(run.key, EventKind.WAITING, {"for": WaitReason.APPROVAL.value})
        return
    due = changes.tx.now + round(move.delay * 1e6)
    changes.move(run, RunStatus.WAITING, wait=WaitReason.TIMER, due=due)
    detail = {"for": WaitReason.TIMER.value, "due_at": read_time(due).isoformat()}
    changes.events.note(run.key, EventKind.WAITING, detail)
