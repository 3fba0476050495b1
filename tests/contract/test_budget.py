"""Budgets as they were submitted, and the tail of what a model is saying: each kept beside a run."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import Store
from sagewai.errors import RunNotFound, StoreRefused
from sagewai.models.call import Budget
from sagewai.models.run import ForkSpec
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, Owner, Scene

BUDGETS = [Budget(usd=1.5), Budget(tokens=10_000_000_000, on_exceed="fail"), Budget(0.1, 200)]


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
async def test_a_run_keeps_the_budget_it_was_submitted_with(
    scene: Scene, store: Store, budget: Budget
) -> None:
    await scene.submit(budget=budget)
    assert await store.get_budget("r1") == budget


async def test_a_run_without_a_budget_has_none(scene: Scene, store: Store) -> None:
    await scene.submit()
    assert await store.get_budget("r1") is None


async def test_a_run_that_does_not_exist_has_no_budget_to_read(store: Store) -> None:
    with pytest.raises(RunNotFound, match="nowhere"):
        await store.get_budget("nowhere")


async def test_a_run_submitted_again_keeps_its_first_budget(scene: Scene, store: Store) -> None:
    await scene.submit(budget=BUDGETS[0])
    assert not (await scene.submit(budget=BUDGETS[1])).created
    await scene.submit("r2")
    await scene.submit("r2", budget=BUDGETS[1])
    assert await store.get_budget("r1") == BUDGETS[0]
    assert await store.get_budget("r2") is None


async def test_a_run_held_at_once_has_its_budget(scene: Scene, store: Store) -> None:
    owner = await scene.own(budget=BUDGETS[2])
    await owner.make(Move.STEP_DONE)
    assert await store.get_budget("r1") == BUDGETS[2]


async def test_a_fork_may_spend_as_much_as_its_source(scene: Scene, store: Store) -> None:
    for run_id, budget in (("r1", BUDGETS[2]), ("r2", None)):
        await scene.submit(run_id, budget=budget)
        await store.fork_run(ForkSpec(run_id, f"fork of {run_id}", BOB))
        assert await store.get_budget(f"fork of {run_id}") == budget


# -- tails ------------------------------------------------------------------------------------------------------------


async def say(owner: Owner, text: str, *, step: str = "fetch", name: str = "writer") -> None:
    await owner.store.write_tails({owner.lease.key: (step, name, text)})


async def test_the_latest_tail_is_what_is_heard(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await store.tail_of("r1") is None
    await say(owner, "Dear ")
    before = await store.now()
    await say(owner, "Dear Ada €", name="editor")
    tail = await store.tail_of("r1")
    assert tail is not None
    assert (tail.run_id, tail.step, tail.name, tail.text) == ("r1", "fetch", "editor", "Dear Ada €")
    assert before <= tail.at <= await store.now()


async def test_tails_of_many_runs_are_written_together(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=9)
    owners = [await scene.own(f"r{number}", session=session) for number in range(9)]
    keys = [owner.lease.key for owner in owners]
    await asyncio.gather(
        *(
            store.write_tails(dict.fromkeys(order, ("fetch", "writer", f"{turn}")))
            for turn, order in enumerate((keys, keys[::-1], keys, keys[::-1]))
        )
    )
    heard = [await store.tail_of(owner.run_id) for owner in owners]
    assert {tail.text for tail in heard if tail} <= {"0", "1", "2", "3"}
    assert None not in heard


async def test_no_tails_and_tails_of_no_run_are_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.write_tails({})
    await store.write_tails({owner.lease.key + 99: ("fetch", "writer", "Hello")})
    assert await store.tail_of("r1") is None


@pytest.mark.parametrize("status", sorted(set(RunStatus) - {RunStatus.RUNNING, RunStatus.PENDING}))
async def test_a_run_that_is_not_running_says_nothing(scene: Scene, store: Store, status: RunStatus) -> None:
    owner = await scene.own()
    await say(owner, "Dear")
    await owner.make(Move.RELEASED)
    assert await store.tail_of("r1") is None
    await scene.run_in(status, "r2")
    await store.write_tails({owner.lease.key + 1: ("fetch", "writer", "Dear")})
    assert await store.tail_of("r2") is None


async def test_a_tail_changes_nothing_else(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await picture(store)
    await say(owner, "Dear")
    assert await picture(store) == before


async def test_a_run_that_does_not_exist_has_no_tail_to_read(store: Store) -> None:
    with pytest.raises(RunNotFound, match="nowhere"):
        await store.tail_of("nowhere")


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_tail_that_cannot_be_stored_is_refused(scene: Scene, store: Store, bad: str) -> None:
    owner = await scene.own()
    for step, name, text in ((bad, "writer", "Dear"), ("fetch", bad, "Dear"), ("fetch", "writer", bad)):
        with pytest.raises(StoreRefused):
            await say(owner, text, step=step, name=name)
    assert await store.tail_of("r1") is None
