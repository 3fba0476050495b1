"""Reading calls and what they cost: by index, and no more than what is asked for, among the calls of everybody else."""

from __future__ import annotations

import pytest

from sagewai.core.stores.postgres import PostgresStore, statements
from sagewai.core.stores.postgres.database import Database
from tests.postgres_store.test_plans import database, explain, nodes

__all__ = ["database"]

CALLS = 50
"""Of each of so many runs: two thirds in the step that is asked for."""
RUNS = 400

MADE = f"""
insert into sagewai.runs (created_at, changed_at, route, priority, status, run_id, workflow, pool)
select now(), now(), 1, 0, 5, 'r' || n, 'orders', 'default' from generate_series(1, {RUNS}) as n;
insert into sagewai.calls
       (run, recorded_at, latency, seq, attempt, position, round, kind, step, branch, name, model, digest, identity,
        cost, input_tokens, output_tokens, request, response)
select run.id, now(), 1, least(n % 3, 1), 1, n, 0, 'model', 'fetch', '', 'writer', 'gpt-4o', '', sha256(n::text::bytea),
       1, 10, 1, repeat('x', 500), repeat('x', 500)
  from generate_series(1, {CALLS}) as n cross join sagewai.runs as run;
insert into sagewai.spending
select (now() at time zone 'UTC')::date - day, 'orders', 'model' || n, 1, 10, 1, 1, 0
  from generate_series(0, 199) as day cross join generate_series(1, 100) as n;
"""

ASKED = {
    "calls of a run": ("CALLS_OF", "'r7', null, 0, null", CALLS, 200),
    "calls of a step": ("CALLS_OF", "'r7', 1, 0, null", 2 * CALLS // 3 + 1, 150),
    "what a run spent": ("SPENT", "'r7'", 1, 20),
    "a budget": ("GET_BUDGET", "'r7'", 1, 20),
    "a tail": ("TAIL_OF", "'r7'", 1, 20),
    "what was spent today": ("SPENDING", "'model', 1, 500", 100, 150),
}
"""Statement, values, rows, and the most pages that may be touched; the tables have thousands."""


@pytest.mark.parametrize("analysed", ["never", "when empty", "now"])
async def test_what_is_read_costs_what_it_gives(
    store: PostgresStore, database: Database, analysed: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("alter table sagewai.calls set (autovacuum_enabled = false)")
        if analysed == "when empty":
            await connection.execute("analyze")
        await connection.execute(MADE)
        if analysed == "now":
            await connection.execute("analyze")
        pages = await connection.fetchval("select pg_relation_size('sagewai.calls') / 8192")
    assert pages > 2_000
    for what, (name, values, rows, most) in ASKED.items():
        plan = await explain(database, getattr(statements, name), options=", analyze, buffers", values=values)
        assert plan["Actual Rows"] == rows, what
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < most, what
        scanned = {str(node.get("Index Name")) for node in nodes(plan) if "Scan" in node["Node Type"]}
        assert ("calls_of" in scanned) == (name == "CALLS_OF"), what
