"""The rows that say who did what, gathered by a unit of work and written with it; what people did, in the audit too."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sagewai.core.stores.sqlite import audit
from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.history import AUDITED, EventKind

_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Events:
    """Events of one transaction, in the order they are noted."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._rows: list[tuple[Value, ...]] = []
        self._audited: list[audit.Deed] = []

    def note(
        self,
        run: int | None,
        kind: EventKind,
        detail: Mapping[str, object] | None = None,
        *,
        actor: Actor = SYSTEM,
        reason: str = "",
    ) -> None:
        """``detail`` holds the fields that :class:`EventKind` names beside the kind."""
        text = None if detail is None else _dump(detail)
        self._rows.append(
            (run, self._tx.now, kind.value, actor.name, actor.source, actor.assurance, reason, text)
        )
        if kind in AUDITED and actor.source != SYSTEM.source:
            self._audited.append(audit.Deed(run, kind, actor, reason, text or "{}"))

    def write(self) -> None:
        if self._rows:
            self._tx.insert_many(
                "events (run, at, kind, actor, source, assurance, reason, detail)", self._rows
            )
            self._rows = []
        if self._audited:
            audit.append(self._tx, self._audited)
            self._audited = []
