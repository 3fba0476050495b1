"""The whole store at a glance: read part by part, as many a look as it affords, those that wait longest first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sagewai.models.approval import Approval
from sagewai.models.bulk import BulkJob, BulkStatus
from sagewai.models.history import DeadLetter, ErrorGroup, Event
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.session import Minute, PoolOverview
from sagewai.models.status import RunStatus
from tui.format import Cell, Role, age, number, plural
from tui.gateway.bulk import job_row
from tui.gateway.deeds import DEEDS, deeds
from tui.gateway.door import Door
from tui.outline import HOUR, DeedRow, Outline, Rate
from tui.views import ActionRecord, Fact, GroupRow, JobRow, Totals

_RUNS = 100
"""The latest completed runs, whose latency is drawn."""

_EVENTS = 500
_OVERLAP = 2_000
"""Ids of events that are read again: one may be committed after another with a higher id."""

_KEPT = 500
_ASKED = 100
_DAY = 1_440

_RATES = (
    ("queued", Role.PENDING, RunStatus.PENDING),
    ("completed", Role.DONE, RunStatus.COMPLETED),
    ("failed", Role.FAILED, RunStatus.FAILED),
)


@dataclass(slots=True)
class _Part:
    """Something to be read. It is due after ``late`` looks, or after ``soon`` where ``sign`` has changed."""

    read: Callable[[], Awaitable[None]]
    sign: Callable[[], Hashable]
    soon: int
    late: int
    seen: Hashable = None
    since: int = 1_000_000
    """Looks since it was read; at first, more than any."""

    @property
    def is_due(self) -> bool:
        return self.since >= (self.late if self.sign() == self.seen else self.soon)


class Overview:
    """What the Overview screen shows of one store. ``last_look`` is when its user looked at it before."""

    def __init__(
        self, door: Door, log: Sequence[ActionRecord], last_look: Callable[[], datetime | None]
    ) -> None:
        self._door = door
        self._log = log
        self._last_look = last_look
        self._minutes: Sequence[Minute] = ()
        self._took: tuple[float, ...] = ()
        self._approvals: Sequence[Approval] = ()
        self._groups: Sequence[ErrorGroup] = ()
        self._letters: Sequence[DeadLetter] = ()
        self._events: Mapping[int, Event] = {}
        self._jobs: Sequence[BulkJob] = ()
        self._jobs_seen: Hashable = None
        self._failures: dict[datetime, int] = {}
        self._pools: Sequence[PoolOverview] = ()
        self._totals: Totals | None = None
        self._parts = (
            _Part(self._read_events, lambda: len(log), 1, 1),
            _Part(self._read_jobs, self._jobs_sign, 1, 30),
            _Part(self._read_rates, self._minute, 1, 5),
            _Part(self._read_took, lambda: self._of(RunStatus.COMPLETED), 3, 30),
            _Part(self._read_approvals, lambda: self._totals and self._totals.approvals, 1, 15),
            _Part(self._read_groups, lambda: self._totals and self._totals.dead_letters, 1, 30),
            _Part(self._read_letters, lambda: (self._newest_letter(), self._last_look()), 1, 60),
            _Part(self._read_failed, lambda: (self._last_look(), self._hour()), 1, 1_800),
        )

    async def look(self, totals: Totals, pools: Sequence[PoolOverview], jobs: Hashable) -> None:
        """Read what is due, as far as the look affords it. ``jobs`` is another where jobs have begun or ended."""
        self._totals, self._pools, self._jobs_seen = totals, pools, jobs
        for part in self._parts:
            part.since += 1
        due = sorted((part for part in self._parts if part.is_due), key=lambda part: -part.since)
        for part in due[: max(0, self._door.left)]:
            sign = part.sign()
            await part.read()
            part.seen, part.since = sign, 0

    @property
    def is_whole(self) -> bool:
        """Whether every part has been read."""
        return all(part.since < 1_000_000 for part in self._parts)

    # -- what it says -------------------------------------------------------------------------------------------------

    def outline(self) -> Outline:
        now = self._door.now()
        return Outline(
            rates=tuple(Rate(name, role, self._by_minute(status, now)) for name, role, status in _RATES),
            took=self._took,
            waiting=tuple(self._waiting(now)),
            since=tuple(self._since(now)),
            is_whole=self.is_whole,
        )

    def deeds(self) -> tuple[DeedRow, ...]:
        names = frozenset({self._door.acts_as, self._door.actor.name})
        events = [self._events[key] for key in sorted(self._events, reverse=True)]
        return deeds(events, self._log, names, self._door.now(), self._door.shaper)

    def jobs(self) -> tuple[JobRow, ...]:
        return tuple(job_row(job, self._door.now(), self._door.shaper) for job in self._jobs)

    def errors(self) -> tuple[GroupRow, ...]:
        return tuple(self._door.shaper.group(group, self._door.now()) for group in self._groups)

    def _by_minute(self, status: RunStatus, now: datetime) -> tuple[int, ...]:
        this = now.replace(second=0, microsecond=0)
        came = {minute.at: minute.entered.get(status, 0) for minute in self._minutes}
        return tuple(came.get(this - timedelta(minutes=ago), 0) for ago in reversed(range(HOUR)))

    def _waiting(self, now: datetime) -> list[Fact]:
        shaper = self._door.shaper
        ready = [pool for pool in self._pools if pool.oldest_pending_at is not None]
        oldest = min(ready, key=lambda pool: pool.oldest_pending_at or now, default=None)
        queued = sum(pool.pending for pool in self._pools)
        runs = Cell("none waits for a worker", Role.DIM)
        if oldest is not None and oldest.oldest_pending_at is not None:
            since = age((now - oldest.oldest_pending_at).total_seconds())
            runs = Cell(f"{plural(queued, 'run')}, oldest {since} in pool {shaper.short(oldest.pool)}")
        none = [pool for pool in self._pools if pool.pending and not pool.live_workers]
        served = Cell("every pool with queued runs has a worker", Role.DIM)
        if none:
            named = ", ".join(f"{shaper.short(pool.pool)} ({number(pool.pending)})" for pool in none[:6])
            served = Cell(f"NONE! for {named}", Role.FAILED)
        return [
            Fact("queued", runs),
            Fact("workers", served),
            Fact("approvals", self._asked(now)),
        ]

    def _asked(self, now: datetime) -> Cell:
        shaper, total = self._door.shaper, 0 if self._totals is None else self._totals.approvals
        if not total or not self._approvals:
            return Cell("none waits for a person", Role.DIM)
        oldest = min(self._approvals, key=lambda each: each.requested_at)
        first = self._approvals[0]
        since = age((now - oldest.requested_at).total_seconds())
        text = f"{number(total)}, oldest {since}"
        if first.deadline_at is None:
            return Cell(f"{text}: {shaper.short(oldest.run_id)}", Role.WAITING)
        left = (first.deadline_at - now).total_seconds()
        due = f"due in {age(left)}" if left > 0 else "overdue"
        return Cell(
            f"{text}, {due}: {shaper.short(first.run_id)}", Role.FAILED if left < 600 else Role.WAITING
        )

    def _since(self, now: datetime) -> list[Cell]:
        last = self._last_look()
        if last is None:
            return [Cell("your first look at this store", Role.DIM)]
        if not self.is_whole:
            return []
        asked = sum(each.requested_at > last for each in self._approvals)
        letters = sum(each.failed_at > last for each in self._letters)
        failed = sum(n for at, n in self._failures.items() if at > last)
        day = " (of a day)" if now - last > timedelta(days=1) else ""
        news = [
            (failed, f"{plural(failed, 'failure')}{day}", Role.FAILED),
            (letters, f"{plural(letters, 'dead letter')}{_more(letters)}", Role.FAILED),
            (asked, f"{plural(asked, 'approval')}{_more(asked)}", Role.WAITING),
        ]
        told = [Cell(f"since you last looked, {age((now - last).total_seconds())} ago: ", Role.DIM)]
        found = [Cell(text, role) for count, text, role in news if count]
        for at, cell in enumerate(found):
            told += [Cell(", ", Role.DIM)] * bool(at) + [cell]
        return told if found else [*told, Cell("nothing new", Role.DONE)]

    # -- parts --------------------------------------------------------------------------------------------------------

    def _minute(self) -> Hashable:
        return self._door.now().replace(second=0, microsecond=0)

    def _hour(self) -> datetime:
        """What came since is in the rates of the last hour."""
        return self._door.now().replace(minute=0, second=0, microsecond=0)

    def _of(self, status: RunStatus) -> int:
        return 0 if self._totals is None else self._totals.by_status.get(status, 0)

    def _jobs_sign(self) -> Hashable:
        """Another with every look while a job runs."""
        running = any(job.status is BulkStatus.RUNNING for job in self._jobs)
        return self._jobs_seen, running and self._door.now()

    async def _read_events(self) -> None:
        after = max(0, max(self._events, default=0) - _OVERLAP)
        new = await self._door.read(lambda store: store.get_events(after=after, limit=_EVENTS))
        found = {**self._events, **{event.id: event for event in new if event.kind in DEEDS}}
        self._events = {key: found[key] for key in sorted(found)[-_KEPT:]}

    async def _read_jobs(self) -> None:
        self._jobs = await self._door.read(lambda store: store.list_bulks())

    async def _read_rates(self) -> None:
        self._minutes = await self._door.read(lambda store: store.rates(HOUR))
        self._note_failures(self._minutes)

    async def _read_took(self) -> None:
        query = RunQuery(status=frozenset({RunStatus.COMPLETED}), order="changed", limit=_RUNS)
        page = await self._door.read(lambda store: store.list_runs(query))
        self._took = tuple((run.changed_at - run.created_at).total_seconds() for run in reversed(page.items))

    async def _read_approvals(self) -> None:
        self._approvals = ()
        if self._totals is None or self._totals.approvals:
            query = ApprovalQuery(limit=_ASKED)
            self._approvals = (await self._door.read(lambda store: store.list_approvals(query))).items

    async def _read_groups(self) -> None:
        self._groups = await self._door.read(lambda store: store.group_dead_letters())

    async def _read_letters(self) -> None:
        """Where the groups, which were read before, have a newer one than the last look."""
        last, newest, self._letters = self._last_look(), self._newest_letter(), ()
        if last is not None and newest is not None and newest > last:
            query = DeadLetterQuery(limit=_ASKED)
            self._letters = (await self._door.read(lambda store: store.list_dead_letters(query))).items

    def _newest_letter(self) -> datetime | None:
        return max((group.newest_at for group in self._groups), default=None)

    async def _read_failed(self) -> None:
        """Runs that failed since the last look, as far back as rates are kept."""
        last = self._last_look()
        if last is None:
            return
        minutes = min(_DAY, int((self._door.now() - last).total_seconds() // 60) + 1)
        self._note_failures(await self._door.read(lambda store: store.rates(minutes)))

    def _note_failures(self, minutes: Sequence[Minute]) -> None:
        """Those of a day: rates are kept no longer."""
        oldest = self._door.now() - timedelta(minutes=_DAY)
        found = {**self._failures, **{each.at: each.entered.get(RunStatus.FAILED, 0) for each in minutes}}
        self._failures = {at: n for at, n in found.items() if n and at > oldest}


def _more(count: int) -> str:
    """Behind a number that may be higher: no more were read."""
    return "+" if count == _ASKED else ""
