"""Query plans: every statement finds its rows through an index, whatever the planner believes about the tables."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sagewai.core.stores.postgres import PostgresStore, statements
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.target import read_target
from tests.contract.scene import Scene

SMALL = {
    "asks",
    "counter_deltas",
    "counters",
    "definitions",
    "error_deltas",
    "error_groups",
    "migrations",
    "minutes",
    "paused_pools",
    "routes",
    "session_definitions",
    "sessions",
}
"""Tables that stay small, or are read whole on purpose."""

STATEMENTS = sorted({name for name in vars(statements) if name.isupper()} - {"_QUERIES"})

MOST_BLOCKS = 3_000
"""Pages that 50 rows may cost, with their joins and a claim's writes; the tables have several times as many rows."""

MOST_PASSED_OVER = 2_000
"""Rows that may be looked at in vain for 50."""

MADE_FOR = {
    "runs_ready": {"CLAIM", "CLAIM_LANE"},
    "runs_waited": {"GLANCE", "LIST_POOLS"},
    "runs_due": {"WAKE_DUE"},
    "runs_held": {
        "CLAIM",
        "HEARTBEAT",
        "IS_EMPTY_HANDED",
        "LIST_HELD",
        "LIST_SESSIONS",
        "MARK_SWEPT",
        "TAKE_OVER",
    },
    "runs_assigned": {"LIST_SESSIONS"},
    "runs_by_change": {
        "HEARD_SINCE",
        "LIST_CHANGED",
        "LIST_CHANGED_BY_PREFIX",
        "LIST_CHANGED_BY_TAG",
        "LIST_CHANGED_BY_WORKFLOW",
        "PRUNABLE",
        "PRUNE",
    },
    "runs_changed": {"LIST_CHANGED_BY_WORKFLOW"},
    "runs_by_workflow": {"LIST_BY_WORKFLOW", "LIST_CHANGED_BY_WORKFLOW"},
    "runs_by_pool": {"LIST_BY_POOL", "LIST_BY_STATUS"},
    "approvals_listed": {"EXPIRE", "LIST_APPROVALS"},
    "dead_letters_by_type": {"LIST_DEAD_LETTERS_BY_TYPE"},
    "dead_letters_by_workflow": {"LIST_DEAD_LETTERS_BY_WORKFLOW"},
    "deadlines_at": {"TIME_OUT"},
    "dead_letters_newest": {"GROUP_DEAD_LETTERS"},
    "bulk_jobs_ended": {"PRUNE_BULK"},
    "waits_of": {"PRUNE", "RECORD_MOVES", "WAITS_OF", "WAKE_DUE"},
    "signals_of": {"PRUNE", "RECORD_MOVES", "SIGNALS_OF"},
    "events_of": {"GET_EVENTS", "PRUNE"},
    "events_of_people": {"EVENTS_OF_PEOPLE"},
}
"""Which statements use an index of a table that grows; those of ids and keys serve everything."""

PENDING = """
insert into sagewai.runs (created_at, changed_at, route, priority, status, run_id, workflow, pool)
select now(), now(), 1, n % 3, 1, 'pending-' || n, 'orders', 'default' from generate_series(1, 20000) as n
"""
DONE = """
insert into sagewai.runs (created_at, changed_at, route, priority, status, run_id, workflow, pool)
select now(), now(), 1, 0, 5, 'done-' || n, 'orders', 'default' from generate_series(1, 20000) as n
"""
INPUTS = """
insert into sagewai.inputs (run, submitted_by, digest, input) select id, 'alice', '', '{}' from sagewai.runs
on conflict do nothing
"""

DEFINED = """
update sagewai.runs set definition = 1
 where id = any (array(select id from sagewai.runs where lane = 2 order by priority desc, id limit 50))
"""

HELD = """
update sagewai.runs set status = 2, session = $1 where run_id like 'pending-6%'
"""
TAGS = """
insert into sagewai.run_tags (key, value, run)
select 'common', '', id from sagewai.runs union all select 'rare', '', id from sagewai.runs where id % 300 = 0
"""

Node = dict[str, Any]


@pytest.fixture
async def database(database_url: str, store: PostgresStore) -> AsyncIterator[Database]:
    """Connections as the store makes them, on a database that statistics are kept from."""
    opened = Database(
        read_target(database_url),
        pool_size=1,
        command_timeout=60,
        acquire_timeout=10,
        statement_cache_size=100,
    )
    for table in ("runs", "inputs", "events"):
        await opened.fetch(f"alter table sagewai.{table} set (autovacuum_enabled = false)")
    yield opened
    await opened.close()


@pytest.fixture(
    params=["never analysed", "analysed when empty", "analysed when nothing was pending", "analysed now"]
)
async def beliefs(request: pytest.FixtureRequest, database: Database, scene: Scene) -> None:
    """A backlog, and what the planner believes about it."""
    await scene.session()
    await scene.submit("first")
    if request.param == "analysed when empty":
        await database.fetch("analyze")
    if request.param == "analysed when nothing was pending":
        await database.fetch(DONE)
        await database.fetch("analyze")
    await database.fetch(PENDING)
    await database.fetch(INPUTS)
    if request.param == "never analysed":  # not even by a server that began to before it was told not to
        for table in ("runs", "inputs"):
            await database.fetch(
                f"update pg_class set reltuples = -1, relpages = 0 where oid = 'sagewai.{table}'::regclass"
            )
    if request.param == "analysed now":
        await database.fetch("analyze")


async def explain(
    database: Database, statement: str, *, options: str = "", values: str | None = None
) -> Node:
    """The plan of a prepared statement, as the store's own connections make it."""
    count = max((int(number) for number in re.findall(r"\$(\d+)", statement)), default=0)
    values = values or ", ".join(["null"] * count)
    call = f"execute looked_at({values})" if count else "execute looked_at"
    async with database.connection() as connection:
        await connection.execute(f"prepare looked_at as {statement}")
        look = connection.transaction()
        await look.start()
        text = await connection.fetchval(f"explain (format json {options}) {call}")
        await look.rollback()
        await connection.execute("deallocate looked_at")
    plan: Node = json.loads(text)[0]["Plan"]
    return plan


def nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def scans(plan: Node) -> list[Node]:
    """Every node that reads a table that grows."""
    return [
        node
        for node in nodes(plan)
        if "Scan" in node["Node Type"] and node.get("Relation Name", next(iter(SMALL))) not in SMALL
    ]


def shown(node: Node) -> str:
    return f"{node['Node Type']} on {node['Relation Name']} using {node.get('Index Name')}"


@pytest.mark.usefixtures("beliefs")
async def test_every_statement_looks_rows_up_in_the_index_made_for_it(database: Database) -> None:
    plans = {name: await explain(database, getattr(statements, name)) for name in STATEMENTS}

    careless = {}
    for name, plan in plans.items():
        whole = [shown(node) for node in scans(plan) if not {"Index Cond", "TID Cond"} & node.keys()]
        joins = {node["Node Type"] for node in nodes(plan)} & {"Hash Join", "Merge Join", "Materialize"}
        if whole or joins:
            careless[name] = (whole, joins)
    assert careless == {}

    served: dict[str, set[str]] = {index: set() for index in MADE_FOR}
    for name, plan in plans.items():
        for index in {str(node.get("Index Name")) for node in nodes(plan)} & served.keys():
            served[index].add(name)
    assert served == MADE_FOR

    (tags,) = (node for node in nodes(plans["PRUNE"]) if node.get("Index Name") == "run_tags_pkey")
    assert tags["Index Cond"].count(" = ") == 3  # by its whole key: its run alone stands last in the index

    for name, looks in {"CLAIM": 5, "CLAIM_LANE": 2}.items():
        lanes = [node for node in nodes(plans[name]) if node.get("Index Name") == "runs_ready"]
        assert len(lanes) == looks
        assert all(node["Index Cond"].lstrip("(").startswith("lane = ") for node in lanes)
        sorts = [node for node in nodes(plans[name]) if node["Node Type"] == "Sort"]
        assert not [sort for sort in sorts if set(map(id, lanes)) & set(map(id, sort["Plans"]))]


@pytest.mark.usefixtures("beliefs")
async def test_a_claim_and_a_page_touch_no_more_than_they_give(database: Database, scene: Scene) -> None:
    session = await scene.session()
    await database.fetch(TAGS)
    await database.fetch(HELD, session)
    await database.fetch(DEFINED)
    every = "{1,2,3,4,5,6,7,8}"
    asked = {
        "a claim": (statements.CLAIM, f"{session}, '{{1}}', 50"),
        "a claim of one route": (statements.CLAIM_LANE, f"{session}, 1, 50"),
        "what a session holds": (statements.LIST_HELD, f"{session}, 50"),
        "what every look begins with": (statements.GLANCE, "100"),
        "pending": (statements.LIST_BY_STATUS, "'{1}', 9e18, 50"),
        "newest": (statements.LIST_RUNS, f"'{every}', 9e18, 50"),
        "deep": (statements.LIST_RUNS, f"'{every}', 300, 50"),
        "of a workflow": (statements.LIST_BY_WORKFLOW, page(every, workflow="'orders'")),
        "of a pool": (statements.LIST_BY_POOL, page(every, pool="'default'")),
        "a common prefix": (statements.LIST_BY_PREFIX, page(every, prefix="'pend', 'pene'")),
        "a rare prefix": (statements.LIST_BY_PREFIX, page(every, prefix="'pending-777', 'pending-778'")),
        "latest change": (statements.LIST_CHANGED, page(every) + ", 'infinity'"),
        "latest change of a workflow": (
            statements.LIST_CHANGED_BY_WORKFLOW,
            page(every, workflow="'orders'") + ", 'infinity'",
        ),
        "latest change of a workflow that has no runs": (
            statements.LIST_CHANGED_BY_WORKFLOW,
            page(every, workflow="'nothing'") + ", 'infinity'",
        ),
        "latest change, common prefix": (
            statements.LIST_CHANGED_BY_PREFIX,
            page(every, prefix="'pend', 'pene'") + ", 'infinity'",
        ),
        "latest change, rare prefix": (
            statements.LIST_CHANGED_BY_PREFIX,
            page(every, prefix="'pending-777', 'pending-778'") + ", 'infinity'",
        ),
        "latest change, a prefix of a thousand": (
            statements.LIST_CHANGED_BY_PREFIX,
            page(every, prefix="'pending-5', 'pending-6'") + ", 'infinity'",
        ),
        "latest change, common tag": (
            statements.LIST_CHANGED_BY_TAG,
            page(every, tag="'common', ''") + ", 'infinity'",
        ),
        "latest change, rare tag": (
            statements.LIST_CHANGED_BY_TAG,
            page(every, tag="'rare', ''") + ", 'infinity'",
        ),
    }
    for what, (statement, values) in asked.items():
        plan = await explain(database, statement, options=", analyze, buffers", values=values)
        rows = 11 if "rare prefix" in what else 0 if "no runs" in what else 1 if "every look" in what else 50
        assert plan["Actual Rows"] == rows, what
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < MOST_BLOCKS, what
        if what != "latest change, common prefix":  # a status that has no such id is looked through
            assert passed_over(plan) <= MOST_PASSED_OVER, what


def passed_over(plan: Node) -> float:
    """How many rows were looked at in vain."""
    kinds = ("Rows Removed by Filter", "Rows Removed by Join Filter")
    removed = (node.get(kind, 0) * node["Actual Loops"] for node in nodes(plan) for kind in kinds)
    return float(sum(removed))


def page(
    statuses: str,
    *,
    below: str = "9e18",
    workflow: str = "null",
    pool: str = "null",
    tag: str = "null, null",
    prefix: str = "null, null",
) -> str:
    """The values of a listing's first 50 rows."""
    return f"'{statuses}', {below}, 50, {workflow}, {pool}, {tag}, {prefix}"


async def test_a_poll_that_finds_nothing_writes_nothing(database: Database, scene: Scene) -> None:
    session = await scene.session()
    nothing: dict[str, tuple[object, ...]] = {
        "CLAIM": (session, [1], 50),
        "CLAIM_LANE": (session, 1, 50),
        "CLAIM_RUN": (session, "r1"),
        "LAPSE": (500,),
        "TAKE_OVER": (500, None, 5, 2, "{}", ""),
        "CANCEL_OVERDUE": (500,),
        "TIME_OUT": (500, "{}", ""),
        "WAKE_DUE": (500,),
        "EXPIRE": (500,),
        "MARK_SWEPT": (60.0,),
        "FOLD": (1_000,),
        "FOLD_ERRORS": (1_000,),
    }
    for name, values in nothing.items():
        async with database.transaction() as connection:
            await connection.fetch(getattr(statements, name), *values)
            assert await connection.fetchval("select pg_current_xact_id_if_assigned() is null"), name
