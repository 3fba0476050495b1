"""The part of the memory store that is about retention."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager

from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.rows import RunRow
from sagewai.core.stores.memory.state import State
from sagewai.core.stores.retention import Retention, pruned_detail, to_prune
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus


class MemoryRetention(Retention):
    """Every method is one transaction."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[State]:
        """The tables, for one caller at a time."""

    async def prune(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset(), limit: int = 1_000
    ) -> int:
        statuses = to_prune(older_than, keep, limit)
        with self._transaction() as state:
            oldest = sorted(_old(state, statuses, older_than), key=lambda run: (run.changed, run.key))
            state.remove(oldest[:limit])
            if len(oldest) < limit:
                for job in list(state.bulks.values()):
                    if job.ended is not None and job.ended < state.now - older_than:
                        del state.bulks[job.id]
        return min(len(oldest), limit)

    async def prunable(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset()
    ) -> dict[RunStatus, int]:
        statuses = to_prune(older_than, keep)
        with self._transaction() as state:
            return dict(Counter(run.status for run in _old(state, statuses, older_than)))

    async def note_pruned(
        self, runs: int, older_than: float, keep: frozenset[RunStatus], actor: Actor
    ) -> None:
        check_actor(actor)
        with self._transaction() as state:
            state.tell(None, EventKind.PRUNED, actor, detail=pruned_detail(runs, older_than, keep))


def _old(state: State, statuses: list[RunStatus], older_than: float) -> Iterator[RunRow]:
    for status in statuses:
        for key in state.by_status[status]:
            if state.runs[key].changed < state.now - older_than:
                yield state.runs[key]
