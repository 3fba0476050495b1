"""The part of the memory store that is about bulk jobs: each is a list that knows what became of its runs."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager

from sagewai.core.codec import require_storable
from sagewai.core.stores.bulks import OPERATIONS, Bulks, Standing, listed, no_bulk, preview
from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.operations import operate
from sagewai.core.stores.memory.rows import BulkRow
from sagewai.core.stores.memory.state import State
from sagewai.errors import DeadLetterNotFound, RunError
from sagewai.models.actor import Actor
from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkSpec, BulkStatus, BulkVerb
from sagewai.models.history import EventKind


class MemoryBulks(Bulks):
    """Every method is one transaction."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[State]:
        """The tables, for one caller at a time."""

    async def preview_bulk(self, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
        runs = listed(verb, run_ids)
        found: Counter[Standing] = Counter()
        with self._transaction() as state:
            for run in filter(None, map(state.by_id.get, runs)):
                asked = run.asked.ask if run.asked else None
                found[run.status, asked, run.key in state.dead] += 1
        return preview(verb, len(runs), found.items())

    async def create_bulk(self, spec: BulkSpec) -> BulkJob:
        runs = listed(spec.verb, spec.run_ids)
        check_actor(spec.actor, spec.reason)
        for run_id in runs:
            require_storable(run_id, "a run's id")
        with self._transaction() as state:
            state.jobs += 1
            job = BulkRow(state.jobs, spec, runs, state.now)
            state.bulks[job.id] = job
            detail = {"job": job.id, "verb": spec.verb, "total": len(runs)}
            state.tell(None, EventKind.BULK_STARTED, spec.actor, spec.reason, detail)
            return _view(state, job)

    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        with self._transaction() as state:
            chosen = _oldest_running(state) if job is None else _find(state, job)
            if chosen is None or chosen.status is not BulkStatus.RUNNING:
                return 0
            before = len(chosen.settled)
            for run_id in chosen.run_ids[before : before + limit]:
                chosen.settled.append(_carry_out(state, chosen.spec, run_id))
            if len(chosen.settled) == len(chosen.run_ids):
                chosen.status, chosen.ended = BulkStatus.DONE, state.now
            return len(chosen.settled) - before

    async def stop_bulk(self, job: int, actor: Actor, reason: str = "") -> BulkJob:
        check_actor(actor, reason)
        with self._transaction() as state:
            found = _find(state, job)
            if found.status is BulkStatus.RUNNING:
                found.status, found.ended = BulkStatus.STOPPED, state.now
                detail = {"job": job, "left": len(found.run_ids) - len(found.settled)}
                state.tell(None, EventKind.BULK_STOPPED, actor, reason, detail)
            return _view(state, found)

    async def get_bulk(self, job: int) -> BulkJob:
        with self._transaction() as state:
            return _view(state, _find(state, job))

    async def list_bulks(self, limit: int = 50) -> list[BulkJob]:
        with self._transaction() as state:
            newest = sorted(state.bulks, reverse=True)[:limit]
            return [_view(state, state.bulks[job]) for job in newest]

    async def bulk_items(
        self, job: int, *, after: int = 0, limit: int = 1_000, outcome: BulkOutcome | None = None
    ) -> list[BulkItem]:
        with self._transaction() as state:
            found = _find(state, job)
            left = [(BulkOutcome.LEFT, "")] * (len(found.run_ids) - len(found.settled))
            pairs = zip(found.run_ids, [*found.settled, *left], strict=True)
            items = [BulkItem(number, run_id, *became) for number, (run_id, became) in enumerate(pairs, 1)]
        return [item for item in items[after:] if outcome in (None, item.outcome)][:limit]


def _carry_out(state: State, spec: BulkSpec, run_id: str) -> tuple[BulkOutcome, str]:
    try:
        operate(state, run_id, OPERATIONS[spec.verb], spec.actor, spec.reason, None)
    except (RunError, DeadLetterNotFound) as refusal:
        return BulkOutcome.REFUSED, str(refusal)
    return BulkOutcome.DONE, ""


def _oldest_running(state: State) -> BulkRow | None:
    return next((job for job in state.bulks.values() if job.status is BulkStatus.RUNNING), None)


def _find(state: State, job: int) -> BulkRow:
    try:
        return state.bulks[job]
    except KeyError:
        raise no_bulk(job) from None


def _view(state: State, job: BulkRow) -> BulkJob:
    outcomes = Counter(outcome for outcome, _ in job.settled)
    by = job.spec.actor
    return BulkJob(
        id=job.id,
        verb=job.spec.verb,
        status=job.status,
        total=len(job.run_ids),
        done=outcomes[BulkOutcome.DONE],
        refused=outcomes[BulkOutcome.REFUSED],
        actor=by.name,
        source=by.source,
        assurance=by.assurance,
        reason=job.spec.reason,
        created_at=state.time(job.created),
        ended_at=None if job.ended is None else state.time(job.ended),
    )
