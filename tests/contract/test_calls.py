"""Recorded calls: each written once by its run's owner, read in order, and added up in the same transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest

from sagewai.core.codec import digest
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import RunNotFound, StoreRefused
from sagewai.models.call import Call, CallRecord, Spent
from sagewai.models.run import ForkSpec
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, Owner, Scene, spec

ASKED = '{"messages":["Sum up."]}'


def call(owner: Owner, response: str = '"Short."', **fields: Any) -> CallRecord:
    """What the owner's agent ``writer`` asked first in the step under way, unless ``fields`` say otherwise."""
    lease = owner.lease
    made = CallRecord(
        key=lease.key,
        token=lease.token,
        seq=lease.seq,
        step=owner.step,
        attempt=lease.attempt,
        branch="",
        name="writer",
        position=1,
        round=0,
        kind="model",
        digest=digest(ASKED),
        request=ASKED,
        response=response,
        model="gpt-4o",
        input_tokens=100,
        output_tokens=20,
        cost=0.25,
        latency=1.5,
    )
    return replace(made, **fields)


async def responses(store: Store, run_id: str = "r1") -> list[str]:
    return [each.response for each in await store.calls_of(run_id)]


async def each_alone(store: Store, calls: Sequence[CallRecord]) -> list[str | None]:
    """All at once, each in a transaction of its own."""
    made = await asyncio.gather(*(store.record_calls([each]) for each in calls))
    return [answer for (answer,) in made]


async def untouched(store: Store) -> tuple[dict[str, Any], list[Call]]:
    """All that a refused call must leave alone."""
    return await picture(store), await store.calls_of("r1")


# -- what is written --------------------------------------------------------------------------------------------------


async def test_a_recorded_call_reads_back_whole(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    made = call(
        owner,
        '{"b":"ü€\\u0000","a":[1,2.5,null]}',
        branch="panel/2",
        name="büro",
        position=3,
        round=2,
        model="ollama/llama3.2",
        input_tokens=3_000_000_000,
        output_tokens=0,
        cost=0.000_123,
        latency=0.004,
    )
    before = await store.now()
    assert await store.record_calls([made]) == [made.response]
    (found,) = await store.calls_of("r1")
    assert before <= found.recorded_at <= await store.now()
    assert found.recorded_at.utcoffset() is not None
    assert (found.run_id, found.seq, found.step, found.attempt) == ("r1", 1, "judge", 2)
    written = asdict(made)
    assert {name: value for name, value in asdict(found).items() if name in written} == {
        name: value for name, value in written.items() if name not in ("key", "token")
    }


async def test_what_is_not_known_of_a_call_stays_unknown(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    once = call(
        owner,
        "null",
        kind="once",
        request=None,
        model="",
        input_tokens=None,
        output_tokens=None,
        cost=None,
        latency=0.0,
    )
    assert await store.record_calls([once]) == ["null"]
    (found,) = await store.calls_of("r1")
    assert (found.kind, found.request, found.model, found.cost) == ("once", None, "", None)
    assert (found.input_tokens, found.output_tokens) == (None, None)


async def test_long_texts_are_kept_whole(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    long = '"' + "€" * 300_000 + '"'
    branch = "/".join(digest(str(number)) for number in range(100))
    made = call(owner, long, request=long, branch=branch)
    other = call(owner, "2", branch=branch + "/1")
    assert await store.record_calls([made, other]) == [long, "2"]
    found = await store.calls_of("r1")
    assert [(each.request, each.response, each.branch) for each in found] == [
        (long, long, branch),
        (ASKED, "2", branch + "/1"),
    ]


async def test_calls_come_in_the_order_they_were_recorded(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1", name="z"), call(owner, "2", name="a")])
    await store.record_calls([call(owner, "3", name="m", round=1, kind="void")])
    await owner.make(Move.STEP_DONE)
    await store.record_calls([call(owner, "4", name="b")])
    assert await responses(store) == ["1", "2", "3", "4"]
    found = await store.calls_of("r1")
    assert [each.id for each in found] == sorted(each.id for each in found)
    assert [each.response for each in await store.calls_of("r1", 0)] == ["1", "2", "3"]
    assert [each.response for each in await store.calls_of("r1", 1)] == ["4"]
    assert await store.calls_of("r1", 2) == []
    second = found[1].id
    assert [each.response for each in await store.calls_of("r1", limit=2)] == ["1", "2"]
    assert [each.response for each in await store.calls_of("r1", after=second)] == ["3", "4"]
    assert [each.response for each in await store.calls_of("r1", after=second, limit=1)] == ["3"]
    assert [each.response for each in await store.calls_of("r1", 0, after=second, limit=9)] == ["3"]
    assert await store.calls_of("r1", after=found[-1].id, limit=9) == []


async def test_calls_of_any_runs_are_recorded_together(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=3)
    owners = [await scene.own(f"r{number}", session=session) for number in range(3)]
    batch = [
        call(owner, f'"{owner.run_id} {name}"', name=name)
        for name in ("a", "b")
        for owner in reversed(owners)
    ]
    assert await store.record_calls(batch) == [made.response for made in batch]
    for owner in owners:
        assert await responses(store, owner.run_id) == [f'"{owner.run_id} a"', f'"{owner.run_id} b"']


async def test_nothing_to_record_is_nothing(store: Store) -> None:
    assert await store.record_calls([]) == []


async def test_a_run_without_calls_and_one_that_does_not_exist_have_none(scene: Scene, store: Store) -> None:
    await scene.submit()
    assert await store.calls_of("r1") == []
    assert await store.calls_of("nowhere") == []


async def test_a_call_changes_nothing_of_its_run_but_what_it_has_spent(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await picture(store)
    await store.record_calls([call(owner)])
    after = await picture(store)
    assert after["runs"] != before["runs"]
    assert [{**run, "spent": None} for run in after["runs"]] == [
        {**run, "spent": None} for run in before["runs"]
    ]
    assert await scene.kinds() == ["submitted", "claimed"]
    head = (await store.heads([owner.lease.key]))[owner.lease.key]
    assert (head.token, head.rev) == (owner.lease.token, owner.lease.rev)
    assert await owner.make(Move.STEP_DONE) is RunStatus.RUNNING


# -- once -------------------------------------------------------------------------------------------------------------


async def test_the_first_response_under_an_identity_counts_for_ever(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    before = await untouched(store)
    again = call(owner, "2", kind="once", step="judge", attempt=2, request=None, model="o1", cost=9.0)
    assert await store.record_calls([again]) == ["1"]
    assert await untouched(store) == before


async def test_of_two_in_one_batch_the_first_counts(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await store.record_calls([call(owner, "1"), call(owner, "2"), call(owner, "3")]) == ["1"] * 3
    assert await responses(store) == ["1"]
    assert (await store.spent("r1")).calls == 1


@pytest.mark.parametrize(
    "other",
    [
        {"seq": 1},
        {"branch": "left"},
        {"branch": "w", "name": "riter"},
        {"name": "critic"},
        {"position": 2},
        {"round": 1},
        {"digest": digest("other")},
    ],
    ids=lambda fields: " and ".join(fields),
)
async def test_another_identity_is_another_call(scene: Scene, store: Store, other: dict[str, Any]) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    assert await store.record_calls([call(owner, "2", **other)]) == ["2"]
    assert await responses(store) == ["1", "2"]


async def test_calls_of_two_runs_are_two_calls(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=2)
    first, second = [await scene.own(run_id, session=session) for run_id in ("r1", "r2")]
    assert await store.record_calls([call(first, "1"), call(second, "2")]) == ["1", "2"]


# -- whose ------------------------------------------------------------------------------------------------------------


async def test_a_stale_token_records_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await untouched(store)
    for token in (owner.lease.token - 1, owner.lease.token + 1):
        assert await store.record_calls([call(owner, token=token)]) == [None]
    assert await untouched(store) == before
    assert await store.spending("model") == []


@pytest.mark.parametrize("status", sorted(set(RunStatus) - {RunStatus.RUNNING}))
async def test_a_run_that_is_not_running_records_nothing(
    scene: Scene, store: Store, status: RunStatus
) -> None:
    owner = await scene.own("other")
    await scene.run_in(status)
    heads = await store.heads(range(owner.lease.key - 5, owner.lease.key + 6))
    key, head = next((key, head) for key, head in heads.items() if head.status is status)
    before = await untouched(store)
    assert await store.record_calls([call(owner, key=key, token=head.token)]) == [None]
    assert await untouched(store) == before


async def test_a_run_that_does_not_exist_records_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await store.record_calls([call(owner, key=owner.lease.key + 99)]) == [None]
    assert await store.spending("model") == []


async def test_a_recorded_call_answers_its_zombie_nothing_any_more(scene: Scene, store: Store) -> None:
    zombie = await scene.own()
    await store.record_calls([call(zombie, "1")])
    await scene.lose("r1")
    assert await store.record_calls([call(zombie, "1")]) == [None]
    heir = await scene.take()
    assert await store.record_calls([call(zombie, "1"), call(heir, "2")]) == [None, "1"]
    assert await responses(store) == ["1"]


async def test_beside_calls_that_nobody_owns_the_others_are_recorded(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=2)
    first, second = [await scene.own(run_id, session=session) for run_id in ("r1", "r2")]
    batch = [call(first, "1"), call(second, "2", token=7), call(first, "3", name="b"), call(second, "4")]
    assert await store.record_calls(batch) == ["1", None, "3", "4"]
    assert await responses(store, "r1") == ["1", "3"]
    assert await responses(store, "r2") == ["4"]


async def test_a_run_that_is_asked_to_stop_still_records(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB)
    assert await store.record_calls([call(owner, "1")]) == ["1"]


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"], ids=["NUL", "lone surrogate"])
async def test_one_call_that_cannot_be_stored_keeps_all_out(scene: Scene, store: Store, bad: str) -> None:
    owner = await scene.own()
    before = await untouched(store)
    fine = call(owner, name="fine")
    for field in ("step", "branch", "name", "digest", "request", "response", "model"):
        fields: dict[str, Any] = {field: bad}
        for token in (owner.lease.token, owner.lease.token + 1):
            with pytest.raises(StoreRefused):
                await store.record_calls([fine, replace(call(owner, token=token), **fields)])
    assert await untouched(store) == before
    assert await store.spending("model") == []
    assert await store.record_calls([fine]) == [fine.response]


# -- kept -------------------------------------------------------------------------------------------------------------


async def test_a_retried_run_finds_its_calls(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    await owner.make(Move.FAILED)
    before = await store.calls_of("r1"), await store.spent("r1")
    await store.operate("r1", Operation.RETRY, BOB)
    owner = await scene.take()
    assert (await store.calls_of("r1"), await store.spent("r1")) == before
    assert await store.record_calls([call(owner, "2")]) == ["1"]


async def test_a_parked_run_finds_its_calls(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    await owner.park()
    await scene.decide()
    owner = await scene.take()
    assert await store.record_calls([call(owner, "2")]) == ["1"]


async def test_a_fork_has_no_calls_and_has_spent_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, "1")])
    await owner.make(Move.STEP_DONE)
    await store.fork_run(ForkSpec("r1", "r2", BOB))
    assert await store.calls_of("r2") == []
    assert await store.spent("r2") == Spent()
    fork = await scene.take("r2")
    assert await store.record_calls([call(fork, "2", seq=0)]) == ["2"]
    assert await responses(store, "r1") == ["1"]


# -- at once ----------------------------------------------------------------------------------------------------------


async def test_of_ten_that_record_one_call_at_once_one_counts_for_all(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    for position in range(10):
        made = await each_alone(store, [call(owner, str(number), position=position) for number in range(10)])
        (answer,) = set(made)
        assert (await responses(store))[position] == answer
    assert len(await store.calls_of("r1")) == 10
    assert await store.spent("r1") == Spent(10, 1000, 200, 2.5)
    (of_model,) = await store.spending("model")
    assert of_model.spent == await store.spent("r1")


async def test_a_zombie_and_the_heir_who_record_one_call_agree_on_it(scene: Scene, store: Store) -> None:
    """The zombie's call is recorded before it lost the run, or not at all."""
    session = await scene.session(max_concurrent=20)
    zombies = [await scene.own(f"r{number}", session=session) for number in range(20)]

    async def swept() -> bool:  # a sweep passes over runs that somebody has locked
        await store.tick()
        return [await scene.status(zombie.run_id) for zombie in zombies] == [RunStatus.PENDING] * 20

    async def inherit() -> list[Owner]:
        await store.lapse_sessions([session])
        await scene.until(swept)
        return [await scene.take(zombie.run_id) for zombie in zombies]

    late, heirs = await asyncio.gather(
        each_alone(store, [call(zombie, '"zombie"') for zombie in zombies]), inherit()
    )
    by_heirs, by_nobody = await asyncio.gather(
        each_alone(store, [call(heir, '"heir"') for heir in heirs]),
        each_alone(store, [call(zombie, '"zombie"') for zombie in zombies]),
    )
    assert by_nobody == [None] * 20
    for by_zombie, by_heir, zombie in zip(late, by_heirs, zombies, strict=True):
        assert by_heir == ('"heir"' if by_zombie is None else '"zombie"')
        assert await responses(store, zombie.run_id) == [by_heir]
    (of_model,) = await store.spending("model")
    assert of_model.spent.calls == 20


async def test_calls_and_moves_of_many_runs_cross_and_none_is_lost(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=10)
    owners = [await scene.own(f"r{number}", session=session) for number in range(10)]
    for step in ("fetch", "judge"):
        moves = [owner.transition(Move.STEP_DONE) for owner in owners]
        there = [call(owner, name="there") for owner in owners]
        back = [call(owner, name="back") for owner in reversed(owners)]
        recorded, alone, *made = await asyncio.gather(
            store.record(moves),
            each_alone(store, [call(owner, name="alone") for owner in owners]),
            store.record_calls(there),
            store.record_calls(back),
            store.record_calls(back + there),
        )
        assert recorded == [RunStatus.RUNNING] * 10
        assert None not in sum(made, alone)
        for owner in owners:
            owner.note(Move.STEP_DONE)
            recorded_calls = await store.calls_of(owner.run_id, owner.lease.seq - 1)
            assert {each.name for each in recorded_calls} == {"there", "back", "alone"}
            assert {each.step for each in recorded_calls} == {step}
    ended, answers = await asyncio.gather(
        store.record([owner.transition(Move.COMPLETED) for owner in owners]),
        each_alone(store, [call(owner, "1", name="last") for owner in owners]),
    )
    assert ended == [RunStatus.COMPLETED] * 10
    for owner, answer in zip(owners, answers, strict=True):
        found = [each.response for each in await store.calls_of(owner.run_id, 2)]
        assert found == ([] if answer is None else ["1"])


async def test_sums_of_calls_recorded_at_once_are_exact(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=20)
    owners = [await scene.own(f"r{number}", session=session) for number in range(20)]
    models = ("gpt-4o", "o1", "claude")
    batches = [
        [call(owner, name=model, model=model) for model in (models if place % 2 else reversed(models))]
        for place, owner in enumerate(owners)
    ]
    await asyncio.gather(*(store.record_calls(batch) for batch in batches))
    assert {each.key: each.spent for each in await store.spending("model")} == dict.fromkeys(
        models, Spent(20, 2000, 400, 5.0)
    )


# -- what it cost -----------------------------------------------------------------------------------------------------


async def test_a_run_has_spent_what_its_models_cost(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    assert await store.spent("r1") == Spent()
    await store.record_calls([call(owner, name="a"), call(owner, name="b", model="o1", cost=1.5)])
    await owner.make(Move.STEP_DONE)
    await store.record_calls([call(owner, input_tokens=None, output_tokens=7)])
    assert await store.spent("r1") == Spent(3, 200, 47, 2.0)


async def test_what_an_unknown_model_costs_is_unknown_and_not_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    unknown = call(owner, name="b", model="mine", cost=None, input_tokens=None, output_tokens=None)
    await store.record_calls([call(owner), unknown, call(owner, name="c", model="free", cost=0.0)])
    assert await store.spent("r1") == Spent(3, 200, 40, 0.25, unpriced=1)
    assert {each.key: each.spent for each in await store.spending("model")} == {
        "gpt-4o": Spent(1, 100, 20, 0.25),
        "mine": Spent(1, unpriced=1),
        "free": Spent(1, 100, 20, 0.0),
    }


async def test_only_calls_of_models_are_added_up(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner, kind="once"), call(owner, name="b", kind="void", round=1)])
    assert await store.spent("r1") == Spent()
    for by in ("workflow", "model", "day"):
        assert await store.spending(by) == []


async def test_spending_is_by_workflow_and_by_model_the_dearest_first(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=3)
    orders = await scene.own("r1", session=session)
    bills = await scene.own("r2", session=session, workflow="bills")
    acts = await scene.own("r3", session=session, workflow="acts")
    await store.record_calls([call(orders, cost=0.5), call(bills, model="o1"), call(acts, model="o3")])
    await store.record_calls([call(orders, name="b", model="o1", cost=1.0)])
    by_workflow = await store.spending("workflow")
    assert [(each.key, each.spent) for each in by_workflow] == [
        ("orders", Spent(2, 200, 40, 1.5)),
        ("acts", Spent(1, 100, 20, 0.25)),
        ("bills", Spent(1, 100, 20, 0.25)),
    ]
    by_model = await store.spending("model")
    assert [(each.key, each.spent.calls, each.spent.cost) for each in by_model] == [
        ("o1", 2, 1.25),
        ("gpt-4o", 1, 0.5),
        ("o3", 1, 0.25),
    ]
    assert [each.key for each in await store.spending("model", limit=2)] == ["o1", "gpt-4o"]


async def test_spending_by_day_is_by_the_day_the_call_was_recorded(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner), call(owner, name="b", model="o1")])
    (first, _) = await store.calls_of("r1")
    (of_day,) = await store.spending("day")
    assert (of_day.key, of_day.spent) == (f"{first.recorded_at:%Y-%m-%d}", Spent(2, 200, 40, 0.5))
    assert await store.spending("day", days=2) == [of_day]


async def test_what_a_run_has_spent_outlives_its_end(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner)])
    await owner.finish()
    assert await store.spent("r1") == Spent(1, 100, 20, 0.25)
    assert len(await store.spending("workflow")) == 1


async def test_a_run_that_does_not_exist_has_spent_nothing_that_is_known(store: Store) -> None:
    with pytest.raises(RunNotFound, match="nowhere"):
        await store.spent("nowhere")


async def test_a_run_submitted_twice_is_one_with_its_calls(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.record_calls([call(owner)])
    (again,) = await store.insert_runs([spec()])
    assert not again.created
    assert len(await store.calls_of("r1")) == 1
