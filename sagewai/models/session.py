"""Sessions: one incarnation of a process that executes runs, and what an operator sees of workers and pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sagewai.models.run import Definition, LabelValue
from sagewai.models.status import Ask, RunStatus, SessionStatus

SessionKind = Literal["worker", "script"]
"""``worker``: claims by pool and labels. ``script``: executes only what its own process runs."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """Enough to prove on the same host that a process is gone: a pid alone may have been given to another."""

    host: str
    boot_id: str
    pid_namespace: str
    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """A session to be opened. ``lease_ttl`` in seconds; ``definitions`` are the workflows it has code for."""

    name: str
    kind: SessionKind
    process: ProcessIdentity
    lease_ttl: float
    pool: str = "default"
    labels: Mapping[str, LabelValue] | None = None
    definitions: tuple[Definition, ...] = ()
    max_concurrent: int = 1


@dataclass(frozen=True, slots=True)
class Held:
    """A run that the store believes the session holds, and what is asked of it."""

    key: int
    run_id: str
    token: int
    asked: Ask | None


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat reads back. ``alive`` False: the session lapsed, its runs are somebody else's."""

    alive: bool
    asked: Ask | None
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is listed. ``live`` is true while its lease, by the database's clock, has not lapsed;
    ``versions`` are those of its workflows' code."""

    id: int
    name: str
    kind: SessionKind
    pool: str
    labels: Mapping[str, LabelValue]
    workflows: tuple[str, ...]
    status: SessionStatus
    asked: Ask | None
    live: bool
    process: ProcessIdentity
    running: int
    assigned: int
    max_concurrent: int
    started_at: datetime
    beat_at: datetime
    lease_until: datetime
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PoolOverview:
    """A pool at a glance. ``oldest_pending_at`` is when its longest-waiting ready run became ready.

    ``capacity`` is what its live, active workers run at most; ``stale_workers`` lost their lease less than an hour ago.
    No worker claims anything from a ``paused`` pool, whenever it was started.
    """

    pool: str
    pending: int
    running: int
    waiting: int
    live_workers: int
    stale_workers: int
    capacity: int
    oldest_pending_at: datetime | None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Minute:
    """How many runs came into each status within the minute that begins ``at``; statuses without any are left out."""

    at: datetime
    entered: Mapping[RunStatus, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many runs are in each status, per pool, plus what an operator looks at first."""

    by_pool: Mapping[str, Mapping[RunStatus, int]]
    dead_letters: int
    pending_approvals: int

    def of(self, status: RunStatus) -> int:
        return sum(pool.get(status, 0) for pool in self.by_pool.values())


NEWEST = 100
"""How far back a glance looks for what is new."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What every look of a console begins with, at one moment: the clock, the counters, the pools, and of bulk jobs the
    highest number (0 where there is none) and how many run. ``newest_approvals`` are those of the last NEWEST that were
    requested which are still pending, ``newest_dead_letters`` the last NEWEST there are; the newest first."""

    now: datetime
    counts: Counts
    pools: tuple[PoolOverview, ...]
    newest_bulk: int
    running_bulks: int
    newest_approvals: tuple[int, ...] = ()
    newest_dead_letters: tuple[int, ...] = ()
