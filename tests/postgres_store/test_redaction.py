"""A viewer sees that there are payloads, and of what size, but by no way what is in them."""

from __future__ import annotations

import json

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.postgres.grants import OPEN, PAYLOADS
from sagewai.models.page import ApprovalQuery, DeadLetterQuery
from sagewai.models.transition import Move
from tests.contract.scene import Scene, ask
from tests.contract.test_calls import call
from tests.postgres_store.people import People, acting

SECRET = "the-secret"
"""In every payload, and nowhere else."""


async def run_of_secrets(scene: Scene) -> None:
    """One run with the secret in every kind of payload, and a dead letter."""
    held = await scene.own(values={"card": SECRET})
    await held.make(Move.STEP_DONE, result=json.dumps(SECRET))
    await scene.store.record_calls([call(held, json.dumps(SECRET), request=json.dumps(SECRET))])
    await scene.store.write_tails({held.lease.key: ("judge", "writer", SECRET)})
    await scene.signal(payload=SECRET)
    await held.park(ask(step="judge", context={"card": SECRET}))
    await scene.decide(payload=json.dumps(SECRET))
    held = await scene.take()
    error = {
        "type": "shop.CardError",
        "message": f"{SECRET} \u0000 isn't a card",
        "traceback": f"at {SECRET}",
    }
    await held.make(Move.FAILED, step="judge", error=json.dumps(error))


async def everything(scene: Scene) -> str:
    """All that reading gives of it."""
    store = scene.store
    (approval,) = await store.approvals_of("r1")
    seen = [
        await store.get_input("r1"),
        await store.get_results("r1"),
        await store.get_attempts("r1"),
        await store.get_outcome("r1"),
        await store.get_dead_letter("r1"),
        await store.list_dead_letters(DeadLetterQuery()),
        await store.signals_of("r1"),
        await store.waits_of("r1"),
        await store.calls_of("r1"),
        approval,
        await store.get_approval(approval.id),
        await store.list_approvals(ApprovalQuery(status=None)),
        await store.get_run("r1"),
        await store.get_events("r1"),
        await store.list_audit(),
    ]
    return repr(seen)


async def test_a_viewer_sees_that_there_are_payloads_but_not_what_is_in_them(
    store: PostgresStore, staff: People
) -> None:
    await run_of_secrets(Scene(store))
    assert SECRET in await everything(Scene(store))
    async with acting(staff, "approver") as approver:
        assert await everything(approver) == await everything(Scene(store))
    async with acting(staff, "viewer") as viewer:
        assert SECRET not in await everything(viewer)
        (approval,) = await viewer.store.approvals_of("r1")
        assert json.loads(approval.context or "") == "[redacted]"
        assert approval.context_bytes > len(SECRET)
        assert approval.prompt == "Send it?"
        letter = await viewer.store.get_dead_letter("r1")
        assert (letter.error.type, letter.error.message) == ("shop.CardError", "[redacted]")
        assert json.loads(await viewer.store.get_input("r1")) == "[redacted]"
        assert (await viewer.store.get_attempts("r1"))[0].result_bytes == len(json.dumps(SECRET))
        (made,) = await viewer.store.calls_of("r1")
        assert made.request == made.response == json.dumps("[redacted]")
        assert (made.digest, made.model, made.cost) == ("[redacted]", "gpt-4o", 0.25)


async def test_no_sql_shows_a_viewer_a_payload(staff: People, store: PostgresStore) -> None:
    await run_of_secrets(Scene(store))
    connection = await asyncpg.connect(staff.url(f"{staff.prefix}vie"))
    try:
        for table, columns in PAYLOADS.items():
            for column in columns:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetch(f"select {column} from sagewai.{table}")
        await connection.execute(
            "create temp table inputs (input text);"
            "create function pg_temp.has_column_privilege(regclass, text, text) returns bool return true;"
            "create function pg_temp.sees_payloads() returns bool return true;"
            "set search_path = pg_temp, pg_catalog, sagewai"
        )
        for view in [name for name in OPEN if name.endswith("_overview")]:
            rows = await connection.fetch(f"select * from sagewai.{view}")
            assert rows or view == "signal_overview"
            assert SECRET not in repr(rows)
    finally:
        await connection.close()
