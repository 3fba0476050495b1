"""The audit's table: what people did, each entry chained to the one before. Triggers let it grow and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagewai.core.audit import BEGINNING, link
from sagewai.core.stores.sqlite.rows import read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.actor import Actor
from sagewai.models.history import AuditEntry, EventKind


@dataclass(frozen=True, slots=True)
class Deed:
    """An event to be audited; ``run`` is the run's key, ``detail`` the event's JSON text."""

    run: int | None
    kind: EventKind
    actor: Actor
    reason: str
    detail: str


def append(tx: Transaction, deeds: Sequence[Deed]) -> None:
    """Nobody else can append meanwhile: the transaction is alone."""
    number, before = tx.row("select number, hash from audit order by number desc limit 1") or (0, BEGINNING)
    at = read_time(tx.now).isoformat()
    for deed in deeds:
        number += 1
        fields = {
            "number": number,
            "at": at,
            "kind": deed.kind.value,
            "run_id": tx.value("select run_id from runs where id = ?", deed.run) or "",
            "actor": deed.actor.name,
            "source": deed.actor.source,
            "assurance": deed.actor.assurance,
            "reason": deed.reason,
            "detail": deed.detail,
        }
        before = link(before, **fields)
        tx.insert(_ENTRY, *fields.values(), before)


def list_audit(tx: Transaction, after: int, limit: int) -> list[AuditEntry]:
    rows = tx.rows(f"select {_COLUMNS} from audit where number > ? order by number limit ?", after, limit)
    return [AuditEntry(*row) for row in rows]


_COLUMNS = "number, at, kind, run_id, actor, source, assurance, reason, detail, hash"

_ENTRY = f"insert into audit ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
