"""Which runs a bulk job is to be about: those marked, or all that a filter or a group holds when it is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sagewai.models.bulk import MAX_BULK, BulkVerb
from sagewai.models.page import MAX_PAGE, DeadLetterQuery
from sagewai.models.status import RunStatus
from tui.filters import Filter
from tui.gateway.door import Door, Missing
from tui.views import Ref

LOOKED_AT = 200_000
"""Runs that are looked at for those that a filter leaves; a list that isn't whole then is no list."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an operator chose, when they pressed the key. ``noun`` and ``where`` are safe words for it; of marked
    ``runs``, ``hidden`` aren't in the listing."""

    noun: str
    where: str = ""
    runs: tuple[Ref, ...] = ()
    hidden: int = 0
    filter: Filter | None = None
    letters: DeadLetterQuery | None = None

    @property
    def options(self) -> Mapping[str, str] | None:
        """The options by which ``sagewai bulk`` finds the same runs; None where it has to be given their ids."""
        if self.letters is not None:
            found = {"error": self.letters.error_type or "", "workflow": self.letters.workflow or ""}
        elif self.filter is not None and not self.filter.is_sifted:
            query = self.filter.query
            found = {
                "status": " ".join(sorted(query.status or ())),
                "workflow": query.workflow or "",
                "pool": query.pool or "",
                "tag": "" if query.tag is None else "=".join(query.tag),
                "prefix": query.prefix or "",
            }
        else:
            return None
        return found if any(found.values()) else {"all": ""}


def dead_letters(error: Ref | None, workflow: Ref | None) -> Chosen:
    """All dead letters of an error type and of a workflow, where they are given."""
    of = f" of {error}" if error is not None else ""
    of += f" in {workflow}" if workflow is not None else ""
    query = DeadLetterQuery(
        error_type=None if error is None else error.raw, workflow=None if workflow is None else workflow.raw
    )
    return Chosen("dead letter", of, letters=query)


async def gather(door: Door, verb: BulkVerb, chosen: Chosen) -> tuple[str, ...]:
    """The runs' ids, each once, in the listing's order. Raises Missing where they are too many, Unreachable."""
    if chosen.letters is not None:
        source = _letters(door, chosen.letters)
    elif chosen.filter is not None:
        source = _runs(door, verb, chosen.filter)
    else:
        return tuple(dict.fromkeys(run.raw for run in chosen.runs))
    found: dict[str, None] = {}
    async for page in source:
        found.update(dict.fromkeys(page))
        if len(found) > MAX_BULK:
            raise Missing(f"one job takes {MAX_BULK:,} runs, and these are more: narrow the list")
    return tuple(found)


async def _letters(door: Door, query: DeadLetterQuery) -> AsyncIterator[list[str]]:
    query = replace(query, cursor=None, limit=MAX_PAGE)
    while True:
        page = await door.read(lambda store, query=query: store.list_dead_letters(query))  # type: ignore[misc]
        yield [letter.run_id for letter in page]
        if page.next_cursor is None:
            return
        query = replace(query, cursor=page.next_cursor)


async def _runs(door: Door, verb: BulkVerb, wanted: Filter) -> AsyncIterator[list[str]]:
    """Without a status in the filter those are found whose status the verb is legal for."""
    wanted = replace(wanted, query=replace(wanted.query, status=_statuses(verb, wanted)))
    oldest = None if wanted.since is None else door.now() - timedelta(seconds=wanted.since)
    looked, cursor = 0, None
    while True:
        query = wanted.page(cursor, MAX_PAGE)
        page = await door.read(lambda store, query=query: store.list_runs(query))  # type: ignore[misc]
        young = [run for run in page if oldest is None or run.created_at >= oldest]
        yield [run.run_id for run in young if wanted.keeps(run)]
        cursor, looked = page.next_cursor, looked + len(page)
        if cursor is None or (len(young) < len(page) and query.order == "newest"):
            return
        if looked >= LOOKED_AT:
            raise Missing(f"{looked:,} runs were looked at, and there are more: narrow the filter")


def _statuses(verb: BulkVerb, wanted: Filter) -> frozenset[RunStatus]:
    from sagewai.core.stores.bulks import OPERATIONS
    from sagewai.core.transitions import LEGAL

    legal = frozenset(status for status in RunStatus if (status, OPERATIONS[verb]) in LEGAL)
    return wanted.query.status or legal
