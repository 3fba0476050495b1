"""What a run has spent: a sum kept beside it by the calls that add to it, and shown wherever runs are listed."""

from __future__ import annotations

from sagewai.core.stores.base import Store
from sagewai.models.call import Spent
from sagewai.models.page import RunQuery
from sagewai.models.run import ForkSpec
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, Scene
from tests.contract.test_calls import call

TWO = Spent(calls=2, input_tokens=200, output_tokens=40, cost=0.25, unpriced=1)


async def test_every_listing_and_the_run_itself_show_the_sum(scene: Scene, store: Store) -> None:
    owner = await scene.own("r1", tags={"team": "blue"})
    idle = await scene.own("r2", tags={"team": "blue"})
    made = [call(owner, "1"), call(owner, "2", name="b", cost=None), call(owner, "3", name="c", kind="once")]
    await store.record_calls([*made, call(idle, "4", kind="void")])
    await store.record_calls(made)  # known already
    run = await store.get_run("r1")
    assert run.spent == TWO == await store.spent("r1")
    queries = [
        RunQuery(),
        RunQuery(order="changed"),
        RunQuery(status=frozenset({RunStatus.RUNNING})),
        RunQuery(workflow="orders"),
        RunQuery(pool="default"),
        RunQuery(tag=("team", "blue")),
        RunQuery(prefix="r"),
    ]
    for query in queries:
        page = await store.list_runs(query)
        assert {run.run_id: run.spent for run in page} == {"r1": TWO, "r2": Spent()}


async def test_it_grows_with_each_call_and_stays_when_the_run_moves(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    await owner.make(Move.STEP_DONE)
    await store.record_calls([call(owner, "2", name="b"), call(owner, "3", name="c", input_tokens=None)])
    assert (await store.get_run("r1")).spent == Spent(3, 200, 60, 0.75)
    assert await owner.finish() is RunStatus.COMPLETED
    assert (await store.get_run("r1")).spent == Spent(3, 200, 60, 0.75)


async def test_a_call_that_comes_too_late_adds_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await scene.lose("r1")
    assert await store.record_calls([call(owner)]) == [None]
    assert await store.spent("r1") == Spent()


async def test_a_fork_has_spent_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    await owner.make(Move.STEP_DONE)
    assert (await store.fork_run(ForkSpec("r1", "f1", ALICE))).spent == Spent()
    assert await store.spent("f1") == Spent()
