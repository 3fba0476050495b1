"""The part of the store contract that is about retention: old runs that are over are removed, a batch at a time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.status import TERMINAL, RunStatus

MAX_BATCH = 10_000
"""The most runs that one transaction removes: it holds up who writes to SQLite meanwhile."""

MAX_AGE = 100 * 366 * 86_400.0


class Retention(ABC):
    """What every store forgets. The rules at the head of :mod:`sagewai.core.stores.base` hold here too."""

    @abstractmethod
    async def prune(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset(), limit: int = 1_000
    ) -> int:
        """Remove up to ``limit`` terminal runs whose last change of status is more than ``older_than`` seconds ago,
        and everything that belongs to them alone: input, tags, attempts, events, approvals and decisions, waits,
        signals, calls, dead letter. Gives how many. Runs in a status of ``keep`` stay. The audit and the kept sums of
        spending stay as they are; the counters follow. Oldest change first; runs that somebody has locked are left for
        later. The caller repeats it until it gives less than ``limit``; then bulk jobs that ended as long ago are gone
        too. Needs Right.MIGRATE (NotPermitted). Raises InvalidOptionError for an age below 0 or a limit that isn't 1
        to MAX_BATCH.
        """

    @abstractmethod
    async def prunable(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset()
    ) -> Mapping[RunStatus, int]:
        """How many runs ``prune`` would remove in all, by status; those without any are left out. They are counted,
        which takes a while where there are many."""

    @abstractmethod
    async def note_pruned(
        self, runs: int, older_than: float, keep: frozenset[RunStatus], actor: Actor
    ) -> None:
        """Write the event PRUNED (of no run), once for all batches of one pruning."""


def to_prune(older_than: float, keep: frozenset[RunStatus], limit: int = 1) -> list[RunStatus]:
    """The statuses whose runs go. Raises InvalidOptionError for what can't be pruned by."""
    if not (math.isfinite(older_than) and 0 <= older_than <= MAX_AGE):
        raise InvalidOptionError(f"older_than is {older_than!r}: give seconds from 0 to {MAX_AGE:.0f}")
    if not 1 <= limit <= MAX_BATCH:
        raise InvalidOptionError(f"limit is {limit!r}: a batch has 1 to {MAX_BATCH:,} runs")
    return sorted(TERMINAL - keep)


def pruned_detail(runs: int, older_than: float, keep: frozenset[RunStatus]) -> dict[str, object]:
    """What the event PRUNED says."""
    return {"runs": runs, "older_than": older_than, "kept": sorted(keep)}
