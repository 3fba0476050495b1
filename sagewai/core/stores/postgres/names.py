"""Names that rows hold as small numbers: routes and definitions, added when they are first used."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

from sagewai.core.codec import digest
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.database import Database
from sagewai.models.run import Definition

RouteName = tuple[str, str, str, str]
"""Pool, workflow, version and canonical labels."""


class Names:
    """Routes and definitions by their ids, which never change once given: the one cache of the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._routes: dict[RouteName, int] = {}
        self._definitions: dict[Definition, int] = {}
        self._shared: dict[int, rows.Shared] = {}

    async def routes(self, names: Iterable[RouteName]) -> dict[RouteName, int]:
        """The ids of these routes, added where they aren't there yet."""
        wanted = set(names)
        missing = sorted(wanted - self._routes.keys())
        if missing:
            pools, workflows, versions, labels = (list(column) for column in zip(*missing, strict=True))
            digests = [digest(text) for text in labels]
            found = await self._database.fetch(statements.FIND_ROUTES, pools, workflows, versions, digests)
            if len(found) < len(missing):
                await self._database.fetch(statements.ADD_ROUTES, pools, workflows, versions, labels, digests)
                found = await self._database.fetch(
                    statements.FIND_ROUTES, pools, workflows, versions, digests
                )
            self._routes.update({missing[position - 1]: id_ for position, id_ in found})
        return {name: self._routes[name] for name in wanted}

    async def shared(self, ids: Collection[int]) -> Mapping[int, rows.Shared]:
        """What the runs of each of these routes, and perhaps of others, have in common."""
        missing = [id_ for id_ in ids if id_ not in self._shared]
        if missing:
            found = await self._database.fetch(statements.GET_ROUTES, missing)
            self._shared.update({row["id"]: rows.shared(row) for row in found})
        return self._shared

    async def definitions(self, wanted: Iterable[Definition]) -> dict[Definition, int]:
        """The ids of these definitions, added where they aren't there yet."""
        ids: dict[Definition, int] = {}
        for definition in wanted:
            if definition not in self._definitions:
                self._definitions[definition] = await self._definition(definition)
            ids[definition] = self._definitions[definition]
        return ids

    async def _definition(self, definition: Definition) -> int:
        names = [step.name for step in definition.steps]
        max_attempts = [step.max_attempts for step in definition.steps]
        timeouts = [step.timeout for step in definition.steps]
        whole = digest(
            json.dumps([definition.version, definition.fingerprint, names, max_attempts, timeouts])
        )
        found = await self._database.fetchrow(statements.FIND_DEFINITION, definition.workflow, whole)
        if found is None:
            await self._database.fetch(
                statements.ADD_DEFINITION,
                definition.workflow,
                definition.version,
                definition.fingerprint,
                names,
                max_attempts,
                timeouts,
                whole,
            )
            found = await self._database.fetchrow(statements.FIND_DEFINITION, definition.workflow, whole)
        assert found is not None
        id_: int = found["id"]
        return id_
