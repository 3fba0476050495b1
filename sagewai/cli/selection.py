"""Which runs a bulk job is about: ids that were named, or whatever some filters find when it is begun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sagewai.cli import parse
from sagewai.cli.paging import gather
from sagewai.core.transitions import LEGAL
from sagewai.errors import InvalidOptionError
from sagewai.models.bulk import MAX_BULK, BulkVerb
from sagewai.models.page import MAX_PAGE, DeadLetterQuery, RunQuery
from sagewai.models.run import Run
from sagewai.models.status import RunStatus

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

OF_DEAD_LETTERS: frozenset[BulkVerb] = frozenset({"retry", "discard"})


@dataclass(frozen=True, slots=True)
class Selection:
    """What was typed. ``everything`` stands for all runs that the verb is possible for."""

    runs: tuple[str, ...] = ()
    status: frozenset[RunStatus] | None = None
    workflow: str | None = None
    pool: str | None = None
    tag: tuple[str, str] | None = None
    prefix: str | None = None
    error: str | None = None
    everything: bool = False

    @property
    def reads_stdin(self) -> bool:
        return "-" in self.runs

    @property
    def _filters(self) -> bool:
        return any(
            given is not None
            for given in (self.status, self.workflow, self.pool, self.tag, self.prefix, self.error)
        )

    def check(self, verb: BulkVerb) -> None:
        """Raise InvalidOptionError for what doesn't go together."""
        if self.runs and (self._filters or self.everything):
            raise InvalidOptionError(
                "name the runs or give filters: a job's runs are either those named or those found"
            )
        if not self.runs and not self._filters and not self.everything:
            raise InvalidOptionError(
                f"no run is named: give ids, @FILE, - or filters, or --all to {verb} whatever can be"
            )
        if self.error is not None and (verb not in OF_DEAD_LETTERS or self.status is not None):
            raise InvalidOptionError(
                "--error picks dead letters: it goes with retry and discard, and not with --status"
            )


async def select(store: Store, verb: BulkVerb, chosen: Selection) -> list[str]:
    """The runs' ids, each once; newest first where they were found. Ends a little past MAX_BULK: so many are refused.

    Without a status those are found that the verb is possible for.
    """
    from sagewai.core.stores.bulks import OPERATIONS, is_possible

    if chosen.runs:
        return list(dict.fromkeys(_named(chosen.runs)))
    if verb in OF_DEAD_LETTERS and chosen.status is None:
        return await _dead_letters(store, chosen)
    legal = frozenset(status for status in RunStatus if (status, OPERATIONS[verb]) in LEGAL)
    found = await _runs(store, chosen, chosen.status or legal)
    return [run.run_id for run in found if chosen.status or is_possible(verb, run.status, run.asked, False)]


def _named(runs: Iterable[str]) -> Iterator[str]:
    for run in runs:
        if run == "-" or run.startswith("@"):
            yield from parse.read_lines(run, "list of runs")
        else:
            yield run


async def _runs(store: Store, chosen: Selection, status: frozenset[RunStatus]) -> list[Run]:
    query = RunQuery(
        status=status,
        workflow=chosen.workflow,
        pool=chosen.pool,
        tag=chosen.tag,
        prefix=chosen.prefix,
        limit=MAX_BULK + 1,
    )
    return list({run.run_id: run for run in await gather(store.list_runs, query)}.values())


async def _dead_letters(store: Store, chosen: Selection) -> list[str]:
    """By their error and workflow; what else is asked for is looked at here."""
    query = DeadLetterQuery(error_type=chosen.error, workflow=chosen.workflow, limit=MAX_PAGE)
    tagged = None
    if chosen.tag is not None:
        tagged = {run.run_id for run in await _runs(store, chosen, frozenset({RunStatus.FAILED}))}
    found: dict[str, None] = {}
    while True:
        page = await store.list_dead_letters(query)
        for letter in page:
            if (
                chosen.pool in (None, letter.pool)
                and letter.run_id.startswith(chosen.prefix or "")
                and (tagged is None or letter.run_id in tagged)
            ):
                found[letter.run_id] = None
        if page.next_cursor is None or len(found) > MAX_BULK:
            return list(found)
        query = replace(query, cursor=page.next_cursor)
