"""Bulk jobs: one verb for a frozen list, each run done once or refused with a reason, whoever carries it out."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.base import Store
from sagewai.core.stores.bulks import AT_ONCE
from sagewai.core.transitions import Operation
from sagewai.errors import BulkNotFound, InvalidOptionError, StoreRefused
from sagewai.models.actor import Actor
from sagewai.models.bulk import MAX_BULK, BulkJob, BulkOutcome, BulkSpec, BulkStatus, BulkVerb
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus
from tests.contract.scene import ALICE, BOB, Scene, spec

CANCELLABLE = {RunStatus.PENDING, RunStatus.RUNNING, RunStatus.WAITING, RunStatus.PAUSED}


async def begin(store: Store, verb: BulkVerb, *run_ids: str, reason: str = "because") -> BulkJob:
    return await store.create_bulk(BulkSpec(verb, run_ids, ALICE, reason))


async def finish(store: Store, job: int, limit: int = 100) -> BulkJob:
    while await store.advance_bulk(limit, job=job):
        pass
    return await store.get_bulk(job)


async def one_in_each_status(scene: Scene) -> list[str]:
    for status in RunStatus:
        await scene.run_in(status, status.value)
    return [status.value for status in RunStatus]


async def outcomes(store: Store, job: int) -> dict[str, BulkOutcome]:
    return {item.run_id: item.outcome for item in await store.bulk_items(job)}


async def test_a_job_does_to_each_run_what_the_verb_does_and_says_what_it_could_not_do(
    scene: Scene, store: Store
) -> None:
    runs = [*await one_in_each_status(scene), "nowhere"]
    job = await begin(store, "cancel", *runs)
    assert (job.verb, job.status, job.total, job.left) == ("cancel", BulkStatus.RUNNING, 9, 9)
    assert (job.actor, job.source, job.assurance, job.reason) == ("alice", "cli", "os", "because")
    assert job.ended_at is None

    assert await store.advance_bulk() == 9
    done = await store.get_bulk(job.id)
    assert (done.status, done.done, done.refused, done.left) == (BulkStatus.DONE, 4, 5, 0)
    assert done.ended_at is not None
    assert done.ended_at >= done.created_at == job.created_at
    items = await store.bulk_items(job.id)
    assert [(item.number, item.run_id) for item in items] == list(enumerate(runs, 1))
    for item in items:
        if item.run_id in {status.value for status in CANCELLABLE}:
            assert (item.outcome, item.detail) == (BulkOutcome.DONE, "")
            asked = EventKind.CANCEL_REQUESTED if item.run_id == "running" else EventKind.CANCELLED
            (event,) = [each for each in await scene.events(item.run_id, asked) if each.actor == ALICE.name]
            assert (event.source, event.assurance, event.reason) == ("cli", "os", "because")
        else:
            assert item.outcome is BulkOutcome.REFUSED
            assert item.run_id in item.detail
    assert await store.advance_bulk(job=job.id) == 0
    assert (await verify(store)).broken is None


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume", "retry", "discard"])
async def test_a_preview_promises_exactly_what_the_job_does(
    scene: Scene, store: Store, verb: BulkVerb
) -> None:
    runs = await one_in_each_status(scene)
    for run_id in ("asked to pause", "asked to cancel"):
        await scene.run_in(RunStatus.RUNNING, run_id)
    await store.operate("asked to pause", Operation.PAUSE, BOB)
    await store.operate("asked to cancel", Operation.CANCEL, BOB)
    await scene.run_in(RunStatus.FAILED, "discarded")
    await store.operate("discarded", Operation.DISCARD, BOB)
    await scene.run_in(RunStatus.PAUSED, "single step")
    await store.operate("single step", Operation.STEP, BOB)
    runs += ["asked to pause", "asked to cancel", "discarded", "single step", "nowhere", "nowhere", "a\0b"]

    found = await store.preview_bulk(verb, runs)
    assert found.missing == 2
    singles = dict.fromkeys(RunStatus, 1)
    assert found.by_status == {**singles, RunStatus.RUNNING: 3, RunStatus.FAILED: 2, RunStatus.PENDING: 2}
    before = len(await store.get_events())
    job = await finish(store, (await begin(store, verb, *runs[:-1])).id)
    assert (job.done, job.refused) == (found.possible, 13 - found.possible)
    assert found.possible == {"cancel": 7, "pause": 5, "resume": 3, "retry": 1, "discard": 1}[verb]
    assert len(await store.get_events()) > before


async def test_a_run_named_twice_is_listed_once_and_the_list_stays_as_it_was(
    scene: Scene, store: Store
) -> None:
    for run_id in ("a", "b", "c"):
        await scene.submit(run_id)
    job = await begin(store, "cancel", "b", "a", "b")
    assert await store.advance_bulk(1) == 1
    await scene.submit("d")
    assert (await finish(store, job.id)).total == 2
    assert await outcomes(store, job.id) == {"b": BulkOutcome.DONE, "a": BulkOutcome.DONE}
    assert [await scene.status(run_id) for run_id in "abcd"] == [
        RunStatus.CANCELLED,
        RunStatus.CANCELLED,
        RunStatus.PENDING,
        RunStatus.PENDING,
    ]


async def test_a_list_that_cannot_be_is_refused_and_nothing_is_recorded(store: Store) -> None:
    wrong: list[tuple[str, list[str]]] = [
        ("cancel", []),
        ("cancel", [f"r{number}" for number in range(MAX_BULK + 1)]),
        ("set the priority of", ["r1"]),
    ]
    for verb, runs in wrong:
        with pytest.raises(InvalidOptionError):
            await store.create_bulk(BulkSpec(verb, tuple(runs), ALICE))  # type: ignore[arg-type]
        with pytest.raises(InvalidOptionError):
            await store.preview_bulk(verb, runs)  # type: ignore[arg-type]
    for unstorable in ("a\0b", "a\ud800"):
        with pytest.raises(StoreRefused):
            await begin(store, "cancel", "r1", unstorable)
        with pytest.raises(StoreRefused):
            await begin(store, "cancel", "r1", reason=unstorable)
        with pytest.raises(StoreRefused):
            await store.create_bulk(BulkSpec("cancel", ("r1",), Actor(unstorable)))
    assert await store.list_bulks() == []
    assert await store.get_events() == []


async def test_a_stopped_job_leaves_the_rest_alone(scene: Scene, store: Store) -> None:
    runs = [f"r{number}" for number in range(5)]
    await store.insert_runs([spec(run_id) for run_id in runs])
    job = await begin(store, "pause", *runs)
    assert await store.advance_bulk(2) == 2
    stopped = await store.stop_bulk(job.id, BOB, "enough")
    assert (stopped.status, stopped.done, stopped.left, stopped.reason) == (
        BulkStatus.STOPPED,
        2,
        3,
        "because",
    )
    assert stopped.ended_at is not None
    assert await store.stop_bulk(job.id, ALICE, "again") == stopped
    assert await store.advance_bulk(job=job.id) == 0
    assert await store.advance_bulk() == 0
    assert [await scene.status(run_id) for run_id in runs] == 2 * [RunStatus.PAUSED] + 3 * [RunStatus.PENDING]
    told = [
        (event.kind, event.actor, event.reason, dict(event.detail))
        for event in reversed(await store.get_events())
        if event.kind is not EventKind.SUBMITTED
    ]
    assert told == [
        (EventKind.BULK_STARTED, "alice", "because", {"job": job.id, "verb": "pause", "total": 5}),
        *((EventKind.PAUSED, "alice", "because", {}) for _ in range(2)),
        (EventKind.BULK_STOPPED, "bob", "enough", {"job": job.id, "left": 3}),
    ]
    assert (await verify(store)).entries == 4


async def test_a_job_that_is_over_can_not_be_stopped_any_more(scene: Scene, store: Store) -> None:
    await scene.submit()
    job = await finish(store, (await begin(store, "cancel", "r1")).id)
    assert await store.stop_bulk(job.id, BOB) == job
    assert EventKind.BULK_STOPPED not in {event.kind for event in await store.get_events()}


async def test_the_oldest_job_goes_first_unless_one_is_named(scene: Scene, store: Store) -> None:
    for run_id in ("a", "b", "c", "d"):
        await scene.submit(run_id)
    older, newer = await begin(store, "cancel", "a", "b"), await begin(store, "pause", "c", "d")
    assert await store.advance_bulk(1, job=newer.id) == 1
    assert await store.advance_bulk(100) == 2
    assert [job.id for job in await store.list_bulks()] == [newer.id, older.id]
    assert [job.status for job in await store.list_bulks()] == [BulkStatus.RUNNING, BulkStatus.DONE]
    assert await store.list_bulks(limit=1) == [await store.get_bulk(newer.id)]
    assert await store.advance_bulk(0) == 0
    assert await store.advance_bulk() == 1
    assert await store.advance_bulk() == 0


async def test_a_job_that_is_not_there_is_named(store: Store) -> None:
    for call in (
        store.get_bulk(7),
        store.bulk_items(7),
        store.stop_bulk(7, ALICE),
        store.advance_bulk(job=7),
    ):
        with pytest.raises(BulkNotFound, match="7"):
            await call


async def test_items_are_paged_and_picked_by_what_became_of_them(scene: Scene, store: Store) -> None:
    for number in range(1, 7, 2):
        await scene.submit(f"r{number}")
    job = await begin(store, "cancel", *(f"r{number}" for number in range(1, 8)))
    await store.advance_bulk(4)

    async def numbers(**how: object) -> list[int]:
        return [item.number for item in await store.bulk_items(job.id, **how)]  # type: ignore[arg-type]

    assert await numbers() == [1, 2, 3, 4, 5, 6, 7]
    assert await numbers(after=2, limit=2) == [3, 4]
    assert await numbers(outcome=BulkOutcome.DONE) == [1, 3]
    assert await numbers(outcome=BulkOutcome.REFUSED, after=2) == [4]
    assert await numbers(outcome=BulkOutcome.LEFT, limit=2) == [5, 6]


async def test_many_who_advance_a_job_at_once_do_each_item_once(scene: Scene, store: Store) -> None:
    """In batches of more than one transaction holds, with somebody who works against them."""
    runs = [f"r{number:03}" for number in range(2 * AT_ONCE + 20)]
    await store.insert_runs([spec(run_id) for run_id in runs])
    job = await begin(store, "pause", *runs)
    settled: list[int] = []

    async def advance(limit: int) -> None:
        while (await store.get_bulk(job.id)).status is BulkStatus.RUNNING:
            settled.append(await store.advance_bulk(limit, job=job.id))

    async def interfere() -> None:
        for run_id in runs[::20]:
            await store.operate(run_id, Operation.CANCEL, BOB)

    await asyncio.gather(*(advance(limit) for limit in (1, 7, AT_ONCE + 10)), interfere())
    over = await store.get_bulk(job.id)
    assert (over.status, sum(settled), over.done + over.refused) == (BulkStatus.DONE, len(runs), len(runs))
    told = await store.get_events(limit=1_000)
    paused = Counter(event.run_id for event in told if event.kind is EventKind.PAUSED)
    became = await outcomes(store, job.id)
    assert paused == {run_id: 1 for run_id in runs if became[run_id] is BulkOutcome.DONE}
    assert over.done == len(paused) >= len(runs) - 6
    assert (await verify(store)).broken is None
