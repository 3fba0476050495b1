"""A batch of parks: what all of them ask is read once, however many runs there are."""

from __future__ import annotations

import json

from sagewai.core.stores.postgres import PostgresStore, recording
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.statements import RECORD_MOVES
from sagewai.models.transition import Move
from tests.contract.scene import Owner, Scene, ask, listen, spec, timer
from tests.postgres_store.test_plans import database, nodes

__all__ = ["database"]

RUNS = 30


async def test_what_a_batch_asks_is_read_once_and_not_once_per_run(
    store: PostgresStore, scene: Scene, database: Database
) -> None:
    session = await scene.session(max_concurrent=RUNS)
    await store.insert_runs([spec(f"r{number}") for number in range(RUNS)])
    claimed = await store.claim(session, await scene.routes(), RUNS)
    moves = [
        Owner(store, lease).transition(Move.PARK, requests=(ask(),), waits=(timer("nap"), listen()))
        for lease in claimed.runs
    ]
    values = (
        *recording._moves(moves, {}),
        *recording._requests(moves),
        *recording._waits(moves),
    )
    async with database.connection() as connection:
        text = await connection.fetchval(f"explain (analyze, format json) {RECORD_MOVES}", *values)
    plan = json.loads(text)[0]["Plan"]
    read = {
        node["Alias"]: node["Actual Loops"]
        for node in nodes(plan)
        if node["Node Type"] == "Function Scan" and node["Alias"] in ("item", "request", "wish")
    }
    assert read == {"item": 1, "request": 1, "wish": 1}
    waiting = [await store.get_run(f"r{number}") for number in range(RUNS)]
    assert {run.wait for run in waiting} == {"approval"}
