"""How sessions and runs meet: routes are resolved, runs claimed or shown to one session first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sagewai.core.labels import encode_labels
from sagewai.core.stores.base import Claimed, Routes
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import check_actor, is_storable
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.names import Names
from sagewai.errors import RunNotFound
from sagewai.models.actor import Actor
from sagewai.models.run import LabelValue, LeasedRun


async def resolve_routes(
    database: Database, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
) -> Routes:
    offered = json.dumps(encode_labels(labels))
    wanted = [
        (workflow, version)
        for workflow, versions in workflows.items()
        for version in versions
        if is_storable(workflow) and is_storable(version)
    ]
    row = await database.fetchrow(
        statements.RESOLVE_ROUTES,
        pool,
        [workflow for workflow, _ in wanted],
        [version for _, version in wanted],
        offered,
    )
    assert row is not None
    return Routes(tuple(row["ids"]), newest=row["newest"])


async def claim(database: Database, names: Names, session: int, routes: Sequence[int], limit: int) -> Claimed:
    wanted = list(dict.fromkeys(routes))
    shared = await names.shared(wanted)
    if len(wanted) == 1:
        found = await database.fetch(statements.CLAIM_LANE, session, wanted[0], max(limit, 0))
        if found[0]["sure"]:
            return _claimed(found, shared)
    return _claimed(await database.fetch(statements.CLAIM, session, wanted, max(limit, 0)), shared)


def _claimed(found: Sequence[Row], shared: Mapping[int, rows.Shared]) -> Claimed:
    leased = tuple(rows.leased_run(row, shared[row["route"]]) for row in found if row["id"] is not None)
    return Claimed(leased, newest_route=found[0]["newest_route"])


async def claim_run(database: Database, session: int, run_id: str) -> LeasedRun | None:
    if is_storable(run_id):
        row = await database.fetchrow(statements.CLAIM_RUN, session, run_id)
        if row is not None:
            return rows.leased_run(row, rows.shared(row))
        if await database.fetch(statements.STANDING, run_id):
            return None
    raise run_not_found(run_id)


async def assign(database: Database, run_id: str, session: int, seconds: float, actor: Actor) -> bool:
    check_actor(actor)
    if not is_storable(run_id):
        raise run_not_found(run_id)
    row = await database.fetchrow(
        statements.ASSIGN, run_id, session, seconds, actor.name, actor.source, actor.assurance
    )
    assert row is not None
    if not row["known"]:
        raise run_not_found(run_id)
    assigned: bool = row["assigned"]
    return assigned


def run_not_found(run_id: str) -> RunNotFound:
    return RunNotFound(f"no run {run_id!r} in this store", run_id=run_id)
