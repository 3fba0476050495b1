"""One run, one approval, one dead letter; counters, pools and events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sagewai.core.stores import words
from sagewai.core.stores.base import EXPIRED_REASON
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.errors import DeadLetterNotFound
from sagewai.models.approval import Approval
from sagewai.models.history import Attempt, DeadLetter, Event
from sagewai.models.run import RunOutcome, StepInfo
from sagewai.models.session import NEWEST, Counts, Glance, Minute, PoolOverview
from sagewai.models.status import RunStatus

DEAD_LETTERS = 101
PENDING_APPROVALS = 102
"""What a counter can count beside the runs of a status."""


async def _of_run(database: Database, statement: str, run_id: str, *more: object) -> list[Row]:
    """At least one row. Raises RunNotFound."""
    found = await database.fetch(statement, run_id, *more) if is_storable(run_id) else []
    if not found:
        raise run_not_found(run_id)
    return found


async def get_outcome(database: Database, run_id: str) -> RunOutcome:
    (row,) = await _of_run(database, statements.GET_OUTCOME, run_id)
    return rows.outcome(row, EXPIRED_REASON)


async def get_input(database: Database, run_id: str) -> str:
    (row,) = await _of_run(database, statements.GET_INPUT, run_id)
    text: str = row["input"]
    return text


async def get_results(database: Database, run_id: str) -> dict[str, str]:
    found = await _of_run(database, statements.GET_RESULTS, run_id)
    return {row["step"]: row["result"] for row in found if row["step"] is not None}


async def get_steps(database: Database, run_id: str) -> tuple[StepInfo, ...]:
    (row,) = await _of_run(database, statements.GET_STEPS, run_id)
    if row["steps"] is None:
        return ()
    return tuple(
        StepInfo(name, max_attempts, timeout)
        for name, max_attempts, timeout in zip(
            row["steps"], row["max_attempts"], row["timeouts"], strict=True
        )
    )


async def get_attempts(database: Database, run_id: str) -> list[Attempt]:
    found = await _of_run(database, statements.GET_ATTEMPTS, run_id)
    return [rows.attempt(run_id, row) for row in found if row["seq"] is not None]


async def get_events(database: Database, run_id: str | None, after: int, limit: int) -> list[Event]:
    if run_id is None:
        found = await database.fetch(statements.EVENTS_OF_PEOPLE, after, limit)
    else:
        found = await _of_run(database, statements.GET_EVENTS, run_id, after, max(limit, 1))
    return [rows.event(row) for row in found if row["id"] is not None][: max(limit, 0)]


async def approvals_of(database: Database, run_id: str, step: str | None) -> list[Approval]:
    if not is_storable(run_id) or not is_storable(step or ""):
        return []
    return [rows.approval(row) for row in await database.fetch(statements.APPROVALS_OF, run_id, step)]


async def get_dead_letter(database: Database, run_id: str) -> DeadLetter:
    row = await database.fetchrow(statements.GET_DEAD_LETTER, run_id) if is_storable(run_id) else None
    if row is None:
        raise DeadLetterNotFound(f"run {run_id!r} has no dead letter")
    return rows.dead_letter(row)


async def counts(database: Database) -> Counts:
    return _counts(await database.fetch(statements.COUNTS))


def _counts(found: Iterable[tuple[str, int, int]]) -> Counts:
    by_pool: dict[str, dict[RunStatus, int]] = {}
    others: dict[int, int] = {}
    for pool, what, n in found:
        if what in words.STATUS:
            by_pool.setdefault(pool, {})[words.STATUS[what]] = n
        else:
            others[what] = n
    return Counts(
        by_pool=MappingProxyType({pool: MappingProxyType(counted) for pool, counted in by_pool.items()}),
        dead_letters=others.get(DEAD_LETTERS, 0),
        pending_approvals=others.get(PENDING_APPROVALS, 0),
    )


async def rates(database: Database, minutes: int) -> list[Minute]:
    entered: dict[datetime, dict[RunStatus, int]] = {}
    for at, status, n in await database.fetch(statements.RATES, minutes):
        entered.setdefault(at, {})[words.STATUS[status]] = n
    return [Minute(at, MappingProxyType(came)) for at, came in entered.items()]


async def list_pools(database: Database) -> list[PoolOverview]:
    return [PoolOverview(**row) for row in await database.fetch(statements.LIST_POOLS)]


async def glance(database: Database) -> Glance:
    (row,) = await database.fetch(statements.GLANCE, NEWEST)
    counted = _counts(_across(row, "counted_pools", "whats", "counts"))
    return Glance(
        now=row["now"],
        counts=counted,
        pools=tuple(
            PoolOverview(
                pool=pool,
                pending=counted.by_pool.get(pool, {}).get(RunStatus.PENDING, 0),
                running=counted.by_pool.get(pool, {}).get(RunStatus.RUNNING, 0),
                waiting=counted.by_pool.get(pool, {}).get(RunStatus.WAITING, 0),
                live_workers=live,
                stale_workers=stale,
                capacity=capacity,
                oldest_pending_at=oldest,
                paused=paused,
            )
            for pool, live, stale, capacity, oldest, paused in _across(
                row, "pools", "live", "stale", "capacity", "oldest", "paused"
            )
        ),
        newest_bulk=row["newest_bulk"],
        running_bulks=row["running_bulks"],
        newest_approvals=tuple(row["newest_approvals"]),
        newest_dead_letters=tuple(row["newest_dead_letters"]),
    )


def _across(row: Row, *columns: str) -> Iterable[tuple[Any, ...]]:
    """Arrays of one length as rows; none where they are null."""
    return zip(*(row[column] or () for column in columns), strict=True)
