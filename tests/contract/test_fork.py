"""Forks: a new run that starts from a copy of another's checkpoints, once per run_id, whatever became of the source."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from sagewai.core.codec import digest
from sagewai.core.stores.base import Store
from sagewai.errors import InvalidOptionError, RunExists, RunNotFound, StoreRefused, UnknownWorkflow
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.run import ForkSpec
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import ALICE, BOB, LONG, Scene, ask, definition, listen

FORK = ForkSpec("r1", "r2", BOB, "try again", from_step="judge")
OTHER_INPUT = '{"order":2}'


async def two_steps_done(scene: Scene) -> None:
    """``r1``, whose step ``judge`` took two attempts, stands at ``file``."""
    owner = await scene.own()
    await owner.make(Move.STEP_DONE, result='{"b":1,"a":2}')
    await owner.make(Move.RETRY)
    await owner.make(Move.STEP_DONE, result='"judged"')


async def test_a_fork_is_a_pending_run_with_the_sources_shape(scene: Scene, store: Store) -> None:
    shape = definition(version="2")
    owner = await scene.own(
        pool="gpu",
        labels={"gpu": True},
        priority=7,
        tags={"team": "x"},
        shape=shape,
        deadline=LONG,
        values={"order": 9},
    )
    await owner.make(Move.STEP_DONE)
    run = await store.fork_run(FORK)
    source = await store.get_run("r1")
    assert (run.run_id, run.status, run.wait, run.step) == ("r2", RunStatus.PENDING, None, "judge")
    assert (run.workflow, run.version, run.pool, run.labels) == ("orders", "2", "gpu", {"gpu": True})
    assert type(run.labels["gpu"]) is bool
    assert (run.priority, run.tags, run.submitted_by) == (7, {"team": "x"}, "bob")
    assert (run.steps_done, run.steps_total, run.attempt, run.max_attempts) == (1, 3, 1, 3)
    assert (run.token, run.takeovers, run.asked, run.worker, run.session) == (0, 0, None, None, None)
    assert (run.deadline_at, run.due_at, run.step_started_at) == (None, None, None)
    assert run.created_at >= source.created_at
    assert await store.get_run("r2") == run
    assert await store.get_input("r2") == await store.get_input("r1")
    assert await store.get_steps("r2") == shape.steps
    session = await scene.session()
    for versions, taken in ((["", "1"], []), (["2"], ["r2"])):
        assert await scene.claim(session, pool="gpu", labels={"gpu": True}, versions=versions) == taken


async def test_a_fork_starts_with_the_results_before_its_step(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    for from_step, kept in (("fetch", 0), ("judge", 1), ("file", 2), (None, 2)):
        run_id = f"from {from_step}"
        run = await store.fork_run(replace(FORK, run_id=run_id, from_step=from_step))
        assert (run.steps_done, run.step) == (kept, ("fetch", "judge", "file")[kept])
        recorded = [("fetch", '{"b":1,"a":2}'), ("judge", '"judged"')]
        assert list((await store.get_results(run_id)).items()) == recorded[:kept]
        owner = await scene.take(run_id)
        assert (owner.lease.seq, owner.lease.token, owner.lease.attempt) == (kept, 1, 1)
        assert list(owner.lease.results.items()) == recorded[:kept]
        assert await owner.finish() is RunStatus.COMPLETED


async def test_a_fork_keeps_the_attempts_that_completed_its_steps(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    originals = await store.get_attempts("r1")
    await store.fork_run(replace(FORK, from_step="file"))
    copies = await store.get_attempts("r2")
    completed = [each for each in originals if each.outcome is Outcome.COMPLETED]
    assert [(each.step, each.attempt) for each in completed] == [("fetch", 1), ("judge", 2)]
    assert copies == [replace(each, run_id="r2", token=0) for each in completed]
    assert await store.get_attempts("r1") == originals


async def test_what_the_fork_does_leaves_the_source_alone(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    await store.fork_run(FORK)
    before = (await store.get_run("r1"), await store.get_results("r1"), await store.get_attempts("r1"))
    owner = await scene.take("r2")
    await owner.finish()
    assert (
        await store.get_run("r1"),
        await store.get_results("r1"),
        await store.get_attempts("r1"),
    ) == before
    assert (await store.get_results("r2"))["judge"] == '"done"'


async def test_nothing_that_waits_is_copied(scene: Scene, store: Store) -> None:
    owner = await scene.own(deadline=LONG)
    await scene.signal("r1", "shipped")
    await owner.park(ask("lead"), listen("paid"), wakeups=1)
    await store.fork_run(replace(FORK, from_step="fetch"))
    assert await store.approvals_of("r2") == []
    assert await store.waits_of("r2") == []
    assert await store.signals_of("r2") == []
    assert (await store.get_run("r2")).deadline_at is None
    assert (await scene.take("r2")).lease.wakeups == 0


async def test_a_fork_leaves_events_on_both_runs(scene: Scene) -> None:
    await two_steps_done(scene)
    await scene.store.fork_run(FORK)
    assert await scene.kinds("r2") == [EventKind.SUBMITTED, EventKind.FORKED]
    submitted, forked = await scene.events("r2")
    assert dict(submitted.detail) == {"pool": "default", "priority": 0, "delay": None}
    assert dict(forked.detail) == {"source": "r1", "step": "judge"}
    assert forked.reason == "try again"
    (of_source,) = await scene.events("r1", EventKind.FORKED)
    assert dict(of_source.detail) == {"fork": "r2", "step": "judge"}
    for event in (submitted, forked, of_source):
        assert (event.actor, event.source, event.assurance) == ("bob", "console", "ssh")


async def test_a_fork_may_have_an_input_of_its_own(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    await store.fork_run(replace(FORK, input=OTHER_INPUT, input_digest=digest(OTHER_INPUT)))
    assert await store.get_input("r2") == OTHER_INPUT
    assert (await scene.take("r2")).lease.input == OTHER_INPUT
    assert await store.get_input("r1") != OTHER_INPUT


@pytest.mark.parametrize("status", sorted(RunStatus))
async def test_a_run_can_be_forked_whatever_its_status(scene: Scene, store: Store, status: RunStatus) -> None:
    before = await scene.run_in(status)
    run = await store.fork_run(replace(FORK, from_step="fetch"))
    assert (run.status, run.step) == (RunStatus.PENDING, "fetch")
    assert await store.get_run("r1") == before
    counts = (await store.counts()).by_pool["default"]
    assert counts[RunStatus.PENDING] == 1 + (status is RunStatus.PENDING)


async def test_a_fork_can_be_forked(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    await store.fork_run(replace(FORK, from_step="file"))
    await store.fork_run(replace(FORK, source="r2", run_id="r3"))
    assert list(await store.get_results("r3")) == ["fetch"]
    (attempt,) = await store.get_attempts("r3")
    assert (attempt.run_id, attempt.token) == ("r3", 0)


# -- once -------------------------------------------------------------------------------------------------------------


async def test_the_same_fork_again_is_the_run_that_exists(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    first = await store.fork_run(FORK)
    before = await picture(store)
    assert await store.fork_run(FORK) == first
    assert await store.fork_run(replace(FORK, actor=ALICE, reason="other")) == first
    assert await picture(store) == before
    owner = await scene.take("r2")
    await owner.finish()
    assert (await store.fork_run(FORK)).status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    "other",
    [
        replace(FORK, from_step="fetch"),
        replace(FORK, source="r0"),
        replace(FORK, input=OTHER_INPUT, input_digest=digest(OTHER_INPUT)),
        replace(FORK, run_id="r1"),
        replace(FORK, run_id="r0"),
    ],
    ids=["step", "source", "input", "the source itself", "no fork"],
)
async def test_any_other_fork_of_a_taken_run_id_is_refused(
    scene: Scene, store: Store, other: ForkSpec
) -> None:
    await two_steps_done(scene)
    await scene.submit("r0")
    await store.fork_run(FORK)
    before = await picture(store)
    with pytest.raises(RunExists, match=other.run_id) as caught:
        await store.fork_run(other)
    assert caught.value.run_id == other.run_id
    assert await picture(store) == before


async def test_the_same_fork_asked_for_at_once_is_one_run(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    runs = await asyncio.gather(*(store.fork_run(FORK) for _ in range(10)))
    assert {run.run_id for run in runs} == {"r2"}
    assert await scene.kinds("r2") == [EventKind.SUBMITTED, EventKind.FORKED]
    assert len(await scene.events("r1", EventKind.FORKED)) == 1
    assert len(await store.get_attempts("r2")) == 1


# -- refused ----------------------------------------------------------------------------------------------------------


async def test_a_run_that_does_not_exist_cannot_be_forked(store: Store) -> None:
    with pytest.raises(RunNotFound, match="r1"):
        await store.fork_run(FORK)


async def test_a_step_that_is_none_of_the_sources_is_refused(scene: Scene, store: Store) -> None:
    await two_steps_done(scene)
    before = await picture(store)
    with pytest.raises(InvalidOptionError, match="jugde"):
        await store.fork_run(replace(FORK, from_step="jugde"))
    assert await picture(store) == before


async def test_a_step_past_the_first_without_a_result_is_refused(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    before = await picture(store)
    with pytest.raises(InvalidOptionError, match="file"):
        await store.fork_run(replace(FORK, from_step="file"))
    assert await picture(store) == before
    assert (await store.fork_run(replace(FORK, from_step="judge"))).step == "judge"


async def test_a_fork_with_nothing_left_to_run_is_refused(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.COMPLETED)
    before = await picture(store)
    with pytest.raises(InvalidOptionError, match="from_step, one of fetch, judge, file"):
        await store.fork_run(replace(FORK, from_step=None))
    assert await picture(store) == before
    assert (await store.fork_run(replace(FORK, from_step="file"))).step == "file"


@pytest.mark.parametrize("from_step", [None, "fetch"])
async def test_a_run_whose_code_nobody_has_seen_cannot_be_forked(
    scene: Scene, store: Store, from_step: str | None
) -> None:
    await scene.submit(shape=None)
    with pytest.raises(UnknownWorkflow, match="r1"):
        await store.fork_run(replace(FORK, from_step=from_step))


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_a_fork_that_cannot_be_stored_is_refused(scene: Scene, store: Store, bad: str) -> None:
    await two_steps_done(scene)
    before = await picture(store)
    for spec in (
        replace(FORK, run_id=bad),
        replace(FORK, reason=bad),
        replace(FORK, actor=Actor(bad)),
        replace(FORK, input=bad, input_digest=digest(bad)),
    ):
        with pytest.raises(StoreRefused):
            await store.fork_run(spec)
    assert await picture(store) == before
