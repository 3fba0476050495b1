"""Values: what a caller handed in or was given is the caller's; changing it changes nothing stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.run import RunSpec
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, LONG, ORDERS, PROCESS, Scene, ask, spec


def vandalise(value: Any) -> None:
    """Change whatever lets itself be changed, all the way down."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            vandalise(getattr(value, field.name))
            with suppress(dataclasses.FrozenInstanceError, AttributeError, TypeError):
                setattr(value, field.name, "changed")
    elif isinstance(value, Mapping):
        for item in list(value.values()):
            vandalise(item)
        with suppress(TypeError, AttributeError):
            value["changed"] = "changed"  # type: ignore[index]
        with suppress(TypeError, AttributeError):
            value.clear()  # type: ignore[attr-defined]
    elif isinstance(value, list | tuple):
        for item in value:
            vandalise(item)
        with suppress(AttributeError):
            value.clear()  # type: ignore[union-attr]


async def test_changing_what_was_submitted_changes_nothing(scene: Scene, store: Store) -> None:
    labels: dict[str, Any] = {"gpu": True}
    tags = {"team": "red"}
    specs: list[RunSpec] = [spec(labels=labels, tags=tags)]
    await store.insert_runs(specs)
    before = await picture(store)
    labels["gpu"] = False
    tags.clear()
    specs.clear()
    assert await picture(store) == before
    assert await scene.claim(await scene.session(), labels={"gpu": True}) == ["r1"]


async def test_changing_what_a_session_brought_changes_nothing(scene: Scene, store: Store) -> None:
    labels: dict[str, Any] = {"gpu": True}
    definitions = [ORDERS]
    await scene.session(labels=labels, definitions=definitions)
    before = await picture(store)
    labels.clear()
    definitions.clear()
    assert await picture(store) == before
    await scene.submit(shape=None)
    assert (await store.get_run("r1")).steps_total == 3


async def test_changing_what_an_owner_recorded_changes_nothing(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    requests = [ask("lead")]
    moves = [owner.transition(Move.PARK, requests=requests)]
    await store.record(moves)
    before = await picture(store)
    requests.clear()
    moves.clear()
    assert await picture(store) == before


async def test_changing_what_was_read_changes_nothing(scene: Scene, store: Store) -> None:
    session = await scene.session(labels={"gpu": True})
    owner = await scene.own("done", session=session, labels={"gpu": True}, tags={"a": "b"})
    await owner.finish()
    failed = await scene.own("failed", session=session)
    await failed.make(Move.FAILED)
    asks = await scene.own("asks", session=session)
    await asks.park(ask("lead", context={"a": [1]}), ask("legal", timeout=LONG))
    decided = await scene.decide("asks", approval_id=(await scene.approvals("asks"))["lead"].id)
    held = await scene.own("held", session=session)
    before = await picture(store)

    read: list[Any] = [decided, held.lease, owner.lease]
    read += [await store.list_sessions(), await store.list_pools(), await store.counts(), await store.info()]
    read += [await store.list_runs(RunQuery()), await store.list_approvals(ApprovalQuery())]
    read += [await store.list_dead_letters(DeadLetterQuery()), await store.group_dead_letters()]
    read += [await store.get_events(), await store.get_dead_letter("failed")]
    read += [await store.heads([held.lease.key]), await store.get_approval(decided.id)]
    read += [
        await store.operate("held", Operation.SET_PRIORITY, BOB, priority=0),
        await store.heartbeat(session),
    ]
    for run_id in ("done", "failed", "asks", "held"):
        read += [
            await store.get_run(run_id),
            await store.get_outcome(run_id),
            await store.get_results(run_id),
        ]
        read += [
            await store.get_steps(run_id),
            await store.get_attempts(run_id),
            await store.get_events(run_id),
        ]
        read += [await store.approvals_of(run_id)]
    after_reading = await picture(store)
    vandalise(read)
    assert await picture(store) == after_reading
    assert after_reading["histories"]["done"] == before["histories"]["done"]


async def test_what_was_read_does_not_change_when_the_store_does(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    lease, run, events = owner.lease, await store.get_run("r1"), await store.get_events("r1")
    results, attempts = await store.get_results("r1"), await store.get_attempts("r1")
    await owner.make(Move.STEP_DONE)
    await owner.park()
    assert (run.steps_done, run.step, len(events), results, attempts) == (0, "fetch", 2, {}, [])
    assert dict(lease.results) == {}


@pytest.mark.parametrize(
    "value", [spec(), ask(), PROCESS, ORDERS, BOB, RunQuery()], ids=lambda value: type(value).__name__
)
def test_a_value_cannot_be_written_to(value: Any) -> None:
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        setattr(value, dataclasses.fields(value)[0].name, "changed")
