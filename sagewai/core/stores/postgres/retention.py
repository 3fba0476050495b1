"""The part of the PostgreSQL store that is about retention: a batch of runs is one statement, a bulk job another."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable

from sagewai.core.stores import words
from sagewai.core.stores.postgres import statements
from sagewai.core.stores.postgres.checks import check_actor
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.retention import Retention, pruned_detail, to_prune
from sagewai.models.actor import Actor
from sagewai.models.status import RunStatus


class PostgresRetention(Retention):
    """Who owns no table may not delete from one: that is for the database to say."""

    @abstractmethod
    async def _open(self) -> Database:
        """The database, with its schema in place."""

    async def prune(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset(), limit: int = 1_000
    ) -> int:
        statuses = to_prune(older_than, keep, limit)
        database = await self._open()
        row = await database.fetchrow(statements.PRUNE, _codes(statuses), older_than, limit)
        assert row is not None
        pruned: int = row["count"]
        if pruned < limit:
            while await database.fetch(statements.PRUNE_BULK, older_than):
                pass
        return pruned

    async def prunable(
        self, older_than: float, *, keep: frozenset[RunStatus] = frozenset()
    ) -> dict[RunStatus, int]:
        statuses = to_prune(older_than, keep)
        found = await (await self._open()).fetch(statements.PRUNABLE, _codes(statuses), older_than)
        return {words.STATUS[row["status"]]: row["runs"] for row in found}

    async def note_pruned(
        self, runs: int, older_than: float, keep: frozenset[RunStatus], actor: Actor
    ) -> None:
        check_actor(actor)
        detail = json.dumps(pruned_detail(runs, older_than, keep))
        by = (actor.name, actor.source, actor.assurance)
        await (await self._open()).fetch(statements.NOTE_PRUNED, detail, *by)


def _codes(statuses: Iterable[RunStatus]) -> list[int]:
    return sorted(words.STATUS_CODE[status] for status in statuses)
