"""The part of the store contract that is about bulk jobs: a frozen list of runs, worked off by whoever is alive."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

from sagewai.models.actor import Actor
from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkSpec, BulkVerb


class Bulks(ABC):
    """What every store keeps of bulk jobs. The rules at the head of :mod:`sagewai.core.stores.base` hold here too."""

    async def preview_bulk(self, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
        """Count what such a job would find now, by status; reads only. Raises InvalidOptionError as ``create_bulk``."""
        raise NotImplementedError

    async def create_bulk(self, spec: BulkSpec) -> BulkJob:
        """Record a job with its list, in one transaction with the event BULK_STARTED (of no run).

        Raises InvalidOptionError for a list that is empty or holds more than MAX_BULK runs, and for an unknown verb.
        """
        raise NotImplementedError

    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        """Carry out up to ``limit`` items of the oldest running job (of this one); gives how many were settled.

        Each item is what ``operate`` does, by the job's actor and with its reason, and commits together with its
        outcome: however many advance a job at once, and whenever one of them dies, no item is carried out twice.
        What ``operate`` refuses is REFUSED, with the refusal's text. The item that leaves none makes the job DONE.
        """
        raise NotImplementedError

    async def stop_bulk(self, job: int, actor: Actor, reason: str = "") -> BulkJob:
        """Leave alone what isn't settled yet (event BULK_STOPPED, of no run); a job that is over stays as it is.
        Raises BulkNotFound."""
        raise NotImplementedError

    async def get_bulk(self, job: int) -> BulkJob:
        """Raises BulkNotFound."""
        raise NotImplementedError

    async def list_bulks(self, limit: int = 50) -> list[BulkJob]:
        """The newest first."""
        raise NotImplementedError

    async def bulk_items(
        self, job: int, *, after: int = 0, limit: int = 1_000, outcome: BulkOutcome | None = None
    ) -> list[BulkItem]:
        """Items numbered above ``after``, in order. Raises BulkNotFound."""
        raise NotImplementedError
