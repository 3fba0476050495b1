"""Fencing: only the owner of the current token, at the current rev, of a running run, writes anything."""

from __future__ import annotations

import asyncio

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import history, picture
from tests.contract.scene import BOB, Owner, Scene, spec

MOVES = list(Move)


async def test_a_stale_token_writes_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await picture(store)
    for move in MOVES:
        for token in (owner.lease.token - 1, owner.lease.token + 1):
            assert await owner.make(move, token=token) is None, move
    assert await picture(store) == before


async def test_a_stale_rev_writes_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    before = await picture(store)
    for move in MOVES:
        for rev in (owner.lease.rev - 1, owner.lease.rev + 1):
            assert await owner.make(move, rev=rev) is None, move
    assert await picture(store) == before


async def test_a_zombie_writes_nothing_after_a_takeover(scene: Scene, store: Store) -> None:
    zombie = await scene.own()
    await scene.lose("r1")
    taken_over = await picture(store)
    for move in MOVES:
        assert await zombie.make(move) is None, move
    assert await picture(store) == taken_over
    heir = await scene.take()
    claimed = await picture(store)
    for move in MOVES:
        assert await zombie.make(move) is None, move
    assert await picture(store) == claimed
    assert await heir.make(Move.STEP_DONE) is RunStatus.RUNNING


@pytest.mark.parametrize("status", [status for status in RunStatus if status is not RunStatus.RUNNING])
async def test_a_run_that_is_not_running_takes_no_move(scene: Scene, store: Store, status: RunStatus) -> None:
    """Not even with the token and rev it has now."""
    owner = await scene.own("other")
    await scene.run_in(status)
    keys = range(owner.lease.key - 5, owner.lease.key + 6)
    key, head = next((key, head) for key, head in (await store.heads(keys)).items() if head.status is status)
    before = await picture(store)
    for move in MOVES:
        assert await owner.make(move, key=key, token=head.token, rev=head.rev) is None
    assert await picture(store) == before


async def test_an_unknown_run_takes_no_move(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await owner.make(Move.STEP_DONE, key=owner.lease.key + 1_000) is None


async def test_a_move_sent_twice_is_made_once(scene: Scene, store: Store) -> None:
    """A lost reply: the second sending finds (token, rev + 1), which tells that the first was recorded."""
    session = await scene.session()
    for move in MOVES:
        owner = await scene.own(move.name, session=session)
        sent = owner.transition(move)
        (first,) = await store.record([sent])
        assert first is not None, move
        once = await history(store, move.name)
        assert await store.record([sent]) == [None], move
        assert await history(store, move.name) == once, move
        head = (await store.heads([sent.key]))[sent.key]
        assert (head.token, head.rev, head.status) == (sent.token, sent.rev + 1, first), move


async def test_a_stale_move_in_a_batch_holds_up_no_other(scene: Scene, store: Store) -> None:
    session = await scene.session()
    good, stale, last = [await scene.own(run_id, session=session) for run_id in ("good", "stale", "last")]
    batch = [
        good.transition(Move.STEP_DONE),
        stale.transition(Move.FAILED, token=99),
        last.transition(Move.COMPLETED),
    ]
    assert await store.record(batch) == [RunStatus.RUNNING, None, RunStatus.COMPLETED]
    assert await scene.status("stale") is RunStatus.RUNNING
    assert await store.get_attempts("stale") == []


async def test_the_fence_is_per_run_not_per_batch(scene: Scene, store: Store) -> None:
    """Two owners whose tokens differ: swapping them must refuse both."""
    first = await scene.own("first")
    await first.make(Move.RELEASED)
    first, second = await scene.take("first"), await scene.own("second")
    assert (first.lease.token, second.lease.token) == (2, 1)
    swapped = [
        first.transition(Move.STEP_DONE, token=second.lease.token, rev=second.lease.rev),
        second.transition(Move.STEP_DONE, token=first.lease.token, rev=first.lease.rev),
    ]
    assert await store.record(swapped) == [None, None]


async def test_every_way_of_taking_a_run_away_raises_token_and_rev(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await scene.lose("r1")
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert (head.token, head.status) == (2, RunStatus.PENDING)
    assert head.rev > owner.lease.rev
    heir = await scene.take()
    assert heir.lease.token == 3
    assert heir.lease.rev > head.rev


async def test_a_closed_session_leaves_its_owner_fenced_off(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owner = await scene.own(session=session)
    await store.close_session(session)
    heir = await scene.take()
    before = await picture(store)
    assert await owner.make(Move.STEP_DONE) is None
    assert await picture(store) == before
    assert heir.lease.token > owner.lease.token


async def test_a_zombie_and_its_heir_at_once_leave_one_history(scene: Scene, store: Store) -> None:
    zombies = [await scene.own(f"r{number}") for number in range(10)]
    for zombie in zombies:
        await scene.lose(zombie.run_id)
    heirs = [await scene.take(zombie.run_id) for zombie in zombies]

    async def drive(move: Move, owners: list[Owner]) -> list[RunStatus | None]:
        return await store.record([owner.transition(move) for owner in owners])

    results = await asyncio.gather(
        *(drive(Move.FAILED, list(reversed(zombies))) for _ in range(5)), drive(Move.STEP_DONE, heirs)
    )
    assert all(status is None for refused in results[:5] for status in refused)
    assert results[5] == [RunStatus.RUNNING] * 10
    for zombie in zombies:
        attempts = await store.get_attempts(zombie.run_id)
        assert [(each.token, each.outcome) for each in attempts] == [
            (1, Outcome.LOST),
            (3, Outcome.COMPLETED),
        ]


async def test_an_ask_does_not_fence_the_owner_off(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    for operation in (Operation.PAUSE, Operation.RESUME, Operation.CANCEL):
        await store.operate("r1", operation, BOB)
    await store.operate("r1", Operation.SET_PRIORITY, BOB, priority=2)
    assert await owner.make(Move.STEP_DONE) is RunStatus.CANCELLED


async def test_only_one_of_twenty_copies_of_an_owner_records(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    sent = owner.transition(Move.STEP_DONE)
    results = await asyncio.gather(*(store.record([sent]) for _ in range(20)))
    assert sorted(str(status) for (status,) in results) == ["None"] * 19 + ["running"]
    assert len(await store.get_attempts("r1")) == 1


async def test_owners_and_operators_side_by_side_never_wait_for_each_other_in_a_ring(
    scene: Scene, store: Store
) -> None:
    session = await scene.session(max_concurrent=50)
    names = [f"r{number}" for number in range(20)]
    await store.insert_runs([spec(name) for name in names])
    owners = [await scene.take(name, session=session) for name in names]

    async def commit() -> None:
        for _ in range(2):
            batch = [owner.transition(Move.STEP_DONE) for owner in owners]
            for owner, status in zip(owners, await store.record(batch), strict=True):
                if status is RunStatus.RUNNING:
                    owner.note(Move.STEP_DONE)

    async def cancel() -> None:
        for name in reversed(names):
            await store.operate(name, Operation.SET_PRIORITY, BOB, priority=1)

    async def haunt() -> None:
        stale = [owner.transition(Move.FAILED, token=7) for owner in reversed(owners)]
        for _ in range(5):
            assert set(await store.record(stale)) == {None}

    await asyncio.gather(commit(), cancel(), haunt(), store.tick())
    assert {(await store.get_run(name)).steps_done for name in names} == {2}
