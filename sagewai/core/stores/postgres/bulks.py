"""The part of the PostgreSQL store that is about bulk jobs: a few items a transaction, their runs locked in order."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

from sagewai.core.codec import require_storable
from sagewai.core.failpoints import reach
from sagewai.core.stores import words
from sagewai.core.stores.bulks import (
    AT_ONCE,
    OPERATIONS,
    Bulks,
    Standing,
    in_pieces,
    listed,
    no_bulk,
    preview,
)
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import check_actor, is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.operating import operate_on_held
from sagewai.core.stores.postgres.pool import Connection
from sagewai.errors import DeadLetterNotFound, RunError, SagewaiError
from sagewai.models.actor import Actor, Assurance
from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkSpec, BulkStatus, BulkVerb


class PostgresBulks(Bulks):
    """What may be done with bulk jobs is for the database's functions to say."""

    @abstractmethod
    async def _open(self) -> Database:
        """The database, with its schema in place."""

    async def preview_bulk(self, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
        database = await self._open()
        runs = listed(verb, run_ids)
        found: list[tuple[Standing, int]] = []
        for piece in in_pieces(list(filter(is_storable, runs))):
            for row in await database.fetch(statements.BULK_STANDINGS, piece):
                standing = (words.STATUS[row["status"]], rows.asked(row["asked"]), row["dead"])
                found.append((standing, row["runs"]))
        return preview(verb, len(runs), found)

    async def create_bulk(self, spec: BulkSpec) -> BulkJob:
        runs = listed(spec.verb, spec.run_ids)
        check_actor(spec.actor, spec.reason)
        for run_id in runs:
            require_storable(run_id, "a run's id")
        by = spec.actor
        database = await self._open()
        made = await database.fetchrow(
            statements.CREATE_BULK, spec.verb, runs, by.name, by.source, by.assurance, spec.reason
        )
        assert made is not None
        return await self.get_bulk(made["id"])

    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        database = await self._open()
        row = await database.fetchrow(statements.OLDEST_BULK) if job is None else await self._row(job)
        settled = 0
        while row is not None and settled < limit:
            now = await _advance(database, _job(row), min(AT_ONCE, limit - settled))
            if now == 0:
                break
            settled += now
        return settled

    async def stop_bulk(self, job: int, actor: Actor, reason: str = "") -> BulkJob:
        check_actor(actor, reason)
        database = await self._open()
        by = (actor.name, actor.source, actor.assurance)
        await database.fetch(statements.STOP_BULK, job, *by, reason)
        return await self.get_bulk(job)

    async def get_bulk(self, job: int) -> BulkJob:
        return _job(await self._row(job))

    async def list_bulks(self, limit: int = 50) -> list[BulkJob]:
        database = await self._open()
        return [_job(row) for row in await database.fetch(statements.LIST_BULKS, limit)]

    async def bulk_items(
        self, job: int, *, after: int = 0, limit: int = 1_000, outcome: BulkOutcome | None = None
    ) -> list[BulkItem]:
        await self._row(job)
        database = await self._open()
        if outcome is None:
            found = await database.fetch(statements.BULK_ITEMS, job, after, limit)
        else:
            code = words.BULK_OUTCOME_CODE[outcome]
            found = await database.fetch(statements.BULK_ITEMS_BY_OUTCOME, job, after, limit, code)
        return [
            BulkItem(row["number"], row["run_id"], words.BULK_OUTCOME[row["outcome"]], row["detail"])
            for row in found
        ]

    async def _row(self, job: int) -> Row:
        """Raises BulkNotFound."""
        row = await (await self._open()).fetchrow(statements.GET_BULK, job)
        if row is None:
            raise no_bulk(job)
        return row


class _Stopped(SagewaiError):
    """The job was stopped while its items were in hand: nothing of what was done for them stays."""


async def _advance(database: Database, job: BulkJob, limit: int) -> int:
    """How many were settled. All runs are locked before the first event, which takes the audit's lock: nobody who holds
    that ever waits for a run."""
    if job.status is not BulkStatus.RUNNING:
        return 0
    try:
        async with database.transaction() as connection:
            items = await connection.fetch(statements.TAKE_BULK, job.id, limit)
            if items:
                settled = await _carry_out(connection, job, items)
                if not await connection.fetchval(statements.SETTLE_BULK, job.id, *settled):
                    raise _Stopped
            return len(items)
    except _Stopped:
        return 0


async def _carry_out(
    connection: Connection, job: BulkJob, items: Sequence[Row]
) -> tuple[list[int], list[int], list[str]]:
    """Numbers, outcomes and details."""
    run_ids = [item["run_id"] for item in items]
    held = {row["id"] for row in await connection.fetch(statements.HOLD_RUNS, run_ids)}
    found = await connection.fetch(statements.STANDINGS, run_ids)
    standings = {row["run_id"]: row for row in found if row["id"] in held}
    operation, actor = OPERATIONS[job.verb], Actor(job.actor, job.source, cast(Assurance, job.assurance))
    outcomes, details = [], []
    for run_id in run_ids:
        outcome, detail = BulkOutcome.DONE, ""
        try:
            if run_id not in standings:
                raise run_not_found(run_id)
            await operate_on_held(connection, run_id, standings[run_id], operation, actor, job.reason)
            reach("bulk item")
        except (RunError, DeadLetterNotFound) as refusal:  # raised before anything is sent
            outcome, detail = BulkOutcome.REFUSED, str(refusal)
        outcomes.append(words.BULK_OUTCOME_CODE[outcome])
        details.append(detail)
    return [item["number"] for item in items], outcomes, details


def _job(row: Row) -> BulkJob:
    return BulkJob(
        id=row["id"],
        verb=row["verb"],
        status=words.BULK_STATUS[row["status"]],
        total=row["total"],
        done=row["done"],
        refused=row["refused"],
        actor=row["actor"],
        source=row["source"],
        assurance=row["assurance"],
        reason=row["reason"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )
