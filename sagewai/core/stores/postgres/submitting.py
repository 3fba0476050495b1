"""How runs come in: all or none, each run_id once."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sagewai.core.codec import require_storable
from sagewai.core.labels import check_tags, labels_text
from sagewai.core.stores.postgres.checks import check_actor, check_definition
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.failures import was_overtaken
from sagewai.core.stores.postgres.names import Names, RouteName
from sagewai.core.stores.postgres.statements import INSERT_RUN, INSERT_RUNS, NEWEST_DEFINITIONS
from sagewai.errors import RunInputMismatch, StoreRefused, StoreUnavailable
from sagewai.models.actor import SYSTEM
from sagewai.models.run import Inserted, LeasedRun, RunSpec

CHUNK = 1_000
"""Runs per statement; several statements of one call are one transaction."""

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class _Shape:
    """A run's definition by its id, None where no code has been seen, and its version."""

    definition: int | None
    version: str


async def insert_runs(
    database: Database, names: Names, specs: Sequence[RunSpec], session: int | None
) -> list[Inserted]:
    """As the contract says. A run_id that somebody else submits at this moment makes the statement fail, wholly, and it
    is sent again: then it is there to be compared."""
    first = _distinct(specs)
    shapes = await _shapes(database, names, first.values())
    named = [(spec, shapes[spec.run_id], _route(spec, shapes[spec.run_id])) for spec in first.values()]
    routes = await names.routes(route for _, _, route in named)
    if len(named) == 1 and _is_plain(named[0][0]):
        spec, shape, route = named[0]
        row = await _insert_plain(database, spec, shape, routes[route], session)
        if row is not None:
            return [_inserted(each, row, is_first=each is spec) for each in specs]
    rows = [(spec, shape, routes[route]) for spec, shape, route in named]
    batches = [_columns(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)]
    found = await _insert_all(database, batches, session)
    for row in found.values():
        if row["differs"]:
            raise _mismatch(row["run_id"])
    return [_inserted(spec, found[spec.run_id], is_first=spec is first[spec.run_id]) for spec in specs]


def _is_plain(spec: RunSpec) -> bool:
    """Whether the lean statement can record it."""
    return (
        spec.definition is not None
        and not spec.tags
        and spec.delay is None
        and spec.deadline is None
        and spec.budget is None
    )


async def _insert_plain(
    database: Database, spec: RunSpec, shape: _Shape, route: int, session: int | None
) -> Row | None:
    """None where the run_id is there already: then the other statement says what it is."""
    assert spec.definition is not None
    steps, actor = spec.definition.steps, spec.actor or SYSTEM
    try:
        return await database.fetchrow(
            INSERT_RUN,
            spec.run_id,
            spec.workflow,
            spec.pool,
            route,
            shape.definition,
            spec.priority,
            steps[0].name if steps else None,
            spec.input,
            spec.input_digest,
            shape.version,
            actor.name,
            actor.source,
            actor.assurance,
            session,
        )
    except (StoreRefused, StoreUnavailable) as error:
        if not was_overtaken(error, "runs_run_id"):
            raise
    return None


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


async def _shapes(database: Database, names: Names, specs: Collection[RunSpec]) -> dict[str, _Shape]:
    """By run_id. A run without a definition takes the newest of its workflow, if any has been seen."""
    brought = {spec.definition for spec in specs if spec.definition is not None}
    ids = await names.definitions(brought)
    unknown = {spec.workflow for spec in specs if spec.definition is None}
    newest = await database.fetch(NEWEST_DEFINITIONS, sorted(unknown)) if unknown else []
    seen = {row["workflow"]: _Shape(row["id"], row["version"]) for row in newest}
    return {
        spec.run_id: _shape(spec, seen.get(spec.workflow, _Shape(None, "")))
        if spec.definition is None
        else _Shape(ids[spec.definition], spec.definition.version)
        for spec in specs
    }


def _shape(spec: RunSpec, newest: _Shape) -> _Shape:
    return _Shape(newest.definition, spec.version or newest.version)


def _route(spec: RunSpec, shape: _Shape) -> RouteName:
    return (spec.pool, spec.workflow, shape.version, labels_text(spec.labels))


def _mismatch(run_id: str) -> RunInputMismatch:
    return RunInputMismatch(
        f"run {run_id!r} exists with another workflow or input: choose another run_id, or submit what it has",
        run_id=run_id,
    )


def _columns(rows: Sequence[tuple[RunSpec, _Shape, int]]) -> tuple[list[object], ...]:
    specs = [spec for spec, _, _ in rows]
    actors = [spec.actor or SYSTEM for spec in specs]
    return (
        [spec.run_id for spec in specs],
        [spec.workflow for spec in specs],
        [spec.pool for spec in specs],
        [route for _, _, route in rows],
        [shape.definition for _, shape, _ in rows],
        [spec.priority for spec in specs],
        [spec.delay for spec in specs],
        [spec.input for spec in specs],
        [spec.input_digest for spec in specs],
        [json.dumps(dict(spec.tags)) if spec.tags else None for spec in specs],
        [actor.name for actor in actors],
        [actor.source for actor in actors],
        [actor.assurance for actor in actors],
        [shape.version for _, shape, _ in rows],
        [spec.deadline for spec in specs],
        [None if spec.budget is None else spec.budget.usd for spec in specs],
        [None if spec.budget is None else spec.budget.tokens for spec in specs],
        [None if spec.budget is None else spec.budget.on_exceed for spec in specs],
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
