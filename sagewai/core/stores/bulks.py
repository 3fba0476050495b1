"""The part of the store contract that is about bulk jobs: a frozen list of runs, worked off by whoever is alive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import get_args

from sagewai.core.transitions import LEGAL, Operation
from sagewai.errors import BulkNotFound, InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.bulk import MAX_BULK, BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkSpec, BulkVerb
from sagewai.models.status import Ask, RunStatus

AT_ONCE = 50
"""Items that are carried out in one transaction at most: whoever wants their runs waits for it."""

LOOKED_UP_AT_ONCE = 10_000
"""Runs of a preview that are looked up in one statement."""

OPERATIONS: Mapping[BulkVerb, Operation] = MappingProxyType(
    {
        "cancel": Operation.CANCEL,
        "pause": Operation.PAUSE,
        "resume": Operation.RESUME,
        "retry": Operation.RETRY,
        "discard": Operation.DISCARD,
    }
)
"""What each verb does to each run."""

Standing = tuple[RunStatus, Ask | None, bool]
"""How a run stands for an operator: its status, what is asked of it, whether it is a dead letter."""


class Bulks(ABC):
    """What every store keeps of bulk jobs. The rules at the head of :mod:`sagewai.core.stores.base` hold here too."""

    @abstractmethod
    async def preview_bulk(self, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
        """Count what such a job would find now, by status; reads only. Raises InvalidOptionError as ``create_bulk``."""

    @abstractmethod
    async def create_bulk(self, spec: BulkSpec) -> BulkJob:
        """Record a job with its list, in one transaction with the event BULK_STARTED (of no run).

        Raises InvalidOptionError for a list that is empty or holds more than MAX_BULK runs, and for an unknown verb.
        """

    @abstractmethod
    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        """Carry out up to ``limit`` items of the oldest running job (of this one); gives how many were settled.

        Each item is what ``operate`` does, by the job's actor and with its reason, and commits together with its
        outcome: however many advance a job at once, and whenever one of them dies, no item is carried out twice.
        What ``operate`` refuses is REFUSED, with the refusal's text. The item that leaves none makes the job DONE.
        """

    @abstractmethod
    async def stop_bulk(self, job: int, actor: Actor, reason: str = "") -> BulkJob:
        """Leave alone what isn't settled yet (event BULK_STOPPED, of no run); a job that is over stays as it is.
        Raises BulkNotFound."""

    @abstractmethod
    async def get_bulk(self, job: int) -> BulkJob:
        """Raises BulkNotFound."""

    @abstractmethod
    async def list_bulks(self, limit: int = 50) -> list[BulkJob]:
        """The newest first."""

    @abstractmethod
    async def bulk_items(
        self, job: int, *, after: int = 0, limit: int = 1_000, outcome: BulkOutcome | None = None
    ) -> list[BulkItem]:
        """Items numbered above ``after``, in order. Raises BulkNotFound."""


def listed(verb: str, run_ids: Iterable[str]) -> tuple[str, ...]:
    """The runs of a job in its order, each once. Raises InvalidOptionError as ``create_bulk``."""
    if verb not in get_args(BulkVerb):
        raise InvalidOptionError(f"a bulk job can't {verb} runs: use {', '.join(get_args(BulkVerb))}")
    runs = tuple(dict.fromkeys(run_ids))
    if not runs:
        raise InvalidOptionError(f"no run is listed: there is nothing to {verb}")
    if len(runs) > MAX_BULK:
        raise InvalidOptionError(
            f"{len(runs):,} runs are listed, and one job takes {MAX_BULK:,} at most: make several jobs of them"
        )
    return runs


def in_pieces(run_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """What is looked up one statement after the other."""
    for at in range(0, len(run_ids), LOOKED_UP_AT_ONCE):
        yield run_ids[at : at + LOOKED_UP_AT_ONCE]


def preview(verb: BulkVerb, total: int, found: Iterable[tuple[Standing, int]]) -> BulkPreview:
    """What a job of ``total`` runs would find, of which so many stand so."""
    by_status: Counter[RunStatus] = Counter()
    possible = 0
    for standing, count in found:
        by_status[standing[0]] += count
        possible += count if is_possible(verb, *standing) else 0
    return BulkPreview(MappingProxyType(dict(by_status)), possible, total - by_status.total())


def no_bulk(job: int) -> BulkNotFound:
    return BulkNotFound(f"no bulk job {job} in this store: `sagewai bulk list` has those there are")


def is_possible(verb: BulkVerb, status: RunStatus, asked: Ask | None, dead: bool) -> bool:
    """Whether ``operate`` would do it to a run that stands so; ``dead``: it is a dead letter."""
    follows = LEGAL.get((status, OPERATIONS[verb]))
    if follows is None:
        return False
    if verb in ("retry", "discard"):
        return dead
    if verb == "resume":
        return status is RunStatus.PAUSED or asked is Ask.PAUSE
    return verb == "cancel" or asked is not Ask.CANCEL
