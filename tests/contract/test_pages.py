"""Listing: keyset pages that neither miss nor repeat a row that stays, whatever comes and goes meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import DeadLetterNotFound, InvalidOptionError, RunNotFound
from sagewai.models.page import MAX_PAGE, ApprovalQuery, DeadLetterQuery, Page, RunQuery
from sagewai.models.run import Run
from sagewai.models.status import ApprovalStatus, RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import BOB, LONG, Scene, ask, failure, spec

FILTERS = {
    "none": RunQuery(),
    "status": RunQuery(status=frozenset({RunStatus.PENDING})),
    "two statuses": RunQuery(status=frozenset({RunStatus.PENDING, RunStatus.WAITING})),
    "no status": RunQuery(status=frozenset()),
    "workflow": RunQuery(workflow="refunds"),
    "pool": RunQuery(pool="gpu"),
    "tag": RunQuery(tag=("team", "red")),
    "prefix": RunQuery(prefix="a"),
    "unknown workflow": RunQuery(workflow="nothing"),
    "unknown pool": RunQuery(pool="nothing"),
    "unknown tag": RunQuery(tag=("nothing", "red")),
    "all at once": RunQuery(
        status=frozenset({RunStatus.PENDING}), workflow="refunds", pool="gpu", tag=("team", "red"), prefix="a"
    ),
}


async def every(list_page: Callable[[Any], Awaitable[Page[Any]]], query: Any) -> list[Any]:
    """All items of all pages, each page no longer than asked for and only the last without a cursor."""
    items: list[Any] = []
    while True:
        page = await list_page(query)
        assert len(page) <= query.limit
        items += page.items
        assert len(items) < 1_000, "the pages come round again"
        if page.next_cursor is None:
            return items
        assert len(page) == query.limit
        query = replace(query, cursor=page.next_cursor)


def fits(run: Run, query: RunQuery) -> bool:
    return (
        (query.status is None or run.status in query.status)
        and query.workflow in (None, run.workflow)
        and query.pool in (None, run.pool)
        and (query.tag is None or run.tags.get(query.tag[0]) == query.tag[1])
        and (query.prefix is None or run.run_id.startswith(query.prefix))
    )


async def populate(scene: Scene) -> list[str]:
    """32 runs, every combination of what can be filtered; their ids in the order they were submitted."""
    specs = [
        spec(
            f"{prefix}{workflow}{pool}{team}{delay}",
            workflow=workflow,
            pool=pool,
            tags={"team": team, "other": "red"},
            delay=delay,
        )
        for prefix in "ab"
        for workflow in ("orders", "refunds")
        for pool in ("default", "gpu")
        for team in ("red", "blue")
        for delay in (None, LONG)
    ]
    await scene.store.insert_runs(specs)
    return [each.run_id for each in specs]


async def test_every_filter_in_every_order_gives_exactly_what_fits(scene: Scene, store: Store) -> None:
    names = await populate(scene)
    for run_id in names[::5]:
        await store.operate(run_id, Operation.PAUSE, BOB)
    for run_id in names[::10]:
        await store.operate(run_id, Operation.RESUME, BOB)
    everything = [await store.get_run(run_id) for run_id in names]
    for name, query in FILTERS.items():
        fitting = [run for run in everything if fits(run, query)]
        for limit in (1, 3, 50):
            newest = await every(store.list_runs, replace(query, limit=limit))
            assert newest == list(reversed(fitting)), (name, limit)
            changed = await every(store.list_runs, replace(query, order="changed", limit=limit))
            assert sorted(run.run_id for run in changed) == sorted(run.run_id for run in fitting), (
                name,
                limit,
            )
            times = [run.changed_at for run in changed]
            assert times == sorted(times, reverse=True), (name, limit)


async def test_the_run_whose_status_changed_last_comes_first(scene: Scene, store: Store) -> None:
    for run_id in ("r1", "r2", "r3"):
        await scene.submit(run_id)
    await store.operate("r1", Operation.PAUSE, BOB)
    await store.operate("r2", Operation.SET_PRIORITY, BOB, priority=5)
    owner = await scene.take("r3")
    await store.operate("r1", Operation.RESUME, BOB)
    await owner.make(Move.STEP_DONE)
    changed = await store.list_runs(RunQuery(order="changed"))
    assert [run.run_id for run in changed] == ["r1", "r3", "r2"]


async def test_runs_submitted_meanwhile_neither_shift_nor_repeat_a_page(scene: Scene, store: Store) -> None:
    await store.insert_runs([spec(f"r{number}") for number in range(6)])
    seen: list[str] = []
    query = RunQuery(limit=2)
    for fresh in range(3):
        page = await store.list_runs(query)
        seen += [run.run_id for run in page]
        await scene.submit(f"fresh{fresh}")
        query = replace(query, cursor=page.next_cursor)
    assert seen == ["r5", "r4", "r3", "r2", "r1", "r0"]


async def test_runs_that_leave_the_filter_meanwhile_skip_no_other(scene: Scene, store: Store) -> None:
    await store.insert_runs([spec(f"r{number}") for number in range(6)])
    query = RunQuery(status=frozenset({RunStatus.PENDING}), limit=2)
    first = await store.list_runs(query)
    for run in first:
        await store.operate(run.run_id, Operation.CANCEL, BOB)
    second = await store.list_runs(replace(query, cursor=first.next_cursor))
    assert [run.run_id for run in second] == ["r3", "r2"]


async def test_in_the_order_of_change_a_run_that_stays_is_seen_once(scene: Scene, store: Store) -> None:
    await store.insert_runs([spec(f"r{number}") for number in range(6)])
    query = RunQuery(order="changed", limit=2)
    first = await store.list_runs(query)
    moved = first.items[0].run_id
    await store.operate(moved, Operation.PAUSE, BOB)
    rest = await every(store.list_runs, replace(query, cursor=first.next_cursor))
    seen = [run.run_id for run in first] + [run.run_id for run in rest]
    assert sorted(seen) == [f"r{number}" for number in range(6)]


async def test_a_prefix_is_taken_literally(scene: Scene, store: Store) -> None:
    names = ["a%b", "a_b", "Ab", "axb", "äb", "a\\b", "🚀b"]
    for name in names:
        await scene.submit(name)
    for prefix in ("a%", "a_", "A", "ä", "a\\", "🚀"):
        page = await store.list_runs(RunQuery(prefix=prefix))
        assert [run.run_id for run in page] == [prefix[0] + ("b" if len(prefix) == 1 else prefix[1] + "b")]
    assert len(await store.list_runs(RunQuery(prefix=""))) == len(names)


async def test_an_exact_page_has_no_successor(scene: Scene, store: Store) -> None:
    await store.insert_runs([spec("r1"), spec("r2")])
    assert (await store.list_runs(RunQuery(limit=2))).next_cursor is None
    assert (await store.list_runs(RunQuery(limit=1))).next_cursor is not None


async def test_an_empty_store_has_empty_pages(store: Store) -> None:
    assert await store.list_runs(RunQuery()) == Page(())
    assert await store.list_approvals(ApprovalQuery()) == Page(())
    assert await store.list_dead_letters(DeadLetterQuery()) == Page(())
    assert await store.group_dead_letters() == []


async def test_a_page_of_an_impossible_length_is_refused(store: Store) -> None:
    for limit in (0, -1, MAX_PAGE + 1):
        for ask_for in (
            store.list_runs(RunQuery(limit=limit)),
            store.list_approvals(ApprovalQuery(limit=limit)),
            store.list_dead_letters(DeadLetterQuery(limit=limit)),
        ):
            with pytest.raises(InvalidOptionError, match=str(limit)):
                await ask_for


async def test_a_cursor_that_was_never_given_is_refused(store: Store) -> None:
    for cursor in ("", "x", "1", "newest:", "a:b:c", "'; drop table runs", "a\0b", "a\ud800", "9" * 50):
        for ask_for in (
            store.list_runs(RunQuery(cursor=cursor)),
            store.list_runs(RunQuery(cursor=cursor, order="changed")),
            store.list_approvals(ApprovalQuery(cursor=cursor)),
            store.list_dead_letters(DeadLetterQuery(cursor=cursor)),
        ):
            with pytest.raises(InvalidOptionError, match="cursor"):
                await ask_for


async def test_a_cursor_of_another_order_is_refused(scene: Scene, store: Store) -> None:
    await store.insert_runs([spec("r1"), spec("r2")])
    newest = await store.list_runs(RunQuery(limit=1))
    changed = await store.list_runs(RunQuery(limit=1, order="changed"))
    with pytest.raises(InvalidOptionError):
        await store.list_runs(RunQuery(cursor=newest.next_cursor, order="changed"))
    with pytest.raises(InvalidOptionError):
        await store.list_runs(RunQuery(cursor=changed.next_cursor))


# -- approvals --------------------------------------------------------------------------------------------------------


async def test_the_inbox_is_ordered_by_deadline_then_by_age(scene: Scene, store: Store) -> None:
    for gate, timeout in (("old", None), ("late", 900.0), ("soon", 90.0), ("young", None)):
        owner = await scene.own(gate)
        await owner.park(ask(gate, timeout=timeout))
    for limit in (1, 3, 50):
        inbox = await every(store.list_approvals, ApprovalQuery(limit=limit))
        assert [approval.gate for approval in inbox] == ["soon", "late", "old", "young"]


async def test_a_listed_approval_gives_the_length_of_its_context_only(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.park(ask(context="ü" * 100))
    (listed,) = await store.list_approvals(ApprovalQuery())
    (whole,) = await store.approvals_of("r1")
    assert (listed.context, listed.context_bytes) == (None, 202)
    assert replace(listed, context=whole.context) == whole


async def test_approvals_are_listed_by_status_and_run(scene: Scene, store: Store) -> None:
    for run_id in ("r1", "r2"):
        owner = await scene.own(run_id)
        await owner.park(ask("lead"), ask("legal"))
    lead = (await scene.approvals("r1"))["lead"]
    await scene.decide("r1", approval_id=lead.id)

    async def found(**fields: Any) -> list[tuple[str, str]]:
        return sorted(
            (each.run_id, each.gate) for each in await every(store.list_approvals, ApprovalQuery(**fields))
        )

    both = [("r2", "lead"), ("r2", "legal")]
    assert await found() == [("r1", "legal"), *both]
    assert await found(status=ApprovalStatus.APPROVED) == [("r1", "lead")]
    assert await found(status=None) == [("r1", "lead"), ("r1", "legal"), *both]
    assert await found(status=None, limit=1) == [("r1", "lead"), ("r1", "legal"), *both]
    assert await found(run_id="r2") == both
    assert await found(run_id="r1", status=ApprovalStatus.APPROVED) == [("r1", "lead")]
    assert await found(run_id="nowhere") == []


async def test_a_decision_meanwhile_skips_no_approval(scene: Scene, store: Store) -> None:
    for number in range(5):
        owner = await scene.own(f"r{number}")
        await owner.park(ask(timeout=100.0 + number))
    first = await store.list_approvals(ApprovalQuery(limit=2))
    for approval in first:
        await scene.decide(approval.run_id)
    rest = await every(store.list_approvals, ApprovalQuery(limit=2, cursor=first.next_cursor))
    assert [approval.run_id for approval in rest] == ["r2", "r3", "r4"]


# -- dead letters -----------------------------------------------------------------------------------------------------


async def bury(scene: Scene, run_id: str, kind: str = "shop.Refused", workflow: str = "orders") -> None:
    owner = await scene.own(run_id, workflow=workflow)
    await owner.make(Move.FAILED, error=failure(kind))


async def test_dead_letters_are_listed_newest_first(scene: Scene, store: Store) -> None:
    for number in range(5):
        await bury(scene, f"r{number}")
    await scene.store.operate("r1", Operation.RETRY, BOB)
    await (await scene.take("r1")).make(Move.FAILED)
    for limit in (1, 2, 50):
        letters = await every(store.list_dead_letters, DeadLetterQuery(limit=limit))
        assert [letter.run_id for letter in letters] == ["r1", "r4", "r3", "r2", "r0"]


async def test_dead_letters_are_listed_by_error_and_workflow(scene: Scene, store: Store) -> None:
    await bury(scene, "r1", "shop.Refused")
    await bury(scene, "r2", "shop.Broken")
    await bury(scene, "r3", "shop.Broken", workflow="refunds")

    async def found(**fields: Any) -> list[str]:
        letters = await every(store.list_dead_letters, DeadLetterQuery(**fields))
        return [letter.run_id for letter in letters]

    assert await found(error_type="shop.Broken") == ["r3", "r2"]
    assert await found(error_type="shop.Broken", limit=1) == ["r3", "r2"]
    assert await found(workflow="orders") == ["r2", "r1"]
    assert await found(error_type="shop.Broken", workflow="orders") == ["r2"]
    assert await found(error_type="Broken") == []


async def test_dead_letters_are_grouped_largest_first(scene: Scene, store: Store) -> None:
    for run_id, kind, workflow in (
        ("r1", "b.Two", "orders"),
        ("r2", "c.One", "orders"),
        ("r3", "b.Two", "refunds"),
        ("r4", "a.One", "refunds"),
        ("r5", "b.Two", "orders"),
    ):
        await bury(scene, run_id, kind, workflow)
    groups = await store.group_dead_letters()
    assert [(group.error_type, group.count, group.workflows) for group in groups] == [
        ("b.Two", 3, ("orders", "refunds")),
        ("a.One", 1, ("refunds",)),
        ("c.One", 1, ("orders",)),
    ]
    assert groups[0].newest_at == (await store.get_dead_letter("r5")).failed_at
    assert await store.group_dead_letters(limit=1) == groups[:1]


# -- events -----------------------------------------------------------------------------------------------------------


async def test_a_runs_events_are_told_oldest_first_from_where_one_stopped(scene: Scene, store: Store) -> None:
    for run_id in ("r1", "r2"):
        owner = await scene.own(run_id)
        await owner.park()
    events = await store.get_events("r1")
    ids = [event.id for event in events]
    assert ids == sorted(set(ids))
    assert {event.run_id for event in events} == {"r1"}
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert await store.get_events("r1", limit=2) == events[:2]
    assert await store.get_events("r1", after=ids[1]) == events[2:]
    assert await store.get_events("r1", after=ids[0], limit=1) == events[1:2]
    assert await store.get_events("r1", after=ids[-1]) == []


async def test_what_people_did_is_told_newest_first_for_the_whole_store(scene: Scene, store: Store) -> None:
    await scene.own("r1")
    owner = await scene.own("r2", actor=None)
    await owner.park()
    await scene.decide("r2", by=BOB)
    await store.operate("r1", Operation.CANCEL, BOB)
    acted = await store.get_events()
    assert [(event.run_id, event.kind.value) for event in acted] == [
        ("r1", "cancel_requested"),
        ("r2", "approved"),
        ("r1", "submitted"),
    ]
    assert await store.get_events(limit=2) == acted[:2]
    assert await store.get_events(after=acted[1].id) == acted[:1]


async def test_what_belongs_to_no_run_says_so(store: Store) -> None:
    for reading in (
        store.get_run("nowhere"),
        store.get_outcome("nowhere"),
        store.get_input("nowhere"),
        store.get_results("nowhere"),
        store.get_steps("nowhere"),
        store.get_attempts("nowhere"),
        store.get_events("nowhere"),
    ):
        with pytest.raises(RunNotFound, match="nowhere") as caught:
            await reading
        assert caught.value.run_id == "nowhere"
    with pytest.raises(DeadLetterNotFound, match="nowhere"):
        await store.get_dead_letter("nowhere")
