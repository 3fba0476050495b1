"""What a step costs in what does not wobble: transactions and pages. How fast it was is printed, not asserted."""

from __future__ import annotations

import time

from sagewai.core.stores.sqlite import SQLiteStore, progress
from sagewai.core.stores.sqlite.connection import Connection
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, Owner, Scene, definition, spec

PAGE = 4096
STEPS = tuple(f"step-{number}" for number in range(10))
TEN = definition("ten", STEPS)
RESULT = '"' + "x" * 198 + '"'


class Meter:
    """Counts commits, and the pages they add to the WAL."""

    def __init__(self, store: SQLiteStore) -> None:
        self._lane = store._here()._writer
        self.commits = 0
        self.pages = 0
        self._length = 0

    async def start(self) -> None:
        await self._lane.run(self._hook)

    def _hook(self, connection: Connection) -> None:
        def note(_driver: object, _database: str, length: int) -> int:
            self.commits += 1
            self.pages += length - (self._length if length > self._length else 0)
            self._length = length
            return 0

        connection.checkpoint(truncate=True)
        connection._driver.set_wal_hook(note)


async def hold(scene: Scene, count: int) -> list[Owner]:
    session = await scene.session(definitions=(TEN,))
    specs = [spec(f"r{number}", workflow="ten", shape=TEN) for number in range(count)]
    inserted = await scene.store.insert_runs(specs, session=session)
    return [Owner(scene.store, each.lease, STEPS) for each in inserted if each.lease]


async def advance(store: SQLiteStore, owners: list[Owner]) -> None:
    """Every run's nine steps before the last, in lock-step, as a group commit hands them over."""
    for _ in STEPS[1:]:
        await advance_once(store, owners)


async def advance_once(store: SQLiteStore, owners: list[Owner]) -> None:
    moves = [owner.transition(Move.STEP_DONE, result=RESULT) for owner in owners]
    assert await store.record(moves) == [RunStatus.RUNNING] * len(moves)
    for owner in owners:
        owner.note(Move.STEP_DONE)


async def test_a_lone_step_is_one_small_transaction(store: SQLiteStore, scene: Scene) -> None:
    owners = await hold(scene, 20)
    meter = Meter(store)
    await meter.start()
    began = time.perf_counter()
    for owner in owners:
        await advance(store, [owner])
    took = time.perf_counter() - began
    steps = 9 * len(owners)
    print(f"alone: {steps / took:,.0f} steps/s, {meter.pages / steps:.2f} pages a step")
    assert meter.commits == steps
    assert meter.pages <= 3.5 * steps  # the run, the attempt, the attempt's key


async def listen(store: SQLiteStore) -> list[str]:
    """The first word of each statement that the writing thread will say."""
    said: list[str] = []

    def note(_driver: object, sql: str, _values: object) -> bool:
        said.append(sql.split()[0])
        return True

    await store._here()._writer.run(lambda connection: connection._driver.set_exec_trace(note))
    return said


async def test_a_step_is_the_same_one_statement_however_much_its_run_could_wait_for(
    store: SQLiteStore, scene: Scene
) -> None:
    owners = await hold(scene, 2)
    await store.signal(owners[0].run_id, "paid", "1", ALICE)
    said = await listen(store)
    for owner in owners:
        await owner.make(Move.STEP_DONE, result=RESULT)
    assert said == ["insert"] * 2


async def test_so_are_the_steps_of_a_thousand_runs_whatever_a_few_others_do(
    store: SQLiteStore, scene: Scene
) -> None:
    owners = await hold(scene, 1_030)
    said = await listen(store)
    await store.record([owner.transition(Move.STEP_DONE, result=RESULT) for owner in owners[:1_000]])
    last = [owner.transition(Move.COMPLETED, result=RESULT) for owner in owners[1_000:1_010]]
    await store.record([*last, *(owner.transition(Move.STEP_DONE) for owner in owners[1_010:1_020])])
    assert said == ["insert"] * 2
    said.clear()
    verdicts = await store.record(
        [owners[1_020].transition(Move.RETRY_LATER), *(o.transition(Move.STEP_DONE) for o in owners[1_021:])]
    )
    assert verdicts == [RunStatus.WAITING] + [RunStatus.RUNNING] * 9
    assert (said[:2], said[-1]) == (["begin", "insert"], "commit")
    assert len(said) <= 8


async def test_a_thousand_runs_come_in_by_few_statements(store: SQLiteStore, scene: Scene) -> None:
    session = await scene.session(definitions=(TEN,))
    said = await listen(store)
    specs = [
        spec(f"r{number}", workflow="ten", shape=TEN, tags={"customer": "acme"}) for number in range(1_000)
    ]
    await store.insert_runs(specs, session=session)
    assert len(said) <= 70


async def test_the_longest_statement_stays_prepared(store: SQLiteStore, scene: Scene) -> None:
    owners = await hold(scene, progress.MAX_ROWS + 1)
    await advance_once(store, owners)  # one too many for one
    await advance_once(store, owners[1:])
    stats = await store._here()._writer.run(lambda connection: connection._driver.cache_stats())
    assert stats["too_big"] == 0


async def test_steps_of_many_runs_share_their_transaction_and_their_pages(
    store: SQLiteStore, scene: Scene
) -> None:
    owners = await hold(scene, 1_000)
    meter = Meter(store)
    await meter.start()
    began = time.perf_counter()
    await advance(store, owners)
    took = time.perf_counter() - began
    steps = 9 * len(owners)
    print(f"1000 at once: {steps / took:,.0f} steps/s, {meter.pages * PAGE / steps:.0f} WAL bytes a step")
    assert meter.commits == 9
    assert meter.pages * PAGE <= 1_000 * steps
