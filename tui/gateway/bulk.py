"""Bulk jobs as the console sees them: those there are, what became of their runs, and what one would be about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkStatus, BulkVerb
from tui import progress
from tui.format import Cell, Role, age, number, plural
from tui.gateway import twins
from tui.gateway.choosing import Chosen, gather
from tui.gateway.door import Door
from tui.gateway.shape import Shaper
from tui.views import ItemRow, JobRow, Window

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

LISTED = 50
"""Jobs that are listed, the newest."""


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
        hidden = f", {number(self.chosen.hidden)} not shown" if self.chosen.hidden else ""
        return f"{self.verb} {plural(len(self.run_ids), self.chosen.noun)}{self.chosen.where}{hidden}"


class BulkJobs:
    """Reads about bulk jobs, and the hand that carries out those begun here. Raises Unreachable and Missing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._followed: dict[int, BulkJob] = {}

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
        return BulkPlan(verb, run_ids, found, chosen, twins.bulk(verb, run_ids, chosen.options(verb)))

    async def carry_out(self, job: int) -> None:
        """Carry out what is left of it, a bounded batch at a time, until it is over or in others' hands."""
        from sagewai.core.commands import advance_bulk

        while await self._door.read(lambda store: advance_bulk(store, job=job)):
            continue

    async def follow(self) -> tuple[Cell, ...]:
        """Look how far the running jobs are; gives a line for each that has ended since the last time. One statement
        where nothing ended."""
        if self._door.link.state != "live":
            return ()
        jobs = await self._door.read(lambda store: store.list_bulks(LISTED))
        running = {job.id: job for job in jobs if job.status is BulkStatus.RUNNING}
        over = {job.id: job for job in jobs if job.status is not BulkStatus.RUNNING}
        ended = [over[each] for each in self._followed if each in over]
        self._followed = running
        return tuple(progress.ending(job) for job in ended)

    def begun(self, job: BulkJob) -> None:
        """Follow a job from now on."""
        self._followed = {**self._followed, job.id: job}

    @property
    def under_way(self) -> Cell | None:
        """How far the oldest running job is, as it was seen last; None where none runs."""
        if not self._followed:
            return None
        oldest = self._followed[min(self._followed)]
        cell = progress.under_way(oldest, self._door.shaper.glyphs)
        others = len(self._followed) - 1
        return replace(cell, text=f"{cell.text}, and {others} more") if others else cell


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
