"""The part of the SQLite store that is about retention: a few runs a transaction, so that others get their turn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sagewai.core.stores import words
from sagewai.core.stores.retention import Retention, pruned_detail, to_prune
from sagewai.core.stores.sqlite import prune
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus

T = TypeVar("T")

AT_ONCE = 100
"""Runs that one transaction removes: some milliseconds, in which nobody else writes."""


class SQLiteRetention(Retention):
    """Every transaction is one hop into a thread."""

    @abstractmethod
    async def _read(self, work: Callable[[Transaction], T]) -> T:
        """What ``work`` finds in one snapshot."""

    @abstractmethod
    async def _write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Carry out ``work`` in one transaction."""

    async def prune(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset(), limit: int = 1_000
    ) -> int:
        codes = [words.STATUS_CODE[status] for status in to_prune(older_than, keep, limit)]
        pruned = 0
        while pruned < limit:
            most = min(AT_ONCE, limit - pruned)
            now = await self._write(
                partial(prune.prune, statuses=codes, older_than=older_than, limit=most), durable=False
            )
            pruned += now
            if now < most:
                break
        if pruned < limit:
            while await self._write(partial(prune.prune_bulk, older_than=older_than)):
                pass
        return pruned

    async def prunable(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset()
    ) -> dict[RunStatus, int]:
        codes = [words.STATUS_CODE[status] for status in to_prune(older_than, keep)]
        return await self._read(partial(prune.count, statuses=codes, older_than=older_than))

    async def note_pruned(
        self, runs: int, older_than: float, keep: frozenset[RunStatus], actor: Actor
    ) -> None:
        def note(tx: Transaction) -> None:
            events = Events(tx)
            events.note(None, EventKind.PRUNED, pruned_detail(runs, older_than, keep), actor=actor)
            events.write()

        await self._write(note)
