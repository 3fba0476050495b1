"""Bulk jobs as the console sees them: those there are, what became of their runs, and what one would be about."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkStatus, BulkVerb
from sagewai.models.right import Right
from sagewai.models.session import Glance
from tui import progress
from tui.format import Cell, Role, age, exact, number
from tui.gateway import twins
from tui.gateway.choosing import Chosen, gather
from tui.gateway.door import Door
from tui.gateway.shape import Shaper
from tui.views import ItemRow, JobRow, Window

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

LISTED = 50
"""Jobs that are listed, the newest."""

SOON = 0.5
"""Seconds between two looks at a job that runs."""

LATER = 5.0
"""Seconds between two looks for jobs that others have begun."""


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """A job that may be begun: its list is frozen, and was counted. Texts are safe."""

    verb: BulkVerb
    run_ids: tuple[str, ...] = field(repr=False)
    found: BulkPreview
    chosen: Chosen
    twin: str

    @property
    def what(self) -> str:
        """``retry 12 marked runs, 3 not shown``."""
        chosen, count = self.chosen, len(self.run_ids)
        hidden = f", {chosen.hidden:,} not shown" if chosen.hidden else ""
        return f"{self.verb} {exact(count, chosen.noun)}{chosen.where}{hidden}"


class BulkJobs:
    """Reads about bulk jobs, and the hand that carries out those begun here. Raises Unreachable and Missing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._followed: dict[int, BulkJob] = {}
        self._twins: dict[int, str] = {}
        self._due: list[int] = []
        self._busy = False
        self._news = asyncio.Event()
        self.seen: Hashable = None
        """Another as soon as a look finds that jobs have begun or ended."""
        self._running = 0

    async def jobs(self, limit: int = LISTED) -> tuple[JobRow, ...]:
        """The newest first; one statement."""
        jobs = await self._door.read(lambda store: store.list_bulks(limit))
        now = self._door.now()
        return tuple(job_row(job, now, self._door.shaper) for job in jobs)

    async def job(self, job: int) -> JobRow:
        """One of them; one statement."""
        found = await self._door.read(lambda store: store.get_bulk(job))
        return job_row(found, self._door.now(), self._door.shaper)

    async def items(
        self, job: int, cursor: str | None, limit: int, outcome: BulkOutcome | None = None
    ) -> Window[ItemRow]:
        """A window of a job's runs in its order, of one ``outcome`` where one is given; one statement."""
        after = int(cursor or 0)
        items = await self._door.read(
            lambda store: store.bulk_items(job, after=after, limit=limit, outcome=outcome)
        )
        rows = tuple(item_row(item, self._door.shaper) for item in items)
        return Window(rows, str(rows[-1].key) if len(rows) == limit else None, len(rows))

    async def plan(self, verb: BulkVerb, chosen: Chosen) -> BulkPlan:
        """What a job about these runs would find now. Raises Missing where there is none, or too many."""
        from sagewai.core import commands

        run_ids = await gather(self._door, verb, chosen)

        async def count(store: Store) -> BulkPreview:
            if not run_ids:
                return BulkPreview({}, possible=0, missing=0)
            return await commands.preview_bulk(store, verb, run_ids)

        found = await self._door.read(count)
        return BulkPlan(verb, run_ids, found, chosen, twins.bulk(verb, run_ids, chosen.options))

    def begun(self, job: BulkJob, twin: str) -> None:
        """Follow a job that was begun here; it is due."""
        self._followed = {**self._followed, job.id: job}
        self._twins[job.id] = twin
        self._due.append(job.id)
        self._news.set()

    @property
    def is_due(self) -> bool:
        """Whether there is something to carry out that nobody does, not even this console."""
        return bool(self._due) and not self._busy

    async def carry_out(self) -> None:
        """Carry out what is due, in bounded batches, until it is over or in others' hands."""
        from sagewai.core.commands import advance_bulk

        self._busy, carried = True, 0
        try:
            while self._due:
                job = self._due.pop(0)
                while now := await self._door.read(lambda store, job=job: advance_bulk(store, job=job)):  # type: ignore[misc]
                    carried += now
        finally:
            self._busy = False
        if carried:
            self._news.set()

    def hear(self, glance: Glance) -> None:
        """What a look found: jobs that run are followed from then on, whoever began them."""
        self.seen, self._running = (glance.newest_bulk, glance.running_bulks), glance.running_bulks
        if self._running and not self._followed:
            self._news.set()

    async def follow(self) -> tuple[Cell, ...]:
        """Look how far the running jobs are; gives a line for each that has ended since. One statement, none where
        none runs. A job that stands still is due here too: whoever carried it out may be gone."""
        self._news.clear()
        if self._door.link.state != "live" or not (self._running or self._followed):
            return ()
        jobs = await self._door.read(lambda store: store.list_bulks(LISTED))
        ended = [job for job in jobs if job.id in self._followed and job.status is not BulkStatus.RUNNING]
        running = {job.id: job for job in jobs if job.status is BulkStatus.RUNNING}
        if self._door.may(Right.OPERATE):
            still = [each for each, job in running.items() if job == self._followed.get(each)]
            self._due += [each for each in still if each not in self._due]
        self._followed, self._running = running, len(running)
        return tuple(progress.ending(job) for job in ended)

    async def breathe(self) -> None:
        """Wait until the next look is due: soon while a job runs, at once when one was begun or carried out."""
        soon = self._followed or self._door.link.state != "live"
        with suppress(TimeoutError):
            async with asyncio.timeout(SOON if soon else LATER):
                await self._news.wait()

    @property
    def under_way(self) -> tuple[Cell, ...]:
        """How far the newest running job is, as it was seen last, and its twin where it was begun here; () where none
        runs."""
        if not self._followed:
            return ()
        newest = max(self._followed)
        cell = progress.under_way(self._followed[newest], self._door.shaper.glyphs)
        others = len(self._followed) - 1
        more = f", and {number(others)} more" if others else ""
        lists = f"{self._door.shaper.keys.line('command', ':', 'bulk')} lists the jobs, and stops one"
        twin = self._twins.get(newest, lists)
        return Cell(f" {cell.text}{more}", cell.role), Cell(f"   {twin}", Role.DIM)


def job_row(job: BulkJob, now: datetime, shaper: Shaper) -> JobRow:
    """A job as tables draw it."""
    glyphs = shaper.glyphs
    running = job.status is BulkStatus.RUNNING
    settled = f"{job.done + job.refused:,}/{job.total:,}"
    drawn = progress.bar(job.done, job.refused, job.total, progress.BAR, glyphs)
    took = age(((job.ended_at or now) - job.created_at).total_seconds())
    return JobRow(
        key=job.id,
        verb=job.verb,
        is_running=running,
        told=progress.under_way(job, glyphs) if running else progress.ending(job),
        cells={
            "job": Cell(str(job.id), Role.STRONG),
            "state": progress.job_state(job.status, glyphs),
            "verb": Cell(job.verb, Role.PLAIN),
            "progress": Cell(f"{drawn} {settled}", Role.RUNNING if running else Role.DIM),
            "refused": Cell(f"{job.refused:,}", Role.FAILED if job.refused else Role.DIM),
            "left": Cell(f"{job.left:,}", Role.DIM),
            "by": Cell(shaper.short(job.actor)),
            "age": Cell(age((now - job.created_at).total_seconds()), Role.DIM),
            "took": Cell(took, Role.DIM),
            "reason": Cell(shaper.short(job.reason), Role.DIM),
        },
    )


def item_row(item: BulkItem, shaper: Shaper) -> ItemRow:
    """A job's run as tables draw it."""
    detail = shaper.scribe.line(item.detail, limit=1_000)
    return ItemRow(
        key=item.number,
        run=shaper.ref(item.run_id),
        detail=detail,
        cells={
            "number": Cell(f"{item.number:,}", Role.DIM),
            "outcome": progress.item_state(item.outcome, shaper.glyphs),
            "run": Cell(shaper.short(item.run_id), Role.STRONG),
            "detail": Cell(shaper.short(item.detail), Role.DIM),
        },
    )
