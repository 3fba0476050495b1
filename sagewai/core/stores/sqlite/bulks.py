"""The part of the SQLite store that is about bulk jobs: a few items a transaction, so that others get their turn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sagewai.core.stores.bulks import AT_ONCE, Bulks, Standing, in_pieces, listed, preview
from sagewai.core.stores.sqlite import bulk
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.actor import Actor
from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkSpec, BulkVerb

T = TypeVar("T")


class SQLiteBulks(Bulks):
    """Every transaction is one hop into a thread."""

    @abstractmethod
    async def _read(self, work: Callable[[Transaction], T]) -> T:
        """What ``work`` finds in one snapshot."""

    @abstractmethod
    async def _write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Carry out ``work`` in one transaction."""

    async def preview_bulk(self, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
        runs = listed(verb, run_ids)
        found: list[tuple[Standing, int]] = []
        for piece in in_pieces(runs):
            found += await self._read(partial(bulk.look_up, run_ids=piece))
        return preview(verb, len(runs), found)

    async def create_bulk(self, spec: BulkSpec) -> BulkJob:
        runs = listed(spec.verb, spec.run_ids)
        return await self._write(partial(bulk.create, spec=spec, run_ids=runs))

    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        going = await self._read(partial(bulk.next_job, job=job))
        settled = 0
        while going is not None and settled < limit:
            now = await self._write(partial(bulk.advance, job=going, limit=min(AT_ONCE, limit - settled)))
            if now == 0:
                break
            settled += now
        return settled

    async def stop_bulk(self, job: int, actor: Actor, reason: str = "") -> BulkJob:
        return await self._write(partial(bulk.stop, job=job, actor=actor, reason=reason))

    async def get_bulk(self, job: int) -> BulkJob:
        return await self._read(partial(bulk.get, job=job))

    async def list_bulks(self, limit: int = 50) -> list[BulkJob]:
        return await self._read(partial(bulk.list_jobs, limit=limit))

    async def bulk_items(
        self, job: int, *, after: int = 0, limit: int = 1_000, outcome: BulkOutcome | None = None
    ) -> list[BulkItem]:
        return await self._read(partial(bulk.items, job=job, after=after, limit=limit, outcome=outcome))
