"""How many statements a call of the public interface sends: each is a round trip, and most are a transaction."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from sagewai import ApprovalGate, DurableWorkflow, PostgresStore, WorkflowMonitor, WorkflowSuspended
from sagewai.core.stores.postgres import statements
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.status import Ask, RunStatus
from tests.contract.scene import ALICE, Scene, ask, spec

NAMES = {text: name for name, text in vars(statements).items() if name.isupper() and isinstance(text, str)}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of statements sent from this test's own thread, as they are sent: heartbeats have one of theirs."""
    said: list[str] = []
    mine = threading.get_ident()
    connect = asyncpg.connect

    async def listening(*values: object, **options: object) -> asyncpg.Connection:
        connection = await connect(*values, **options)
        if threading.get_ident() == mine:
            connection.add_query_logger(lambda record: said.append(NAMES.get(record.query, record.query)))
        return connection

    monkeypatch.setattr(asyncpg, "connect", listening)
    return said


async def test_each_call_sends_what_it_needs_and_no_more(migrated_url: str, sent: list[str]) -> None:
    async with PostgresStore(migrated_url) as store:
        wf = DurableWorkflow("orders", store)

        @wf.step("fetch")
        async def fetch(order: str) -> str:
            return order

        @wf.step("pack")
        async def pack(order: str) -> str:
            return order

        asking = DurableWorkflow("asking", store)
        asked = ApprovalGate(asking)

        @asking.step("ask")
        async def ask() -> str:
            return (await asked.request_approval("go?")).reviewer

        async def counted(call: Awaitable[object]) -> list[str]:
            sent.clear()
            await call
            await asyncio.sleep(0)  # the driver tells of it in the loop's next turn
            return list(sent)

        await wf.run(order="first")  # opens the session, names the route
        assert await counted(wf.run(order="a")) == ["INSERT_RUN", "RECORD_STEP", "RECORD_PROGRESS"]
        assert await counted(wf.submit(order="b")) == ["INSERT_RUN"]
        assert await counted(wf.submit(order="t", tags={"k": "v"})) == ["INSERT_RUNS"]
        assert await counted(wf.submit_many([{"order": str(n)} for n in range(100)])) == ["INSERT_RUNS"]
        handle = await wf.submit(order="c")
        assert await counted(wf.submit("again", order="d")) == ["INSERT_RUN"]
        assert await counted(wf.submit("again", order="d")) == ["INSERT_RUN", "INSERT_RUNS"]
        assert await counted(handle.status()) == ["GET_RUN"]
        monitor = WorkflowMonitor(store=store)
        assert await counted(monitor.list_executions()) == ["LIST_RUNS"]
        assert len(await counted(monitor.get_execution(handle.run_id))) <= 10
        with pytest.raises(WorkflowSuspended):
            await asking.run(run_id="q")
        # The decision, and what tells whether anybody can go on with the run.
        decided = await counted(asked.approve("q", "alice"))
        assert decided.count("DECIDE") == 1
        assert len(decided) <= 6


async def test_a_claim_of_one_route_is_one_statement_unless_it_needs_the_other(
    migrated_url: str, sent: list[str]
) -> None:
    async with PostgresStore(migrated_url) as store:
        scene = Scene(store)
        session = await scene.session()
        await store.insert_runs([spec(f"r{number}", priority=-number) for number in range(5)])
        (route,) = await scene.routes()
        await store.claim(session, [route], 1)  # learns what the route's runs have in common
        await asyncio.sleep(0)

        async def claimed(*routes: int) -> tuple[list[str], list[str]]:
            sent.clear()
            found = await store.claim(session, routes, 1)
            await asyncio.sleep(0)
            return [run.run_id for run in found.runs], list(sent)

        assert await claimed(route) == (["r1"], ["CLAIM_LANE"])
        assert await claimed(route, route) == (["r2"], ["CLAIM_LANE"])
        assert await claimed(route, route + 1) == (["r3"], ["GET_ROUTES", "CLAIM"])
        database = await store._open()
        await scene.submit("early", priority=1)
        await database.fetch("update sagewai.runs set definition = null where run_id = 'early'")
        await asyncio.sleep(0)
        assert await claimed(route) == (["early"], ["CLAIM_LANE", "CLAIM"])
        await store.ask_pool("default", Ask.PAUSE, ALICE)
        await asyncio.sleep(0)
        assert await claimed(route) == ([], ["CLAIM_LANE", "CLAIM"])
        await store.ask_pool("default", Ask.RESUME, ALICE)
        await asyncio.sleep(0)
        assert await claimed(route) == (["r4"], ["CLAIM_LANE"])


async def test_whatever_a_look_of_the_console_asks_is_one_statement(
    migrated_url: str, sent: list[str]
) -> None:
    async with PostgresStore(migrated_url) as store:
        scene = Scene(store)
        session = await scene.session()
        await (await scene.own("r1", session=session)).park(ask())
        [approval] = await store.approvals_of("r1")
        await scene.own("r2", session=session)
        workflow = (await store.get_run("r2")).workflow
        asked: dict[str, Callable[[], Awaitable[object]]] = {
            "GLANCE": store.glance,
            "LIST_RUNS": lambda: store.list_runs(RunQuery()),
            "LIST_BY_STATUS": lambda: store.list_runs(RunQuery(status=frozenset({RunStatus.RUNNING}))),
            "LIST_BY_PREFIX": lambda: store.list_runs(RunQuery(prefix="r", workflow=workflow)),
            "LIST_CHANGED": lambda: store.list_runs(RunQuery(order="changed")),
            "GET_RUN": lambda: store.get_run("r2"),
            "GET_STEPS": lambda: store.get_steps("r2"),
            "GET_ATTEMPTS": lambda: store.get_attempts("r2"),
            "GET_EVENTS": lambda: store.get_events("r2"),
            "GET_RESULTS": lambda: store.get_results("r2"),
            "WAITS_OF": lambda: store.waits_of("r2"),
            "TAIL_OF": lambda: store.tail_of("r2"),
            "GET_BUDGET": lambda: store.get_budget("r2"),
            "CALLS_OF": lambda: store.calls_of("r2", limit=500),
            "LIST_APPROVALS": lambda: store.list_approvals(ApprovalQuery()),
            "APPROVALS_OF": lambda: store.approvals_of("r1"),
            "GET_APPROVAL": lambda: store.get_approval(approval.id),
            "LIST_SESSIONS": store.list_sessions,
            "LIST_HELD": lambda: store.held_by(session),
            "LIST_DEAD_LETTERS": lambda: store.list_dead_letters(DeadLetterQuery()),
            "GROUP_DEAD_LETTERS": store.group_dead_letters,
            "EVENTS_OF_PEOPLE": lambda: store.get_events(limit=500),
            "RATES": store.rates,
            "LIST_BULKS": store.list_bulks,
        }
        await asyncio.sleep(0)
        sent.clear()
        for call in asked.values():
            await call()
        await asyncio.sleep(0)
        assert sent == list(asked)
