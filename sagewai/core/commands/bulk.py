"""The verbs on many runs at a time: bulk jobs, and removal of what has been over for long."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sagewai.core.commands.checks import check_actor, check_reason, check_run_ids
from sagewai.core.stores.base import Store
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.bulk import BulkJob, BulkPreview, BulkSpec, BulkVerb
from sagewai.models.status import TERMINAL, RunStatus

SWEPT_ITEMS = 50
"""Items of a bulk job that a sweep carries out before it looks at other things again."""


async def preview_bulk(store: Store, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
    """What a bulk job would find now; changes nothing."""
    return await store.preview_bulk(verb, check_run_ids(run_ids))


async def start_bulk(
    store: Store, verb: BulkVerb, run_ids: Sequence[str], *, actor: Actor, reason: str = ""
) -> BulkJob:
    """Record a job that does to each of these runs what the verb of that name does, in this order, whoever carries it
    out. The list is frozen: what comes later isn't touched."""
    runs = tuple(check_run_ids(run_ids))
    return await store.create_bulk(BulkSpec(verb, runs, check_actor(actor), check_reason(reason)))


async def advance_bulk(store: Store, *, job: int | None = None, limit: int = SWEPT_ITEMS) -> int:
    """Carry out some items of the oldest bulk job that runs, or of this one, in its beginner's name; gives how many. 0:
    nothing is left, or what is left is in others' hands."""
    return await store.advance_bulk(limit, job=job)


async def stop_bulk(store: Store, job: int, *, actor: Actor, reason: str = "") -> BulkJob:
    """Leave the rest of a bulk job's list alone."""
    return await store.stop_bulk(job, check_actor(actor), check_reason(reason))


async def prune(
    store: Store,
    older_than: float,
    *,
    actor: Actor,
    keep: frozenset[RunStatus] = frozenset(),
    batch: int = 1_000,
    told: Callable[[int], None] | None = None,
) -> int:
    """Remove every run that has been over for more than ``older_than`` seconds, unless it is in a status of ``keep``.
    A batch is a short piece of work, beside which others go on; after each ``told`` hears how many are gone so far.
    Cut short, what is gone stays gone, and is noted."""
    check_actor(actor)
    check_kept(keep)
    gone, full = 0, True
    try:
        while full:
            now = await store.prune(older_than, keep=keep, limit=batch)
            gone, full = gone + now, now == batch
            if told is not None and now:
                told(gone)
    finally:
        if gone:
            await store.note_pruned(gone, older_than, keep, actor)
    return gone


def check_kept(keep: frozenset[RunStatus]) -> frozenset[RunStatus]:
    """Raise InvalidOptionError for a status of runs that aren't over: they stay anyhow."""
    if keep - TERMINAL:
        raise InvalidOptionError(
            f"runs that are {', '.join(sorted(keep - TERMINAL))} stay anyhow: keep takes {', '.join(sorted(TERMINAL))}"
        )
    return keep
