"""The audit: what people did, each entry chained to the one before, written with what it tells of."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from sagewai.core.audit import BEGINNING, expected, verify
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalError, InvalidTransition
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.approval import ApprovalPolicy, Attention
from sagewai.models.bulk import BulkSpec
from sagewai.models.history import AUDITED, EventKind
from sagewai.models.run import ForkSpec
from sagewai.models.status import Ask, RunStatus, Verdict
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, BOB, Scene, ask, listen

STRANGE = Actor("ü🚀 \"quoted\" 'name'", source="console", assurance="os")


async def holds(store: Store) -> int:
    """How many entries the chain has; it must hold."""
    verified = await verify(store)
    assert verified.broken is None, verified.broken
    return verified.entries


async def test_an_empty_audit_holds(store: Store) -> None:
    assert await store.list_audit() == []
    verified = await verify(store)
    assert (verified.entries, verified.head, verified.broken) == (0, BEGINNING, None)


async def test_an_entry_tells_what_its_event_tells(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.WAITING)
    await scene.decide(by=BOB, reason="looks ‘fine’\n\t— 1.0 €")
    (entry,) = await store.list_audit()
    (event,) = await scene.events("r1", EventKind.APPROVED)
    assert (entry.number, entry.kind, entry.run_id) == (1, "approved", "r1")
    assert (entry.actor, entry.source, entry.assurance) == ("bob", "console", "ssh")
    assert entry.reason == "looks ‘fine’\n\t— 1.0 €"
    assert datetime.fromisoformat(entry.at) == event.at
    assert json.loads(entry.detail) == dict(event.detail)
    assert entry.hash == expected(BEGINNING, entry)


async def everything(scene: Scene, store: Store) -> None:
    """Whatever people do that is audited, once or more, by names that are hard to keep."""
    for run_id in ("yes", "no", "quorum", "cancelled", "paused"):
        owner = await scene.own(run_id)
        await owner.park(ask("lead", policy=ApprovalPolicy(required=2 if run_id == "quorum" else 1)))
    approval_id = (await scene.approvals("yes"))["lead"].id
    for attention in Attention:
        await store.attend(approval_id, attention, STRANGE, seconds=1.5, text=f"{attention} ü")
    await scene.decide("yes", by=STRANGE)
    await scene.decide("no", Verdict.REJECT, by=BOB, reason="no\r\n\u2028")
    await scene.decide("quorum", by=ALICE)
    await store.operate("cancelled", Operation.CANCEL, STRANGE, "away")
    await store.operate("paused", Operation.PAUSE, BOB)
    await store.operate("paused", Operation.RESUME, BOB)
    owner = await scene.own("running")
    await store.operate("running", Operation.PAUSE, BOB)
    await store.operate("running", Operation.CANCEL, STRANGE, "really")
    await owner.make(Move.STEP_DONE)
    owner = await scene.own("failing")
    await owner.make(Move.FAILED)
    await store.operate("failing", Operation.RETRY, BOB)
    await store.operate("failing", Operation.SET_PRIORITY, BOB, priority=3)
    owner = await scene.take("failing")
    await owner.make(Move.FAILED)
    await store.operate("failing", Operation.DISCARD, BOB)
    await store.fork_run(ForkSpec("failing", "fork", STRANGE, "another try"))
    await store.ask_session(await scene.session(), Ask.DRAIN, BOB, "deploy")
    await store.ask_pool("default", Ask.PAUSE, STRANGE, "deploy")
    await scene.run_in(RunStatus.PAUSED, "stepped")
    await store.operate("stepped", Operation.STEP, BOB, "look")
    job = await store.create_bulk(BulkSpec("pause", ("stepped",), STRANGE, "all of them"))
    await store.stop_bulk(job.id, BOB, "not these")
    await store.note_pruned(3, 60.0, frozenset({RunStatus.FAILED}), BOB)


async def test_everything_people_do_is_in_the_chain(scene: Scene, store: Store) -> None:
    await everything(scene, store)
    entries = await store.list_audit()
    assert {EventKind(entry.kind) for entry in entries} == AUDITED
    assert await holds(store) == len(entries)


async def test_the_audit_is_what_the_timelines_say(scene: Scene, store: Store) -> None:
    await everything(scene, store)
    events = [event for event in await store.get_events() if event.kind in AUDITED]
    told = [
        (event.kind.value, event.run_id or "", event.actor, event.source, event.assurance, event.reason)
        for event in events
    ]
    entries = await store.list_audit()
    written = [
        (each.kind, each.run_id, each.actor, each.source, each.assurance, each.reason) for each in entries
    ]
    assert sorted(written) == sorted(told)
    assert sorted(datetime.fromisoformat(each.at) for each in entries) == sorted(each.at for each in events)
    details = sorted(json.dumps(dict(event.detail), sort_keys=True) for event in events)
    assert sorted(json.dumps(json.loads(each.detail), sort_keys=True) for each in entries) == details


async def test_what_concerns_no_run_has_no_run_id(scene: Scene, store: Store) -> None:
    await store.ask_session(await scene.session(), Ask.DRAIN, BOB, "deploy")
    (entry,) = await store.list_audit()
    assert (entry.kind, entry.run_id, entry.reason) == ("worker_asked", "", "deploy")


async def test_what_programs_do_is_not_audited(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    await owner.park(ask("lead", step="judge"), listen("paid", step="judge"))
    await scene.signal("r1", "paid", by=BOB)
    session = await scene.session()
    await store.assign("r1", session, 5.0, BOB)
    await scene.take()
    await scene.lose("r1")
    await store.operate("r1", Operation.CANCEL, SYSTEM)
    assert await store.list_audit() == []


async def test_what_an_ask_led_to_is_its_askers(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB, "stop it")
    await owner.make(Move.STEP_DONE)
    entries = await store.list_audit()
    assert [(each.kind, each.actor, each.reason) for each in entries] == [
        ("cancel_requested", "bob", "stop it"),
        ("cancelled", "bob", "stop it"),
    ]


async def test_what_a_sweep_carries_out_for_somebody_is_audited_too(scene: Scene, store: Store) -> None:
    await scene.own()
    await store.operate("r1", Operation.CANCEL, BOB, "stop it")
    await scene.lose("r1")
    assert [each.kind for each in await store.list_audit()] == ["cancel_requested", "cancelled"]
    assert await holds(store) == 2


async def test_what_was_refused_is_not_in_the_chain(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.COMPLETED)
    with pytest.raises(InvalidTransition):
        await store.operate("r1", Operation.CANCEL, BOB)
    with pytest.raises(ApprovalError):
        await scene.decide()
    assert await store.list_audit() == []


async def test_a_repeated_decision_is_one_entry(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.WAITING)
    for _ in range(3):
        await scene.decide(by=ALICE)
    assert await holds(store) == 1


async def test_the_audit_is_read_in_pages(scene: Scene, store: Store) -> None:
    await everything(scene, store)
    whole = await store.list_audit()
    assert [entry.number for entry in whole] == list(range(1, len(whole) + 1))
    assert await store.list_audit(limit=3) == whole[:3]
    assert await store.list_audit(after=3, limit=4) == whole[3:7]
    assert await store.list_audit(after=len(whole)) == []
    assert await store.list_audit(after=len(whole) - 1) == whole[-1:]


async def test_a_noted_head_is_found_again(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.WAITING)
    await scene.decide()
    noted = (await verify(store)).head
    await everything(scene, store)
    assert (await verify(store, head=noted)).broken is None
    assert (await verify(store, head="0" * 64)).broken is not None


async def test_many_who_act_at_once_leave_one_chain(scene: Scene, store: Store) -> None:
    session = await scene.session(max_concurrent=50)
    for number in range(20):
        owner = await scene.own(f"r{number}", session=session)
        await owner.park()
    acts: list[Callable[[str], Awaitable[object]]] = [
        lambda run_id: scene.decide(run_id, by=ALICE),
        lambda run_id: store.operate(run_id, Operation.SET_PRIORITY, BOB, priority=2),
        lambda run_id: store.fork_run(ForkSpec(run_id, f"{run_id}+", BOB)),
        lambda run_id: store.operate(run_id, Operation.CANCEL, STRANGE),
    ]
    results = await asyncio.gather(
        *(act(f"r{number}") for number in range(20) for act in acts), return_exceptions=True
    )
    assert {type(each) for each in results if isinstance(each, Exception)} <= {
        *ApprovalError.__subclasses__(),
        InvalidTransition,
    }
    events = [event for event in await store.get_events() if event.kind in AUDITED]
    assert len(events) >= 60
    assert await holds(store) == len(events)


async def test_entries_never_change(scene: Scene, store: Store) -> None:
    await scene.run_in(RunStatus.WAITING)
    await scene.decide()
    before = await store.list_audit()
    await everything(scene, store)
    assert (await store.list_audit())[: len(before)] == before
