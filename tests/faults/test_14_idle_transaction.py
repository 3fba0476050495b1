"""Fault 14: a session sits idle in a transaction, so that nothing old can be cleared away, while runs churn."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from statistics import median

import asyncpg
import pytest

from sagewai.core.stores.base import Store
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import Owner, Scene, spec
from tests.faults.report import Fault, percentile

AT_ONCE = 20
"""Runs that are submitted, claimed and driven to their end together."""

TURNS = 3
"""How often both are measured, one after the other. The middle ones count: the disk stalls now and then for either."""

WORST = 4.0
"""How much longer the slowest hundredth of calls may take beside the idle session."""

NOISE = 0.010
"""Seconds that a call may take longer for no reason, on a machine that other tests use as well."""


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
async def test_churn_stays_as_quick(fault: Fault, long: bool, store: Store, store_url: str) -> None:
    rounds = (400 if long else 60) // TURNS
    await churn(store, 5, "warm")
    calm: list[dict[str, list[float]]] = []
    beside: list[dict[str, list[float]]] = []
    for turn in range(TURNS):
        calm.append(await churn(store, rounds, f"calm-{turn}"))
        async with idle_transaction(store_url):
            beside.append(await churn(store, rounds, f"beside-{turn}"))

    ratios = {}
    for call in calm[0]:
        before, after = (
            median(percentile(sorted(turn[call]), 0.99) for turn in turns) for turns in (calm, beside)
        )
        ratios[call] = after / before
        assert after < WORST * before + NOISE, (
            f"{call}: p99 {before * 1000:.1f} ms, then {after * 1000:.1f} ms"
        )
    told = ", ".join(f"{call} {ratio:.1f}" for call, ratio in ratios.items())
    fault.figure(f"p99 ratio {told}")


@asynccontextmanager
async def idle_transaction(url: str) -> AsyncIterator[None]:
    """A session that has begun, looked, written, and gone for lunch."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("begin isolation level repeatable read")
        await connection.execute("select count(*) from sagewai.runs; select txid_current()")
        yield
        state = await connection.fetchval("select pg_current_xact_id_if_assigned() is not null")
        assert state, "the transaction was ended from outside"
        await connection.execute("rollback")
    finally:
        await connection.close()


async def churn(store: Store, rounds: int, name: str) -> dict[str, list[float]]:
    """Submit, claim and complete runs; the seconds of each call."""
    scene = Scene(store)
    session = await scene.session()
    times: dict[str, list[float]] = {"submit": [], "claim": [], "record": [], "heartbeat": []}
    routes: tuple[int, ...] = ()
    for number in range(rounds):
        specs = [spec(f"{name}-{number}-{each}") for each in range(AT_ONCE)]
        with timed(times["submit"]):
            await store.insert_runs(specs)
        routes = routes or await scene.routes()
        with timed(times["claim"]):
            claimed = await store.claim(session, routes, AT_ONCE)
        assert len(claimed.runs) == AT_ONCE
        owners = [Owner(store, lease) for lease in claimed.runs]
        for move in (Move.STEP_DONE, Move.STEP_DONE, Move.COMPLETED):
            moves = [owner.transition(move) for owner in owners]
            with timed(times["record"]):
                statuses = await store.record(moves)
            assert set(statuses) == {RunStatus.COMPLETED if move is Move.COMPLETED else RunStatus.RUNNING}
            for owner in owners:
                owner.note(move)
        with timed(times["heartbeat"]):
            beat = await store.heartbeat(session)
        assert beat.alive
    return times


@contextmanager
def timed(times: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    times.append(time.perf_counter() - began)
