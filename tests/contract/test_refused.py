"""Refusals: a run whose recorded steps aren't a worker's is handed back, and found by the right code alone."""

from __future__ import annotations

from typing import Any

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import StoreRefused
from sagewai.models.history import EventKind
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move
from tests.contract.picture import picture
from tests.contract.scene import BOB, Scene, ask, definition, failure

ERROR = failure("sagewai.errors.DefinitionChanged", "step 'fetch' was renamed to 'get'", "")


async def test_a_refused_run_is_pending_as_it_was(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.STEP_DONE)
    await owner.make(Move.RETRY)
    assert await owner.make(Move.REFUSED, error=ERROR, route_version="old") is RunStatus.PENDING
    run = await store.get_run("r1")
    assert (run.status, run.step, run.steps_done, run.attempt) == (RunStatus.PENDING, "judge", 1, 2)
    assert (run.worker, run.session, run.takeovers, run.version) == (None, None, 0, "")
    assert list(await store.get_results("r1")) == ["fetch"]


async def test_a_refusal_leaves_an_attempt_and_an_event_that_name_the_difference(
    scene: Scene, store: Store
) -> None:
    owner = await scene.own()
    await owner.make(Move.REFUSED, error=ERROR, route_version="old")
    (attempt,) = await store.get_attempts("r1")
    assert (attempt.outcome, attempt.token, attempt.delay) == (Outcome.RELEASED, 1, None)
    assert attempt.error is not None
    assert (attempt.error.code, attempt.error.message) == (
        "DefinitionChanged",
        "step 'fetch' was renamed to 'get'",
    )
    (event,) = await scene.events("r1", EventKind.REFUSED)
    assert event.reason == "step 'fetch' was renamed to 'get'"
    assert dict(event.detail) == {"token": 1, "worker": "w1"}
    assert await scene.events("r1", EventKind.RELEASED) == []
    assert (await store.counts()).dead_letters == 0


async def test_only_the_right_code_finds_it(scene: Scene) -> None:
    owner = await scene.own(shape=definition(version="2"))
    await owner.make(Move.REFUSED, route_version="old")
    session = await scene.session()
    assert await scene.claim(session, versions=["", "2", "new"]) == []
    assert await scene.claim(session, versions=["2", "old"]) == ["r1"]


@pytest.mark.parametrize("version", ["", "2"])
async def test_its_version_stays_its_own_where_no_code_of_it_has_been_seen(
    scene: Scene, store: Store, version: str
) -> None:
    stranger = await scene.session(definitions=())
    await scene.submit(shape=None, version=version)
    for time in range(2):
        owner = await scene.take(session=stranger)
        await owner.make(Move.REFUSED, route_version=f"old-{time}")
        assert (await store.get_run("r1")).version == version


async def test_pool_labels_and_workflow_still_count(scene: Scene) -> None:
    owner = await scene.own(pool="gpu", labels={"gpu": 1}, workflow="refunds")
    await owner.make(Move.REFUSED, route_version="old")
    session = await scene.session()
    elsewhere: list[dict[str, Any]] = [{"pool": "default"}, {"labels": {}}, {"workflows": ["orders"]}]
    right: dict[str, Any] = {
        "pool": "gpu",
        "labels": {"gpu": 1},
        "workflows": ["refunds"],
        "versions": ["old"],
    }
    for wrong in elsewhere:
        assert await scene.claim(session, **{**right, **wrong}) == []
    assert await scene.claim(session, **right) == ["r1"]


async def test_others_of_the_route_it_left_stay_there(scene: Scene) -> None:
    session = await scene.session()
    owner = await scene.own(session=session)
    await scene.submit("r2")
    await owner.make(Move.REFUSED, route_version="old")
    assert await scene.claim(session) == ["r2"]
    assert await scene.claim(session, versions=["old"]) == ["r1"]


async def test_a_new_route_that_a_refusal_made_is_noticed(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owner = await scene.own(session=session)
    known = await store.resolve_routes("default", {}, {"orders": ["", "old"]})
    await owner.make(Move.REFUSED, route_version="old")
    claimed = await store.claim(session, known.ids, 5)
    assert claimed.runs == ()
    assert claimed.newest_route > known.newest


async def test_runs_refused_alike_share_a_route(scene: Scene, store: Store) -> None:
    session = await scene.session()
    owners = [
        await scene.own(f"r{number}", session=session, labels={"a": 1, "b": "x"}) for number in range(3)
    ]
    await store.record([owner.transition(Move.REFUSED, route_version="old") for owner in owners])
    routes = await store.resolve_routes("default", {"a": 1, "b": "x"}, {"orders": ["old"]})
    assert len(routes.ids) == 1
    claimed = await store.claim(session, routes.ids, 9)
    assert [run.run_id for run in claimed.runs] == ["r0", "r1", "r2"]


async def test_a_run_may_be_refused_again_and_come_back(scene: Scene) -> None:
    owner = await scene.own()
    for version in ("old", "older", ""):
        await owner.make(Move.REFUSED, route_version=version)
        session = await scene.session()
        assert await scene.claim(session, versions=["nothing", "x"]) == []
        owner = await scene.take(session=session)
    await owner.make(Move.RELEASED)
    assert await scene.claim(await scene.session()) == ["r1"]


async def test_a_refused_run_keeps_to_its_route_through_waits_and_losses(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    await owner.make(Move.REFUSED, route_version="old")
    owner = await scene.take()
    await owner.park(ask("lead"))
    await scene.decide()
    await scene.take()
    await scene.lose("r1")
    session = await scene.session()
    assert await scene.claim(session) == []
    assert await scene.claim(session, versions=["old"]) == ["r1"]


async def test_a_refusal_honours_what_was_asked(scene: Scene, store: Store) -> None:
    owner = await scene.own("r1")
    await store.operate("r1", Operation.CANCEL, BOB)
    assert await owner.make(Move.REFUSED, route_version="old") is RunStatus.CANCELLED
    owner = await scene.own("r2")
    await store.operate("r2", Operation.PAUSE, BOB)
    assert await owner.make(Move.REFUSED, route_version="old") is RunStatus.PAUSED
    await store.operate("r2", Operation.RESUME, BOB)
    session = await scene.session()
    assert await scene.claim(session) == []
    assert await scene.claim(session, versions=["old"]) == ["r2"]


async def test_a_refusal_of_a_lost_lease_moves_nothing(scene: Scene) -> None:
    owner = await scene.own()
    await scene.lose("r1")
    assert await owner.make(Move.REFUSED, route_version="old") is None
    assert await scene.claim(await scene.session()) == ["r1"]


async def test_a_refused_run_can_be_cancelled_and_reprioritised(scene: Scene, store: Store) -> None:
    session = await scene.session()
    for run_id in ("r1", "r2", "r3"):
        owner = await scene.own(run_id, session=session)
        await owner.make(Move.REFUSED, route_version="old")
    await store.operate("r1", Operation.CANCEL, BOB)
    await store.operate("r3", Operation.SET_PRIORITY, BOB, priority=5)
    assert await scene.claim(session, versions=["old"]) == ["r3", "r2"]


async def test_a_version_that_cannot_be_stored_refuses_the_refusal(scene: Scene, store: Store) -> None:
    owner = await scene.own()
    before = await picture(store)
    with pytest.raises(StoreRefused):
        await owner.make(Move.REFUSED, route_version="a\0b")
    assert await picture(store) == before
