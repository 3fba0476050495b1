"""Fault 13: a long backlog, beside it a poller that matches none of it, and a console that looks at all of it."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from sagewai import DurableWorkflow
from sagewai.core.stores.base import Store
from tests.contract.scene import Scene, spec
from tests.faults.crew import ROOT, Crew
from tests.faults.ledger import Ledger
from tests.faults.report import Fault, percentile
from tests.faults.workload import ledger_workflow
from tests.tui.terminal import Terminal, console

LABELS = {"gpu": True}
CLAIMS, BATCH = 100, 10

MEDIAN, P99 = 0.050, 0.250
"""Seconds of a claim, on a machine that other tests use as well: on an idle one it is far less."""

PAINT = 1.0
"""Seconds until the console's first frame, of its own processor time where others use the machine."""


@pytest.mark.one_database_when_short
async def test_neither_claims_nor_the_console_wade_through_it(
    fault: Fault, long: bool, store: Store, store_url: str, crew: Crew, ledger: Ledger, tmp_path: Path
) -> None:
    flow = ledger_workflow(store)
    backlog = 100_000 if long else 20_000
    await fill(store, store_url, flow, backlog)
    poller = crew.start(poll_interval=0.01)  # without the label that all of them ask for
    await crew.session(poller, store)
    with Terminal(console(), cwd=str(ROOT), environ={"SAGEWAI_STORE": store_url}) as terminal:
        await asyncio.to_thread(terminal.wait_for, "backlog-")
        page = time.monotonic() - terminal.started
        scene = Scene(store)
        session = await scene.session(definitions=(flow.plan.definition,))
        routes = (await store.resolve_routes("default", LABELS, {"ledger": ("",)})).ids
        times = []
        for _ in range(CLAIMS):
            began = time.perf_counter()
            claimed = await store.claim(session, routes, BATCH)
            times.append(time.perf_counter() - began)
            assert len(claimed.runs) == BATCH
        paint = min(terminal.first_frame_after)
        await asyncio.to_thread(terminal.wait_for, f"RUN {CLAIMS * BATCH}")
        terminal.keys("q")
        assert await asyncio.to_thread(terminal.wait) == 0

    p50, p99 = statistics.median(times), percentile(sorted(times), 0.99)
    fault.figure(
        f"{backlog:,} pending: claim p50/p99 {p50 * 1000:.1f}/{p99 * 1000:.1f} ms, first paint {paint:.2f} s, "
        f"first page {page:.2f} s"
    )
    assert p50 < MEDIAN
    assert p99 < P99
    assert paint < PAINT
    assert poller.code is None
    assert not ledger.lines(), "the poller took what it has no label for"


async def fill(store: Store, url: str, flow: DurableWorkflow, count: int) -> None:
    """So many pending runs, by COPY where the database has it: the first by the store, the others like it."""
    first = spec("backlog-0", workflow=flow.name, shape=flow.plan.definition, labels=LABELS)
    await store.insert_runs([first])
    if not url.startswith("postgresql"):
        for at in range(1, count, 5_000):
            many = range(at, min(at + 5_000, count))
            await store.insert_runs(
                [
                    spec(f"backlog-{n}", workflow=flow.name, shape=flow.plan.definition, labels=LABELS)
                    for n in many
                ]
            )
        return
    connection = await asyncpg.connect(url)
    try:
        like = await connection.fetchrow("select route, definition from sagewai.runs")
        now = datetime.now(UTC)
        columns = (
            "created_at",
            "changed_at",
            "route",
            "definition",
            "priority",
            "status",
            "step",
            "run_id",
            "workflow",
            "pool",
        )
        rows = [
            (
                now,
                now,
                like["route"],
                like["definition"],
                n % 3,
                1,
                "step-1",
                f"backlog-{n}",
                flow.name,
                "default",
            )
            for n in range(1, count)
        ]
        await connection.copy_records_to_table("runs", schema_name="sagewai", columns=columns, records=rows)
        await connection.execute(
            "insert into sagewai.inputs (run, submitted_by, digest, input) "
            "select id, 'ann', '', '{}' from sagewai.runs on conflict do nothing"
        )
    finally:
        await connection.close()
