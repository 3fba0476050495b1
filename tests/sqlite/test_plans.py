"""Query plans: claims, sweeps and every listing read a range of an index that is in order already, and sort nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import apsw
import pytest

from sagewai.core.stores.sqlite import (
    SQLiteStore,
    audit,
    calls,
    pages,
    pools,
    reads,
    run_list,
    sessions,
    spending,
    sweep,
    tails,
    waits,
)
from sagewai.core.stores.sqlite.claim import CLAIM, READY, READY_ROUTES
from sagewai.core.stores.sqlite.transaction import Row, Transaction, Value
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.contract.scene import Scene, spec

BOTH = frozenset({RunStatus.PENDING, RunStatus.FAILED})


Plans = list[tuple[str, list[str]]]


class Explained(Transaction):
    """Notes the plan of every statement it carries out."""

    def __init__(self, connection: apsw.Connection, now: int) -> None:
        super().__init__(connection, now)
        self.plans: Plans = []

    def rows(self, sql: str, *values: Value) -> list[Row]:
        explained = self._connection.execute(f"explain query plan {sql}", values).fetchall()
        self.plans.append((sql, [str(row[3]) for row in explained]))
        return super().rows(sql, *values)


async def plans_of(store: SQLiteStore, work: Any, *values: Any) -> Plans:
    def explain(tx: Transaction) -> Plans:
        explained = Explained(tx._connection, tx.now)
        work(explained, *values)
        return explained.plans

    return await store._read(explain)


@pytest.fixture(params=["fresh", "stale statistics"])
async def stocked(store: SQLiteStore, scene: Scene, request: pytest.FixtureRequest) -> SQLiteStore:
    """Many runs, all of a kind; with statistics taken when there was one run of another kind."""
    if request.param != "fresh":
        await scene.submit("early", workflow="bills", pool="p2")
        await store._here()._writer.run(lambda connection: connection._driver.execute("analyze"))
        await store.close()  # and opened again
    await store.insert_runs([spec(f"r{number}", tags={"customer": "1"}) for number in range(500)])
    return store


async def test_a_claim_reads_the_ready_index_in_its_order(stocked: SQLiteStore) -> None:
    ((_, plan),) = await plans_of(stocked, lambda tx: tx.rows(READY, 1, 0, 1, tx.now, 50))
    assert plan == ["SEARCH runs USING INDEX runs_ready (route=? AND <expr>=?)"]
    ((_, plan),) = await plans_of(stocked, lambda tx: tx.rows(CLAIM, 1, tx.now, 1, "fetch", "[]"))
    assert plan[0] == "SEARCH runs USING INTEGER PRIMARY KEY (rowid=?)"
    ((_, plan),) = await plans_of(stocked, lambda tx: tx.rows(READY_ROUTES))
    assert plan[0] == "SEARCH counters USING PRIMARY KEY (status=?)"
    assert [step for step in plan if "SCAN" in step] == ["SCAN p"]  # pools that are paused, mostly none


INDEXES = [
    (RunQuery(), "r not indexed"),
    (RunQuery(order="changed"), "runs_changed"),
    (RunQuery(status=BOTH), "runs_status"),
    (RunQuery(status=BOTH, order="changed"), "runs_status_changed"),
    (RunQuery(workflow="orders"), "runs_workflow"),
    (RunQuery(workflow="orders", order="changed"), "runs_workflow_changed"),
    (RunQuery(pool="default"), "runs_pool"),
    (RunQuery(pool="default", order="changed"), "runs_pool_changed"),
    (RunQuery(tag=("customer", "1")), "run_tags"),
    (RunQuery(prefix="r49"), "runs_by_id"),
]


@pytest.mark.parametrize(
    ("query", "index"), INDEXES, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_a_page_of_any_filter_at_any_depth_reads_ranges_of_an_index(
    stocked: SQLiteStore, query: RunQuery, index: str
) -> None:
    first = await stocked.list_runs(replace(query, limit=5))
    for cursor in (None, first.next_cursor):
        ranges = await ranges_of(stocked, replace(query, cursor=cursor))
        assert ranges
        for sql, plan in ranges:
            assert index in sql
            assert not any("SCAN" in step for step in plan if cursor or query.status), plan
            if index != "runs_by_id":  # what few runs have such an id is sorted
                assert not any("TEMP B-TREE" in step for step in plan), plan
            if cursor:
                assert any(bound in plan[0] for bound in ("rowid<?", "run<?", "changed_at<?", "run_id<?")), (
                    plan
                )


async def test_ties_of_one_moment_are_paged_through_by_their_id(stocked: SQLiteStore) -> None:
    """Runs that were submitted together changed at the same moment: a page must not read all of them."""
    first = await stocked.list_runs(RunQuery(order="changed", limit=5))
    ties, older = await ranges_of(stocked, RunQuery(order="changed", cursor=first.next_cursor))
    assert ties[1] == ["SEARCH r USING COVERING INDEX runs_changed (changed_at=? AND rowid<?)"]
    assert older[1] == ["SEARCH r USING COVERING INDEX runs_changed (changed_at<?)"]


async def ranges_of(store: SQLiteStore, query: RunQuery) -> Plans:
    plans = await plans_of(store, run_list.list_runs, query)
    return [(sql, plan) for sql, plan in plans if sql.startswith(("select 0,", "select r.changed_at,"))]


async def test_a_page_looks_up_its_runs_and_scans_nothing_else(stocked: SQLiteStore) -> None:
    for sql, plan in await plans_of(stocked, run_list.list_runs, RunQuery(workflow="orders")):
        assert not any("SCAN" in step and "json_each" not in step for step in plan), (sql, plan)


@pytest.mark.parametrize(
    "query",
    [
        ApprovalQuery(),
        ApprovalQuery(status=None),
        ApprovalQuery(status=ApprovalStatus.APPROVED),
        ApprovalQuery(snoozed=False),
        ApprovalQuery(cursor="approvals:5:5"),
        ApprovalQuery(status=None, cursor="approvals:5:5"),
    ],
)
async def test_the_inbox_is_read_in_its_order(stocked: SQLiteStore, query: ApprovalQuery) -> None:
    plans = [plan for _, plan in await plans_of(stocked, pages.list_approvals, query)]
    assert len(plans) == (2 if query.cursor else 1)
    for plan in plans:
        assert "approvals_listed" in plan[0] or "approvals_all" in plan[0]
        assert not any("TEMP B-TREE" in step for step in plan), plan
    if query.cursor:
        assert "<expr>=? AND rowid>?" in plans[0][0]
        assert "<expr>>?" in plans[1][0]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (DeadLetterQuery(), "PRIMARY KEY"),
        (DeadLetterQuery(error_type="a.E"), "dead_letters_type"),
        (DeadLetterQuery(workflow="orders"), "dead_letters_workflow"),
    ],
)
async def test_dead_letters_are_read_in_their_order(
    stocked: SQLiteStore, query: DeadLetterQuery, index: str
) -> None:
    plans = await plans_of(stocked, pages.list_dead_letters, query)
    ((_, plan),) = plans
    assert index in plan[0], plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize(
    "work", [sweep.peek, sessions.list_sessions, reads.counts, pools.list_pools, reads.rates]
)
async def test_what_runs_every_second_scans_no_runs_events_or_approvals(
    stocked: SQLiteStore, work: Any
) -> None:
    values = {sessions.list_sessions: (True, 500), reads.rates: (60,)}.get(work, ())
    plans = await plans_of(stocked, work, *values)
    assert plans
    for sql, plan in plans:
        scanned = [step for step in plan if "SCAN" in step]
        assert all(step.split()[1] in SMALL for step in scanned), (sql, plan)


SMALL = {
    "arrivals",
    "c",
    "p",
    "r",
    "error_groups",
    "pending_approvals",
    "sessions",
    "s",
    "(subquery-1)",
    "(subquery-2)",
}


async def test_a_sweep_that_finds_nothing_has_looked_into_five_indexes(stocked: SQLiteStore) -> None:
    found = []
    for _, (step,) in await plans_of(stocked, sweep.peek):
        found.append(step.split("INDEX ")[1])
    assert found == [
        "sessions_live (lease_until<?)",
        "asks_overdue (overdue_at<?)",
        "deadlines_at (at<?)",
        "runs_due (due_at<?)",
        "approvals_due (deadline_at<?)",
    ]


async def test_waits_and_signals_are_found_by_their_run(stocked: SQLiteStore) -> None:
    looked_up = {
        waits.KEPT: "signals_kept (run=? AND name=?)",
        waits.AWAITING: "waits_pending (run=?)",
        waits.SETTLE: "waits_pending (run=?)",
        waits.RECORDED: "waits_of (run=? AND step=? AND branch=? AND key=?)",
    }
    for sql, index in looked_up.items():
        values = (1, "a", "b", "c")[: 2 if sql is waits.SETTLE else sql.count("?")]
        ((_, plan),) = await plans_of(stocked, lambda tx, sql=sql, values=values: tx.rows(sql, *values))
        assert [step.split("INDEX ")[1] for step in plan] == [index]
    for work, given in ((waits.waits_of, ("r1", None)), (waits.signals_of, ("r1",))):
        for sql, plan in await plans_of(stocked, work, *given):
            assert not any("SCAN" in step for step in plan), (sql, plan)


async def test_the_audit_is_read_in_its_order(stocked: SQLiteStore) -> None:
    ((_, plan),) = await plans_of(stocked, audit.list_audit, 0, 50)
    assert plan == ["SEARCH audit USING INTEGER PRIMARY KEY (rowid>?)"]


async def test_what_people_did_is_found_without_what_workers_did(stocked: SQLiteStore) -> None:
    ((_, plan),) = await plans_of(stocked, reads.get_events, None, 0, 50)
    assert "events_of_people" in plan[0], plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


async def test_calls_are_found_by_their_identity_and_sums_by_their_day(stocked: SQLiteStore) -> None:
    identity = "run=? AND seq=? AND branch=? AND name=? AND position=? AND round=? AND digest=?"
    looked_up = {
        calls.RECORDED: f"USING INDEX calls_of ({identity})",
        spending.OF_RUN: "USING INTEGER PRIMARY KEY (rowid=?)",
        tails.FORGET: "USING INDEX tails_at (at<?)",
        **dict.fromkeys(spending.KEPT.values(), "USING PRIMARY KEY (day>?)"),
    }
    for sql, index in looked_up.items():
        values = (1, 1, "b", "n", 1, 0, "d")[: sql.count("?")]
        ((_, plan),) = await plans_of(stocked, lambda tx, sql=sql, values=values: tx.rows(sql, *values))
        assert index in plan[0], plan
    for work, given in ((calls.calls_of, ("r1", None, 0, None)), (tails.tail_of, ("r1",))):
        for sql, plan in await plans_of(stocked, work, *given):
            assert not any("SCAN" in step or "B-TREE" in step for step in plan), (sql, plan)


async def test_runs_of_a_common_tag_are_found_among_the_latest_changes(
    stocked: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = RunQuery(tag=("customer", "1"), order="changed", limit=20)
    sorted_page = await stocked.list_runs(query)
    monkeypatch.setattr(run_list, "FEW", 100)
    assert await stocked.list_runs(query) == sorted_page
    second = replace(query, cursor=sorted_page.next_cursor)
    assert len((await stocked.list_runs(second)).items) == 20
    plans = await plans_of(stocked, run_list.list_runs, query)
    reads = [plan for sql, plan in plans if "order by r.changed_at desc" in sql]
    assert reads == [
        ["SCAN r USING COVERING INDEX runs_changed", "SEARCH g EXISTS USING PRIMARY KEY (tag=? AND run=?)"]
    ]


async def test_runs_of_a_prefix_are_sorted_from_the_index_of_ids_alone_unless_too_many_have_it(
    stocked: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = RunQuery(prefix="r1", limit=20)
    page = await stocked.list_runs(query)
    plans = await plans_of(stocked, run_list.list_runs, query)
    reads = [plan for sql, plan in plans if "order by r.id desc" in sql]
    assert reads == [
        ["SEARCH r USING COVERING INDEX runs_by_id (run_id>? AND run_id<?)", "USE TEMP B-TREE FOR ORDER BY"]
    ]
    monkeypatch.setattr(run_list, "FEW_NAMES", 10)
    assert await stocked.list_runs(query) == page
