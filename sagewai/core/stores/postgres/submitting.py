"""How runs come in: all or none, each run_id once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import MappingProxyType

from sagewai.core.codec import require_storable
from sagewai.core.labels import check_tags, labels_text
from sagewai.core.stores.postgres.checks import check_actor, check_definition
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.failures import was_overtaken
from sagewai.core.stores.postgres.names import Names, RouteName
from sagewai.core.stores.postgres.statements import INSERT_RUNS
from sagewai.errors import RunInputMismatch, StoreRefused, StoreUnavailable
from sagewai.models.actor import SYSTEM
from sagewai.models.run import Definition, Inserted, LeasedRun, RunSpec

CHUNK = 1_000
"""Runs per statement; several statements of one call are one transaction."""

_ATTEMPTS = 10


async def insert_runs(
    database: Database, names: Names, specs: Sequence[RunSpec], session: int | None
) -> list[Inserted]:
    """As the contract says. A run_id that somebody else submits at this moment makes the statement fail, wholly, and it
    is sent again: then it is there to be compared."""
    first = _distinct(specs)
    rows = [(spec, _route(spec)) for spec in first.values()]
    routes = await names.routes(route for _, route in rows)
    definitions = await names.definitions(
        dict.fromkeys(spec.definition for spec in first.values() if spec.definition is not None)
    )
    batches = [
        _columns([(spec, routes[route]) for spec, route in rows[at : at + CHUNK]], definitions)
        for at in range(0, len(rows), CHUNK)
    ]
    found = await _insert_all(database, batches, session)
    for row in found.values():
        if row["differs"]:
            raise _mismatch(row["run_id"])
    return [_inserted(spec, found[spec.run_id], is_first=spec is first[spec.run_id]) for spec in specs]


def _distinct(specs: Sequence[RunSpec]) -> dict[str, RunSpec]:
    """The first spec of each run_id, all of them checked."""
    first: dict[str, RunSpec] = {}
    for spec in specs:
        _check(spec)
        known = first.setdefault(spec.run_id, spec)
        if (known.workflow, known.input_digest) != (spec.workflow, spec.input_digest):
            raise _mismatch(spec.run_id)
    return first


def _check(spec: RunSpec) -> None:
    require_storable(spec.run_id, "run_id")
    require_storable(spec.workflow, "workflow")
    require_storable(spec.version, "version")
    require_storable(spec.pool, "pool")
    require_storable(spec.input, "input")
    if spec.actor is not None:
        check_actor(spec.actor)
    if spec.definition is not None:
        check_definition(spec.definition)
    check_tags(spec.tags)


def _route(spec: RunSpec) -> RouteName:
    version = spec.version if spec.definition is None else spec.definition.version
    return (spec.pool, spec.workflow, version, labels_text(spec.labels))


def _mismatch(run_id: str) -> RunInputMismatch:
    return RunInputMismatch(
        f"run {run_id!r} exists with another workflow or input: choose another run_id, or submit what it has",
        run_id=run_id,
    )


def _columns(
    rows: Sequence[tuple[RunSpec, int]], definitions: dict[Definition, int]
) -> tuple[list[object], ...]:
    specs = [spec for spec, _ in rows]
    actors = [spec.actor or SYSTEM for spec in specs]
    return (
        [spec.run_id for spec in specs],
        [spec.workflow for spec in specs],
        [spec.pool for spec in specs],
        [route for _, route in rows],
        [None if spec.definition is None else definitions[spec.definition] for spec in specs],
        [spec.priority for spec in specs],
        [spec.delay for spec in specs],
        [spec.input for spec in specs],
        [spec.input_digest for spec in specs],
        [json.dumps(dict(spec.tags)) if spec.tags else None for spec in specs],
        [actor.name for actor in actors],
        [actor.source for actor in actors],
        [actor.assurance for actor in actors],
    )


async def _insert_all(
    database: Database, batches: Sequence[tuple[list[object], ...]], session: int | None
) -> dict[str, Row]:
    for attempt in range(_ATTEMPTS):
        try:
            return await _insert(database, batches, session)
        except (StoreRefused, StoreUnavailable) as error:
            if attempt + 1 == _ATTEMPTS or not was_overtaken(error, "runs_run_id"):
                raise
    raise AssertionError("unreachable")


async def _insert(
    database: Database, batches: Sequence[tuple[list[object], ...]], session: int | None
) -> dict[str, Row]:
    if len(batches) == 1:
        return {row["run_id"]: row for row in await database.fetch(INSERT_RUNS, *batches[0], session)}
    found: dict[str, Row] = {}
    async with database.transaction() as connection:
        for columns in batches:
            rows = await connection.fetch(INSERT_RUNS, *columns, session)
            for row in rows:
                if row["differs"]:
                    raise _mismatch(row["run_id"])
            found.update({row["run_id"]: row for row in rows})
    return found


def _inserted(spec: RunSpec, row: Row, *, is_first: bool) -> Inserted:
    created = is_first and row["id"] is not None
    if not created or not row["taken"]:
        return Inserted(spec.run_id, created=created)
    return Inserted(
        spec.run_id,
        created=True,
        lease=LeasedRun(
            key=row["id"],
            run_id=spec.run_id,
            workflow=spec.workflow,
            token=1,
            rev=1,
            seq=0,
            attempt=1,
            wakeups=0,
            takeovers=0,
            input=spec.input,
            results=MappingProxyType({}),
            pool=spec.pool,
            labels=MappingProxyType(dict(spec.labels)),
            tags=MappingProxyType(dict(spec.tags)),
        ),
    )
