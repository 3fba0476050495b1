"""What steps wait for besides people: timers and signals, recorded when a run parks and settled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.changes import Changes, head_of
from sagewai.core.stores.sqlite.rows import SIGNAL, WAIT, micros, signal_of, wait_of
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.transitions import Operation, after
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus, WaitReason, WaitStatus
from sagewai.models.wait import Signal, Wait, WaitRequest

_PENDING = words.WAIT_STATUS_CODE[WaitStatus.PENDING]
_FIRED = words.WAIT_STATUS_CODE[WaitStatus.FIRED]
_EXPIRED = words.WAIT_STATUS_CODE[WaitStatus.EXPIRED]
_SIGNAL = words.KIND_CODE["signal"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the waits of one park stand: the kind of the first that is settled, else what is pending and until when."""

    settled: WaitReason | None
    pending: frozenset[WaitReason]
    due: int | None


def ask(tx: Transaction, run: int, requests: Sequence[WaitRequest]) -> Standing:
    """Record what a park waits for and doesn't have yet; settle what is there already."""
    settled: WaitReason | None = None
    pending: set[WaitReason] = set()
    dues: list[int] = []
    for request in requests:
        tx.change(
            _RECORD,
            run,
            request.step,
            request.branch,
            request.key,
            words.KIND_CODE[request.kind],
            request.name,
            tx.now,
            _due(request, tx.now),
        )
        ((wait, kind, name, status, due),) = tx.rows(RECORDED, run, request.step, request.branch, request.key)
        if status != _PENDING or _settle(tx, run, wait, kind, name, due):
            settled = settled or words.WAIT[kind]
            continue
        pending.add(words.WAIT[kind])
        if due is not None:
            dues.append(due)
    return Standing(settled, frozenset(pending), min(dues, default=None))


def _settle(tx: Transaction, run: int, wait: int, kind: int, name: str, due: int | None) -> bool:
    """Settle a pending wait if what it waits for is there: a signal that was kept counts before the time-out."""
    sent = tx.value(KEPT, run, name) if kind == _SIGNAL else None
    if sent is not None:
        _take(tx, wait, sent)
    elif due is not None and due <= tx.now:
        status = _EXPIRED if kind == _SIGNAL else _FIRED
        tx.change("update waits set status = ?, settled_at = ? where id = ?", status, tx.now, wait)
    else:
        return False
    return True


def _due(request: WaitRequest, now: int) -> int | None:
    if request.until is not None:
        return micros(request.until)
    return None if request.delay is None else now + round(request.delay * 1e6)


def settle_due(tx: Transaction, run: int) -> int:
    """Settle all of the run's waits that are due: a timer fires, a signal's expires. How many there were."""
    return tx.change(SETTLE, tx.now, run)


def signal(tx: Transaction, run_id: str, name: str, payload: str, actor: Actor) -> Signal:
    run = head_of(tx, run_id)
    before = words.STATUS[run.status]
    after(before, Operation.SIGNAL, run_id=run_id)
    sent = tx.insert(
        "insert into signals (run, name, payload, sent_at, actor, source, assurance) values (?, ?, ?, ?, ?, ?, ?)",
        run.key,
        name,
        payload,
        tx.now,
        actor.name,
        actor.source,
        actor.assurance,
    )
    changes = Changes(tx)
    changes.events.note(run.key, EventKind.SIGNALLED, {"signal_id": sent, "name": name}, actor=actor)
    run.wakeups += 1
    tx.change("update runs set wakeups = ? where id = ?", run.wakeups, run.key)
    wait = tx.value(AWAITING, run.key, run.step, name)
    if wait is not None:
        _take(tx, wait, sent)
        if before is RunStatus.WAITING:
            changes.move(run, after(before, Operation.WAKE, run_id=run_id))
            changes.events.note(run.key, EventKind.WOKEN, {"by": WaitReason.SIGNAL.value})
    changes.write()
    (row,) = tx.rows(f"{SIGNAL} where g.id = ?", sent)
    return signal_of(row)


def _take(tx: Transaction, wait: int, sent: int) -> None:
    tx.change(
        "update waits set status = ?, settled_at = ?, signal = ? where id = ?", _FIRED, tx.now, sent, wait
    )
    tx.change("update signals set taken = 1 where id = ?", sent)


def waits_of(tx: Transaction, run_id: str, step: str | None) -> list[Wait]:
    rows = tx.rows(
        f"{WAIT} where w.run = (select id from runs where run_id = ?1) and w.step = ifnull(?2, w.step) order by w.id",
        run_id,
        step,
    )
    return [wait_of(row, run_id) for row in rows]


def signals_of(tx: Transaction, run_id: str) -> list[Signal]:
    rows = tx.rows(f"{SIGNAL} where g.run = ? order by g.id", head_of(tx, run_id).key)
    return [signal_of(row) for row in rows]


_RECORD = """
insert into waits (run, step, branch, key, kind, name, asked_at, due_at) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (run, step, branch, key) do nothing
"""

RECORDED = (
    "select id, kind, name, status, due_at from waits where run = ? and step = ? and branch = ? and key = ?"
)

KEPT = "select id from signals where run = ? and name = ? and taken = 0 order by id limit 1"

AWAITING = f"""
select id from waits indexed by waits_pending
where run = ? and status = 1 and kind = {_SIGNAL} and step = ? and name = ? order by id limit 1
"""

SETTLE = f"""
update waits indexed by waits_pending
set status = iif(kind = {_SIGNAL}, {_EXPIRED}, {_FIRED}), settled_at = ?1
where run = ?2 and status = 1 and due_at <= ?1
"""
