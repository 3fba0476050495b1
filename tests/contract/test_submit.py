"""Submitting: what is recorded, once, all or none."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.errors import LabelError, RunInputMismatch, RunNotFound, StoreRefused
from sagewai.models.actor import SYSTEM
from sagewai.models.history import EventKind
from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus, WaitReason
from tests.contract.picture import picture
from tests.contract.scene import ALICE, LONG, ORDERS, Scene, definition, spec


async def test_a_submitted_run_is_pending_at_its_first_step(scene: Scene, store: Store) -> None:
    shape = definition(version="3")
    before = await store.now()
    inserted = await scene.submit(
        shape=shape, pool="gpu", labels={"a": True, "b": 1}, priority=4, tags={"team": "x"}
    )
    after = await store.now()

    assert (inserted.run_id, inserted.created, inserted.lease) == ("r1", True, None)
    run = await store.get_run("r1")
    assert (run.run_id, run.workflow, run.status, run.wait) == ("r1", "orders", RunStatus.PENDING, None)
    assert (run.pool, run.priority, run.version, run.submitted_by) == ("gpu", 4, "3", "alice")
    assert dict(run.labels) == {"a": True, "b": 1}
    assert dict(run.tags) == {"team": "x"}
    assert (run.step, run.steps_done, run.steps_total) == ("fetch", 0, 3)
    assert (run.attempt, run.max_attempts, run.takeovers, run.token) == (1, 1, 0, 0)
    assert (run.worker, run.session, run.asked, run.due_at, run.step_started_at) == (None,) * 5
    assert before <= run.created_at <= after
    assert run.changed_at == run.created_at
    assert run.created_at.utcoffset() is not None


async def test_the_submission_is_the_runs_first_event_and_names_its_actor(scene: Scene) -> None:
    await scene.submit(pool="gpu", priority=2, delay=LONG)
    (event,) = await scene.events()
    assert event.kind is EventKind.SUBMITTED
    assert dict(event.detail) == {"pool": "gpu", "priority": 2, "delay": LONG}
    assert (event.actor, event.source, event.assurance) == (ALICE.name, ALICE.source, ALICE.assurance)
    assert event.run_id == "r1"


async def test_a_run_that_nobody_submitted_is_the_systems(scene: Scene, store: Store) -> None:
    await scene.submit(actor=None)
    (event,) = await scene.events()
    assert (event.actor, event.source) == (SYSTEM.name, SYSTEM.source)
    assert (await store.get_run("r1")).submitted_by == SYSTEM.name


async def test_many_runs_are_recorded_in_the_order_given(scene: Scene, store: Store) -> None:
    names = [f"r{number}" for number in (5, 1, 3, 2, 4)]
    inserted = await store.insert_runs([spec(name) for name in names])
    assert [each.run_id for each in inserted] == names
    assert all(each.created for each in inserted)
    listed = await store.list_runs(RunQuery())
    assert [run.run_id for run in listed] == list(reversed(names))


async def test_submitting_nothing_records_nothing(store: Store) -> None:
    assert await store.insert_runs([]) == []


async def test_an_existing_run_with_the_same_input_is_left_alone(scene: Scene, store: Store) -> None:
    await scene.submit(priority=1, tags={"a": "b"})
    before = await picture(store)
    again = await scene.submit(priority=9, pool="other", delay=5.0)
    assert (again.created, again.lease) == (False, None)
    assert await picture(store) == before


@pytest.mark.parametrize(
    "other", [{"values": {"order": 2}}, {"workflow": "refunds"}], ids=["input", "workflow"]
)
async def test_one_mismatch_records_none_of_the_runs(
    scene: Scene, store: Store, other: dict[str, object]
) -> None:
    await scene.submit("r2")
    before = await picture(store)
    with pytest.raises(RunInputMismatch, match="r2") as caught:
        await store.insert_runs([spec("r1"), spec("r2", **other), spec("r3")])  # type: ignore[arg-type]
    assert caught.value.run_id == "r2"
    assert await picture(store) == before


async def test_a_run_named_twice_in_one_call_is_created_once(scene: Scene, store: Store) -> None:
    first, second = await store.insert_runs([spec("r1"), spec("r1")])
    assert (first.created, second.created) == (True, False)
    assert await scene.kinds() == [EventKind.SUBMITTED]


async def test_a_run_named_twice_with_different_input_is_a_mismatch(store: Store) -> None:
    with pytest.raises(RunInputMismatch, match="r1"):
        await store.insert_runs([spec("r1"), spec("r1", values={"order": 2})])
    with pytest.raises(RunNotFound):
        await store.get_run("r1")


async def test_a_delayed_run_waits_for_its_timer(scene: Scene, store: Store) -> None:
    await scene.submit(delay=90.0)
    run = await store.get_run("r1")
    assert (run.status, run.wait) == (RunStatus.WAITING, WaitReason.TIMER)
    assert run.due_at is not None
    assert (run.due_at - run.created_at).total_seconds() == pytest.approx(90.0, abs=0.01)


async def test_a_run_submitted_for_a_session_is_held_by_it_at_once(scene: Scene, store: Store) -> None:
    session = await scene.session("script")
    (inserted,) = await store.insert_runs([spec("r1", tags={"a": "b"}, labels={"x": 1.0})], session=session)
    lease = inserted.lease
    assert lease is not None
    assert (lease.run_id, lease.workflow, lease.token, lease.seq, lease.attempt) == ("r1", "orders", 1, 0, 1)
    assert (lease.input, dict(lease.results), lease.pool) == ('{"order":1}', {}, "default")
    assert (dict(lease.labels), dict(lease.tags), lease.asked) == ({"x": 1.0}, {"a": "b"}, None)
    run = await store.get_run("r1")
    assert (run.status, run.token, run.worker, run.session) == (RunStatus.RUNNING, 1, "script", session)
    assert run.step_started_at == run.changed_at
    assert await scene.kinds() == [EventKind.SUBMITTED, EventKind.CLAIMED]
    (beat,) = (await store.heartbeat(session)).held
    assert (beat.key, beat.run_id, beat.token) == (lease.key, "r1", 1)


async def test_neither_a_delayed_nor_an_existing_run_is_held(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await scene.submit("there")
    delayed, there = await store.insert_runs([spec("late", delay=LONG), spec("there")], session=session)
    assert (delayed.lease, there.lease) == (None, None)
    assert (await store.heartbeat(session)).held == ()


async def test_a_run_submitted_for_a_session_that_is_over_is_pending(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await store.close_session(session)
    (inserted,) = await store.insert_runs([spec("r1")], session=session)
    assert (inserted.created, inserted.lease) == (True, None)
    assert await scene.status() is RunStatus.PENDING


async def test_a_run_without_a_definition_takes_that_of_the_session_opened_last(
    scene: Scene, store: Store
) -> None:
    for version in ("1", "2", "1"):
        await scene.session(definitions=(definition(version=version, steps=(f"only in {version}",)),))
    await scene.submit(shape=None)
    run = await store.get_run("r1")
    assert (run.version, run.step, run.steps_total) == ("1", "only in 1", 1)


async def test_a_run_without_any_definition_has_no_steps_yet(scene: Scene, store: Store) -> None:
    await scene.session(definitions=(definition("refunds"),))
    await scene.submit(shape=None, version="7")
    run = await store.get_run("r1")
    assert (run.step, run.steps_total, run.max_attempts, run.version) == (None, 0, 1, "7")
    assert await store.get_steps("r1") == ()


async def test_the_declared_steps_are_kept_with_the_run(scene: Scene, store: Store) -> None:
    await scene.submit()
    assert await store.get_steps("r1") == ORDERS.steps


async def test_twenty_submitters_of_one_run_create_it_once(scene: Scene, store: Store) -> None:
    results = await asyncio.gather(*(store.insert_runs([spec("r1")]) for _ in range(20)))
    assert sum(inserted.created for (inserted,) in results) == 1
    assert await scene.kinds() == [EventKind.SUBMITTED]


async def test_odd_run_ids_are_kept_as_they_are(scene: Scene, store: Store) -> None:
    odd = [
        "it's",
        '"quoted"',
        "../up",
        "a%00b",
        "100%",
        "a_b",
        "müller",
        "🚀🧑‍🚀",
        "x" * 200,
        " spaced ",
        "c\nd",
    ]
    for run_id in odd:
        await scene.submit(run_id)
        assert (await store.get_run(run_id)).run_id == run_id
    assert [run.run_id for run in await store.list_runs(RunQuery())] == list(reversed(odd))
    for run_id in odd:
        page = await store.list_runs(RunQuery(prefix=run_id))
        assert [run.run_id for run in page] == [run_id]


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_texts_that_no_database_stores_are_refused(store: Store, bad: str) -> None:
    given = spec("r1")
    for each in (
        replace(given, run_id=bad),
        replace(given, workflow=bad),
        replace(given, version=bad),
        replace(given, pool=bad),
        replace(given, input=bad),
        replace(given, actor=replace(ALICE, name=bad)),
        replace(given, definition=definition(steps=(bad,))),
    ):
        with pytest.raises(StoreRefused):
            await store.insert_runs([spec("r0"), each])
    assert (await store.list_runs(RunQuery())).items == ()


async def test_labels_that_cannot_be_compared_are_refused(store: Store) -> None:
    refused: list[dict[str, Any]] = [
        {"labels": {"x": None}},
        {"labels": {"": 1}},
        {"labels": {"x": float("inf")}},
        {"tags": {"a": 1}},
        {"tags": {"a": "x\0"}},
    ]
    for bad in refused:
        with pytest.raises(LabelError):
            await store.insert_runs([spec("r0"), spec("r1", **bad)])
    assert (await store.list_runs(RunQuery())).items == ()
