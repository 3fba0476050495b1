"""Recorded calls where several connections meet: one response counts, sums stay exact, and nobody waits in a circle."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from sagewai.core.stores.postgres import PostgresStore, statements
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidTransition
from sagewai.models.call import CallRecord, Spent
from sagewai.models.run import LeasedRun
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition
from tests.contract.scene import ALICE, Owner, Scene, spec
from tests.contract.test_calls import call
from tests.postgres_store.meeting import Meeting
from tests.postgres_store.test_locks import deadlocks

SECONDS = 3.0
RUNS = 20
MODELS = ("gpt-4o", "o1", "claude", "llama")

WAITING = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
"""


@asynccontextmanager
async def held_back(admin: asyncpg.Connection, scene: Scene, waiting: int) -> AsyncIterator[None]:
    """Runs are locked until so many statements, sent within, wait for them: each has looked before any goes on."""
    held = admin.transaction()
    await held.start()
    await admin.execute("select from sagewai.runs for no key update")
    yield

    async def all_wait() -> bool:
        await admin.execute("select pg_stat_clear_snapshot()")
        count: int = await admin.fetchval(WAITING)
        return count == waiting

    await scene.until(all_wait)
    await held.commit()


async def test_two_connections_that_record_one_call_at_once_agree_on_it(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    """Whoever comes second doesn't see what the first committed while it waited, and still gives it."""
    owner = await scene.own()
    async with PostgresStore(database_url) as other:
        async with held_back(admin, scene, waiting=2):
            one = asyncio.create_task(store.record_calls([call(owner, "1"), call(owner, "1", name="own")]))
            two = asyncio.create_task(other.record_calls([call(owner, "2"), call(owner, "2", name="more")]))
        (first, own), (second, more) = await one, await two
    assert first == second
    assert first in ("1", "2")
    assert (own, more) == ("1", "2")
    assert {each.name: each.response for each in await store.calls_of("r1")} == {
        "writer": first,
        "own": "1",
        "more": "2",
    }
    (of_model,) = await store.spending("model")
    assert of_model.spent == await store.spent("r1") == Spent(3, 300, 60, 0.75)


async def test_who_lost_the_run_while_waiting_for_it_records_nothing(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    """The token is compared under the lock, not when the statement looked."""
    owner = await scene.own()
    async with held_back(admin, scene, waiting=1):
        late = asyncio.create_task(store.record_calls([call(owner)]))
        await admin.execute("update sagewai.runs set token = token + 1")
    assert await late == [None]
    assert await store.calls_of("r1") == []
    assert await store.spending("model") == []


async def test_calls_moves_operators_and_zombies_meet_without_a_deadlock(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    """And what was spent is what the recorded calls cost, to the last one."""
    session = await scene.session(max_concurrent=RUNS)
    run_ids = [f"r{number:02}" for number in range(RUNS)]
    await store.insert_runs([spec(run_id) for run_id in run_ids])
    held = {run.key: run for run in (await store.claim(session, await scene.routes(), RUNS)).runs}
    zombies = dict(held)
    answered = [f"{who} {how}" for who in ("owner", "other", "zombie") for how in ("recorded", "refused")]
    meeting = Meeting(SECONDS, *answered, "moves", "PAUSE", "RESUME", "sweeps")
    done = meeting.done

    def asked(runs: Sequence[LeasedRun]) -> list[CallRecord]:
        """Calls of all of them, in an order of its own; some of them are those of others."""
        return [
            CallRecord(
                key=run.key,
                token=run.token,
                seq=0,
                step="fetch",
                attempt=1,
                branch="",
                name=random.choice("ab"),
                position=random.randint(1, 30),
                round=0,
                kind=random.choice(("model", "model", "once")),
                digest="",
                request="{}",
                response=str(random.random()),
                model=random.choice(MODELS),
                input_tokens=10,
                output_tokens=1,
                cost=0.5,
            )
            for run in random.sample(runs, len(runs))
        ]

    async def record(sender: PostgresStore, runs: dict[int, LeasedRun], who: str) -> None:
        while meeting.goes_on:
            made = asked(list(runs.values()))
            answers = await sender.record_calls(made)
            done[f"{who} recorded"] += len(answers) - answers.count(None)
            done[f"{who} refused"] += answers.count(None)

    async def retry() -> None:
        while meeting.goes_on:
            runs = random.sample(list(held.values()), RUNS)
            moves = [
                Transition(
                    key=run.key,
                    token=run.token,
                    rev=run.rev,
                    move=Move.RETRY,
                    outcome=Outcome.FAILED,
                    seq=0,
                    step="fetch",
                    attempt=1,
                    error='{"type": "E", "message": "", "traceback": ""}',
                )
                for run in runs
            ]
            for run, status in zip(runs, await store.record(moves), strict=True):
                if status is RunStatus.RUNNING and held[run.key].token == run.token:
                    held[run.key] = replace(run, rev=run.rev + 1)
            done["moves"] += 1

    async def operate(operation: Operation) -> None:
        while meeting.goes_on:
            results = await asyncio.gather(
                *(store.operate(run_id, operation, ALICE) for run_id in random.sample(run_ids, 8)),
                return_exceptions=True,
            )
            unexpected = [each for each in results if isinstance(each, BaseException)]
            assert all(isinstance(each, InvalidTransition) for each in unexpected), unexpected
            done[operation.name] += 1

    async def recover() -> None:
        """What was paused goes on under another token."""
        while meeting.goes_on:
            for run in (await store.claim(session, await scene.routes(), RUNS)).runs:
                held[run.key] = run
            await store.tick()
            done["sweeps"] += 1

    async with PostgresStore(database_url) as other:
        await asyncio.gather(
            record(store, held, "owner"),
            record(other, held, "other"),
            record(other, zombies, "zombie"),
            retry(),
            operate(Operation.PAUSE),
            operate(Operation.RESUME),
            recover(),
        )

    meeting.check()
    spent = Counter[str]()
    for run_id in run_ids:
        calls = [each for each in await store.calls_of(run_id) if each.kind == "model"]
        spent.update(each.model for each in calls)
        assert (await store.spent(run_id)).calls == len(calls)
    assert {each.key: each.spent for each in await store.spending("model")} == {
        model: Spent(count, 10 * count, count, 0.5 * count) for model, count in spent.items()
    }
    assert await deadlocks(store, admin) == 0


async def test_sums_of_runs_of_two_owners_are_raised_in_one_order(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    """Each has runs of its own, so that the sums are all they meet at."""
    session = await scene.session(max_concurrent=4)
    owners = [await scene.own(f"r{number}", session=session) for number in range(4)]
    models = [f"model{number}" for number in range(40)]
    rounds = 40

    async def record(sender: PostgresStore, owner: Owner) -> None:
        for position in range(1, rounds + 1):
            asked = random.sample(models, len(models))
            await sender.record_calls(
                [call(owner, name=model, model=model, position=position) for model in asked]
            )

    async with PostgresStore(database_url) as other:
        await asyncio.gather(*(record(store if at % 2 else other, owner) for at, owner in enumerate(owners)))
    count = rounds * len(owners)
    assert {each.key: each.spent for each in await store.spending("model")} == dict.fromkeys(
        models, Spent(count, 100 * count, 20 * count, 0.25 * count)
    )
    assert await deadlocks(store, admin) == 0


async def test_tails_of_two_writers_and_a_sweep_meet_without_a_deadlock(
    store: PostgresStore, scene: Scene, database_url: str, admin: asyncpg.Connection
) -> None:
    session = await scene.session(max_concurrent=RUNS)
    owners = [await scene.own(f"r{number}", session=session) for number in range(RUNS)]
    keys = [owner.lease.key for owner in owners]
    meeting = Meeting(1.0, "one", "two", "sweeps")
    done = meeting.done

    async def speak(sender: PostgresStore, who: str) -> None:
        while meeting.goes_on:
            some = random.sample(keys, RUNS // 2)
            await sender.write_tails({key: ("fetch", "writer", f"{key}") for key in some})
            done[who] += 1

    async def forget() -> None:
        while meeting.goes_on:
            await admin.fetch(statements.FORGET_TAILS, 0.0, RUNS)
            done["sweeps"] += 1

    async with PostgresStore(database_url) as other:
        await asyncio.gather(speak(store, "one"), speak(other, "two"), forget())
    meeting.check()
    await store.write_tails(dict.fromkeys(keys, ("fetch", "writer", "last")))
    heard = [await store.tail_of(owner.run_id) for owner in owners]
    assert {tail.text for tail in heard if tail} == {"last"}
    assert None not in heard
    assert await deadlocks(store, admin) == 0


async def test_a_sweep_forgets_tails_that_began_long_ago_and_no_others(
    store: PostgresStore, scene: Scene, admin: asyncpg.Connection
) -> None:
    session = await scene.session(max_concurrent=2)
    old, new = [await scene.own(run_id, session=session) for run_id in ("r1", "r2")]
    await store.write_tails({owner.lease.key: ("fetch", "writer", "Dear") for owner in (old, new)})
    await admin.execute(
        "update sagewai.tails set began_at = now() - interval '2 hours' where run = $1", old.lease.key
    )
    await store.tick()
    assert await admin.fetchval("select array_agg(run) from sagewai.tails") == [new.lease.key]
    await store.write_tails({old.lease.key: ("fetch", "writer", "Dear Ada")})
    tail = await store.tail_of("r1")
    assert tail is not None
    assert tail.text == "Dear Ada"
    assert await scene.status() is RunStatus.RUNNING
