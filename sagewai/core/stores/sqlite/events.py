"""The rows that say who did what, gathered by a unit of work and written with it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.history import EventKind


class Events:
    """Events of one transaction, in the order they are noted."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._rows: list[tuple[Value, ...]] = []

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
        text = None if detail is None else json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
        self._rows.append(
            (run, self._tx.now, kind.value, actor.name, actor.source, actor.assurance, reason, text)
        )

    def write(self) -> None:
        if self._rows:
            self._tx.change_many(
                "insert into events (run, at, kind, actor, source, assurance, reason, detail) "
                "values (?, ?, ?, ?, ?, ?, ?, ?)",
                self._rows,
            )
            self._rows = []
