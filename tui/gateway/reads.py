"""What screens ask: rows, timelines, cards and counters. Reads raise Unreachable while the database doesn't answer,
and Missing for what isn't there."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sagewai.models.page import MAX_PAGE, DeadLetterQuery, RunQuery
from sagewai.models.run import Run
from tui.filters import Filter
from tui.gateway import calls as paid
from tui.gateway import details, tabs
from tui.gateway.bulk import BulkJobs
from tui.gateway.door import Door, Missing
from tui.gateway.follow import Followed
from tui.gateway.here import Here
from tui.gateway.ledger import Ledger
from tui.gateway.overview import Overview
from tui.gateway.reviewing import SIFTED_AT_ONCE, Reviewing
from tui.gateway.serving import Serving
from tui.gateway.verbs import Verbs
from tui.payload import Line
from tui.views import (
    DeadRow,
    GroupRow,
    PoolRow,
    Ref,
    RunRow,
    RunView,
    Tab,
    Totals,
    Window,
    WorkerRow,
)

SIFTED = 20_000
"""Rows that one window of a sifted listing reads at most."""

SIFTING = 0.1
"""Seconds after which it reads no more."""

_SIFTED_EVERY = 5.0
"""Seconds between two readings of a window that took many rows to find."""

_LISTED = 5_000
"""Runs of the last listing that are kept for the preview."""

_FOLLOWED = 4
"""Runs whose history is kept at hand."""


class Gateway(Reviewing):
    """What screens may ask and do. At most ``door.LOOK`` statements a look, the counters included;
    what it has no room for follows at once, by the next one."""

    def __init__(self, door: Door, *, shared: bool = False) -> None:
        super().__init__()
        self.door = door
        self.last_look: datetime | None = None
        """When this console's user looked at the store before; None where that isn't known."""
        self.latest: Totals | None = None
        """The counters as they were read last."""
        self.here = Here(door.shaper)
        self.verbs = Verbs(door, self.here, shared=shared)
        self.serving = Serving(door, self.here)
        self.overview = Overview(door, self.verbs.log, lambda: self.last_look)
        self.bulk = BulkJobs(door)
        self._followed: dict[str, Followed] = {}
        self._run: Run | None = None
        self._ledger = Ledger("")
        self._listed: dict[str, Run] = {}
        self._sifted: dict[Hashable, tuple[float, Window[RunRow]]] = {}
        self._letter_workflows: set[str] = set()

    async def totals(self) -> Totals:
        """Begin a look with the counter line; one statement."""
        glance = await self.door.glance()
        self._pools = glance.pools
        self.bulk.hear(glance)
        self.latest = self.door.shaper.totals(glance)
        return self.latest

    async def look_over(self, totals: Totals | None) -> None:
        """Read what the Overview shows, as far as it is due and the look affords it."""
        if totals is not None:
            await self.overview.look(totals, self._pools, self.bulk.seen)

    # -- runs ---------------------------------------------------------------------------------------------------------

    async def runs(self, wanted: Filter, cursor: str | None, limit: int) -> Window[RunRow]:
        """A window of runs. What no index answers is sifted from ``SIFTED`` rows or for ``SIFTING`` seconds at most."""
        if not wanted.is_sifted:
            return await self._sift(wanted, cursor, limit)
        asked = (wanted, cursor, limit, self.verbs.log[-1] if self.verbs.log else None)
        last = self._sifted.get(asked)
        if last is not None and time.monotonic() - last[0] < _SIFTED_EVERY:
            return last[1]
        window = await self._sift(wanted, cursor, limit)
        if window.looked > SIFTED_AT_ONCE:  # what is dear isn't looked for with every refresh
            self._sifted = {**dict(list(self._sifted.items())[-3:]), asked: (time.monotonic(), window)}
        return window

    async def _sift(self, wanted: Filter, cursor: str | None, limit: int) -> Window[RunRow]:
        now, until = self.door.now(), time.monotonic() + SIFTING
        if cursor is None:
            self._listed.clear()
        oldest = None if wanted.since is None else now - timedelta(seconds=wanted.since)
        rows: list[RunRow] = []
        looked = 0
        stopped = False
        while True:
            query = wanted.page(cursor, SIFTED_AT_ONCE if wanted.is_sifted else limit)
            page = await self.door.read(lambda store, query=query: store.list_runs(query))  # type: ignore[misc]
            looked += len(page)
            cursor = page.next_cursor
            for run in page:
                if oldest is not None and run.created_at < oldest:
                    if wanted.query.order == "newest":
                        return Window(tuple(rows), None, looked)
                elif wanted.keeps(run):
                    self._listed[run.run_id] = run
                    rows.append(self.door.shaper.run(run, now))
            if not wanted.is_sifted or cursor is None or len(rows) >= limit:
                break
            if looked >= SIFTED or time.monotonic() > until:
                stopped = True
                break
        while len(self._listed) > _LISTED:
            self._listed.pop(next(iter(self._listed)))
        return Window(tuple(rows), cursor, looked, stopped)

    def known(self) -> Mapping[str, Sequence[str]]:
        """Values to complete a filter with, by its key: those of the last listing and the pools. One that isn't drawn
        as it is, or that the filter would take for two words, is left out."""
        runs = self._listed.values()
        values = {
            "wf": {run.workflow for run in runs},
            "pool": {pool.pool for pool in self._pools} | {run.pool for run in runs},
            "tag": {f"{key}={value}" for run in runs for key, value in run.tags.items()},
        }
        shown = self.door.shaper.short
        return {
            key: sorted(text for text in texts if text and shown(text) == text and len(text.split()) == 1)
            for key, texts in values.items()
        }

    async def run(self, key: Ref, *, calls: bool = False) -> RunView:
        """One run with its timeline and what it has spent; four statements at most. ``calls`` are wanted
        too: they come page by page."""
        run = self._run = await self.door.read(lambda store: store.get_run(key.raw))
        followed = await self._follow(run)
        if self._ledger.run_id != key.raw:
            self._ledger = Ledger(key.raw)
        ledger = self._ledger
        await ledger.look(self.door, run, calls=calls)
        shaper, now = self.door.shaper, self.door.now()
        view = details.run_view(run, followed.steps, followed.attempts, followed.events, now, shaper)
        return replace(
            view,
            cost=None if ledger.spent is None else paid.spent_cell(ledger.spent, ledger.budget),
            saying=None if ledger.tail is None else paid.saying(ledger.tail, shaper),
            called=(ledger.counted, ledger.spent, ledger.budget, ledger.tail),
            here=self.here.about(run),
        )

    async def preview(self, row: RunRow) -> RunView | None:
        """A run of the last listing with its timeline; three statements at most. None for another run, and where the
        look has no room for them any more."""
        run = self._listed.get(row.key.raw)
        if run is None or not self.door.affords(self._at_hand(run.run_id).costs(run)):
            return None
        followed = await self._follow(run)
        shaper, now = self.door.shaper, self.door.now()
        return details.run_view(run, followed.steps, followed.attempts, followed.events, now, shaper)

    async def tab(
        self, key: Ref, tab: Tab, step: Ref | None = None, *, plain: bool = False
    ) -> tuple[Line, ...]:
        """What a tab of the Run screen holds, of one ``step`` where one is given; errors, attempts and events are those
        :meth:`run` read last: then one statement at most. ``plain``: payloads as they are recorded."""
        run_id, shaper, name = key.raw, self.door.shaper, None if step is None else step.raw
        if tab == "input":
            text = await self.door.read(lambda store: store.get_input(run_id))
            return tabs.payload_lines(text, shaper, plain=plain)
        if tab == "output":
            results = await self.door.read(lambda store: store.get_results(run_id))
            return tabs.result_lines(results, name, shaper, plain=plain)
        if tab == "raw":
            return details.raw_lines(await self._as_read(run_id), shaper)
        if tab == "model calls":
            return await self._calls(run_id, name)
        followed = self._followed.get(run_id) or await self._follow(await self._as_read(run_id))
        if tab == "error":
            return details.error_lines(tabs.of_step(followed.attempts, name), self.door.now(), shaper)
        if tab == "attempts":
            run = await self._as_read(run_id)
            waits = await self.door.read(lambda store: store.waits_of(run_id))
            return tabs.attempt_lines(run, followed, waits, name, self.door.now(), shaper)
        return details.event_lines(followed.events, followed.origin, shaper)

    async def _calls(self, run_id: str, step: str | None) -> tuple[Line, ...]:
        """As :meth:`run` read them last; read now where it didn't."""
        ledger = self._ledger if self._ledger.run_id == run_id else Ledger(run_id)
        if ledger.calls is None:
            await ledger.read_calls(self.door)
        return ledger.lines(self.door.shaper, step)

    async def find_run(self, text: str) -> Ref:
        """The run whose id is ``text``, or the only one whose id begins with it."""
        window = await self.runs(Filter(query=RunQuery(prefix=text)), None, MAX_PAGE)
        exact = [row for row in window.rows if row.key.raw == text]
        found = exact or list(window.rows)
        shown = self.door.shaper.short(text)
        if not found:
            raise Missing(f"no run's id begins with {shown!r}")
        if len(found) > 1:
            raise Missing(f"several runs' ids begin with {shown!r}: write more of it")
        return found[0].key

    # -- workers, dead letters ----------------------------------------------------------------------------------------

    def pools(self) -> tuple[PoolRow, ...]:
        """Every pool that has runs or workers, as :meth:`totals` saw them last."""
        now = self.door.now()
        return tuple(self.door.shaper.pool(pool, now) for pool in self._pools)

    async def workers(self) -> tuple[WorkerRow, ...]:
        """Sessions, live ones first."""
        return await self.serving.workers()

    async def dead_letters(
        self, error_type: Ref | None, cursor: str | None, limit: int, workflow: str | None = None
    ) -> Window[DeadRow]:
        """A window of dead letters, newest first."""
        wanted = None if error_type is None else error_type.raw
        query = DeadLetterQuery(error_type=wanted, workflow=workflow, cursor=cursor, limit=limit)
        page = await self.door.read(lambda store: store.list_dead_letters(query))
        now = self.door.now()
        rows = tuple(self.door.shaper.dead_letter(letter, now) for letter in page)
        if cursor is None and workflow is None:
            self._letter_workflows = {letter.workflow for letter in page}
        return Window(rows, page.next_cursor, len(page))

    def letter_workflows(self) -> Sequence[str]:
        """Workflows of the last dead letters, to be completed; those that aren't drawn as they are are left out."""
        shown = self.door.shaper.short
        return sorted(name for name in self._letter_workflows if shown(name) == name)

    async def dead_letter_groups(self) -> tuple[GroupRow, ...]:
        """Dead letters by error type, the largest group first."""
        groups = await self.door.read(lambda store: store.group_dead_letters())
        self._letter_workflows |= {workflow for group in groups for workflow in group.workflows}
        now = self.door.now()
        return tuple(self.door.shaper.group(group, now) for group in groups)

    async def _as_read(self, run_id: str) -> Run:
        """As :meth:`run` read it last; read now where that was another."""
        if self._run is not None and self._run.run_id == run_id:
            return self._run
        return await self.door.read(lambda store: store.get_run(run_id))

    async def _follow(self, run: Run) -> Followed:
        followed = self._at_hand(run.run_id)
        await followed.catch_up(self.door.read, run, self.door.affords)
        return followed

    def _at_hand(self, run_id: str) -> Followed:
        """What is known of a run's history; that of a few runs is kept."""
        followed = self._followed.pop(run_id, None) or Followed(run_id)
        self._followed[run_id] = followed
        while len(self._followed) > _FOLLOWED:
            self._followed.pop(next(iter(self._followed)))
        return followed
