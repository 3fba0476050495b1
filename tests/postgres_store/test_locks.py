"""Locks are taken in one order: committers, operators, reviewers, sweeps and zombies never wait in a circle."""

from __future__ import annotations

import asyncio
import random

import asyncpg

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidTransition
from sagewai.models.run import LeasedRun
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition
from tests.contract.scene import ALICE, Scene, ask, listen, spec, timer
from tests.postgres_store.meeting import Meeting
from tests.postgres_store.server import wait_until_alone

SECONDS = 3.0
RUNS = 40


async def test_owners_zombies_operators_and_sweeps_meet_without_a_deadlock(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    session = await scene.session(max_concurrent=RUNS)
    run_ids = [f"r{number:02}" for number in range(RUNS)]
    await store.insert_runs([spec(run_id) for run_id in run_ids])
    claimed = await store.claim(session, await scene.routes(), RUNS)
    tokens = {run.key: run.token for run in claimed.runs}
    revs = {run.key: run.rev for run in claimed.runs}
    meeting = Meeting(SECONDS, "batches", "PAUSE", "RESUME", "sweeps")
    done = meeting.done

    def batch(move: Move) -> list[Transition]:
        """The same moves as everybody else sends, in an order of its own."""
        keys = list(tokens)
        random.shuffle(keys)
        return [
            Transition(
                key=key,
                token=tokens[key],
                rev=revs[key],
                move=move,
                outcome=Outcome.FAILED,
                seq=0,
                step="fetch",
                attempt=1,
                error='{"type": "E", "message": "", "traceback": ""}',
            )
            for key in keys
        ]

    async def commit(sender: PostgresStore, move: Move) -> None:
        while meeting.goes_on:
            moves = batch(move)
            for each, status in zip(moves, await sender.record(moves), strict=True):
                if status is RunStatus.RUNNING:
                    revs[each.key] = max(revs[each.key], each.rev + 1)
            done["batches"] += 1

    async def operate(operation: Operation) -> None:
        while meeting.goes_on:
            shuffled = random.sample(run_ids, len(run_ids))
            results = await asyncio.gather(
                *(store.operate(run_id, operation, ALICE) for run_id in shuffled), return_exceptions=True
            )
            unexpected = [each for each in results if isinstance(each, BaseException)]
            assert all(isinstance(each, InvalidTransition) for each in unexpected), unexpected
            done[operation.name] += 1

    async def recover(sweeper: PostgresStore) -> None:
        """Paused runs go on, and what is pending is held again; without queueing for the operators' connections."""
        routes = await scene.routes()
        while meeting.goes_on:
            for run in (await sweeper.claim(session, routes, RUNS)).runs:
                tokens[run.key], revs[run.key] = run.token, run.rev
            await sweeper.tick()
            done["sweeps"] += 1

    async with PostgresStore(database_url) as zombie, PostgresStore(database_url) as sweeper:
        await asyncio.gather(
            commit(store, Move.RETRY),
            commit(zombie, Move.RETRY),
            commit(zombie, Move.RETRY),
            operate(Operation.PAUSE),
            operate(Operation.RESUME),
            recover(sweeper),
        )
        await asyncio.gather(*(store.operate(run_id, Operation.CANCEL, ALICE) for run_id in run_ids))

    meeting.check()
    assert await deadlocks(store, admin) == 0


async def test_reviewers_and_a_park_meet_without_a_deadlock(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    """Each run asks at two gates; both are decided, in any order, while others are being parked."""
    owners = [await scene.own(f"r{number}") for number in range(12)]
    gates = (ask("lead"), ask("legal"))

    async def review(run_id: str) -> None:
        approvals = [each.id for each in await store.approvals_of(run_id)]
        random.shuffle(approvals)
        await asyncio.gather(*(scene.decide(run_id, approval_id=each) for each in approvals))

    for half in (owners[:6], owners[6:]):
        await store.record([owner.transition(Move.PARK, requests=gates) for owner in half])
    await asyncio.gather(*(review(owner.run_id) for owner in owners), store.tick(), store.tick())
    statuses = [(await store.get_run(owner.run_id)).status for owner in owners]
    assert statuses == [RunStatus.PENDING] * len(owners)
    assert await deadlocks(store, admin) == 0


async def test_parks_signals_timers_and_deadlines_meet_without_a_deadlock(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    """And whatever comes first, each signal is given to one wait, and none is given that nobody sent."""
    session = await scene.session(max_concurrent=RUNS)
    run_ids = [f"r{number:02}" for number in range(RUNS)]
    await store.insert_runs([spec(run_id, deadline=random.uniform(1, 2 * SECONDS)) for run_id in run_ids])
    meeting = Meeting(SECONDS, "parks", "signals", "woken", "timed out")
    done = meeting.done

    def park(run: LeasedRun) -> Transition:
        """Two waits for signals and a timer that is due soon, new ones each time."""
        rounds = run.token
        waits = (
            listen("a", f"a{rounds}"),
            listen("b", f"b{rounds}", delay=random.uniform(0.01, 0.1)),
            timer(f"t{rounds}", delay=random.uniform(0.01, 0.1)),
        )
        return Transition(
            key=run.key,
            token=run.token,
            rev=run.rev,
            move=Move.PARK,
            outcome=Outcome.SUSPENDED,
            seq=0,
            step="fetch",
            attempt=1,
            wakeups=run.wakeups,
            waits=tuple(random.sample(waits, random.randint(1, 3))),
        )

    async def own() -> None:
        while meeting.goes_on:
            claimed = await store.claim(session, await scene.routes(), RUNS)
            await store.record([park(run) for run in random.sample(claimed.runs, len(claimed.runs))])
            done["parks"] += len(claimed.runs)

    async def send(sender: PostgresStore) -> None:
        while meeting.goes_on:
            sent = await asyncio.gather(
                *(
                    sender.signal(run_id, random.choice("ab"), "1", ALICE)
                    for run_id in random.sample(run_ids, 8)
                ),
                return_exceptions=True,
            )
            unexpected = [each for each in sent if isinstance(each, BaseException)]
            assert all(isinstance(each, InvalidTransition) for each in unexpected), unexpected
            done["signals"] += len(sent) - len(unexpected)

    async def sweep(sweeper: PostgresStore) -> None:
        while meeting.goes_on:
            ticked = await sweeper.tick()
            done["woken"] += ticked.woken
            done["timed out"] += ticked.timed_out

    async with PostgresStore(database_url) as other:
        await asyncio.gather(own(), own(), send(store), send(other), sweep(store), sweep(other))

    meeting.check()
    assert len(done) == 4
    given = "select signal from sagewai.waits where signal is not null"
    assert await admin.fetchval(f"select count(*) = count(distinct signal) from ({given}) as given")
    taken = "select id from sagewai.signals where taken"
    assert await admin.fetch(f"({given} except {taken}) union all ({taken} except {given})") == []
    assert await deadlocks(store, admin) == 0


async def deadlocks(store: PostgresStore, admin: asyncpg.Connection) -> int:
    """Of this database; known when its server processes have ended."""
    await store.close()
    await wait_until_alone(admin)
    count: int = await admin.fetchval(
        "select deadlocks from pg_stat_database where datname = current_database()"
    )
    return count
