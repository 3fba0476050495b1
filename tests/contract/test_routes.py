"""Routing: a pool by equality, labels by containment with their types, workflows by what the worker has code for."""

from __future__ import annotations

import pytest

from sagewai.core.stores.base import Routes, Store
from sagewai.errors import LabelError
from sagewai.models.run import LabelValue
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene, definition

VALUES: list[LabelValue] = [
    True,
    False,
    1,
    0,
    1.0,
    0.0,
    "1",
    "true",
    "True",
    "i:1",
    "",
    2**63 - 1,
    -1,
    1e300,
    "ü🚀",
]


def same(a: LabelValue, b: LabelValue) -> bool:
    return type(a) is type(b) and a == b


async def test_labels_are_compared_with_their_types(scene: Scene, store: Store) -> None:
    for number, value in enumerate(VALUES):
        await scene.submit(f"r{number}", labels={"x": value})
    for value in VALUES:
        session = await scene.session()
        taken = await scene.claim(session, limit=99, labels={"x": value})
        assert taken == [f"r{number}" for number, required in enumerate(VALUES) if same(required, value)]
        await store.close_session(session)


async def test_labels_come_back_with_their_types(scene: Scene, store: Store) -> None:
    labels = {f"k{number}": value for number, value in enumerate(VALUES)}
    owner = await scene.own(labels=labels)
    for found in ((await store.get_run("r1")).labels, owner.lease.labels):
        assert {key: (type(value), value) for key, value in found.items()} == {
            key: (type(value), value) for key, value in labels.items()
        }


async def test_a_worker_takes_what_its_labels_contain(scene: Scene) -> None:
    await scene.submit("plain")
    await scene.submit("gpu", labels={"gpu": True})
    await scene.submit("gpu in eu", labels={"gpu": True, "site": "eu"})
    await scene.submit("eu", labels={"site": "eu"})
    await scene.submit("us", labels={"site": "us"})
    session = await scene.session()
    assert await scene.claim(session, labels={"gpu": True}) == ["plain", "gpu"]
    assert await scene.claim(session, labels={"gpu": True, "site": "eu", "more": 1}) == ["gpu in eu", "eu"]


async def test_a_worker_without_labels_takes_no_labelled_run(scene: Scene) -> None:
    await scene.submit("labelled", labels={"gpu": False})
    await scene.submit("plain")
    assert await scene.claim(await scene.session()) == ["plain"]


async def test_a_worker_takes_runs_of_its_pool_only(scene: Scene) -> None:
    for pool in ("default", "gpu", "GPU", "gpu2", "g%"):
        await scene.submit(pool, pool=pool)
    session = await scene.session()
    assert await scene.claim(session, pool="gpu") == ["gpu"]
    assert await scene.claim(session, pool="g%") == ["g%"]
    assert await scene.claim(session, pool="nothing") == []


async def test_a_worker_takes_workflows_it_has_code_for(scene: Scene) -> None:
    await scene.submit("r1", workflow="orders")
    await scene.submit("r2", workflow="refunds")
    session = await scene.session()
    assert await scene.claim(session, workflows=[]) == []
    assert await scene.claim(session, workflows=["refunds", "unknown"]) == ["r2"]
    assert await scene.claim(session, workflows=["orders", "refunds"]) == ["r1"]


async def test_a_worker_takes_the_versions_it_has_code_for(scene: Scene) -> None:
    await scene.submit("plain")
    for version in ("1", "2"):
        await scene.submit(version, shape=definition(version=version))
    session = await scene.session()
    assert await scene.claim(session, versions=[]) == []
    assert await scene.claim(session, versions=["3"]) == []
    assert await scene.claim(session, versions=["2", "3"]) == ["2"]
    assert await scene.claim(session, versions=["", "1"]) == ["plain", "1"]


async def test_each_workflow_has_versions_of_its_own(scene: Scene, store: Store) -> None:
    for workflow in ("orders", "refunds"):
        for version in ("1", "2"):
            await scene.submit(
                f"{workflow} {version}", workflow=workflow, shape=definition(workflow, version=version)
            )
    session = await scene.session()
    routes = await store.resolve_routes("default", {}, {"orders": ["1"], "refunds": ["2"]})
    claimed = await store.claim(session, routes.ids, 9)
    assert [run.run_id for run in claimed.runs] == ["orders 1", "refunds 2"]


async def test_a_run_submitted_with_a_version_and_no_code_waits_for_that_version(scene: Scene) -> None:
    await scene.session(definitions=(definition(version="2"),))
    await scene.submit(shape=None, version="1")
    session = await scene.session()
    assert await scene.claim(session, versions=["", "2"]) == []
    assert await scene.claim(session, versions=["1"]) == ["r1"]


async def test_a_run_submitted_without_a_version_takes_that_of_the_code_seen_last(
    scene: Scene, store: Store
) -> None:
    await scene.submit("early", shape=None)
    for version in ("1", "2"):
        await scene.session(definitions=(definition(version=version),))
    await scene.submit("late", shape=None)
    assert (await store.get_run("late")).version == "2"
    session = await scene.session()
    assert await scene.claim(session, versions=["1"]) == []
    assert await scene.claim(session, versions=["2"]) == ["late"]
    assert await scene.claim(session, versions=[""]) == ["early"]


async def test_runs_alike_share_a_route_in_whatever_order_their_labels_came(
    scene: Scene, store: Store
) -> None:
    await scene.submit("r1", labels={"a": 1, "b": 2})
    await scene.submit("r2", labels={"b": 2, "a": 1})
    routes = await store.resolve_routes("default", {"a": 1, "b": 2}, {"orders": [""]})
    assert len(routes.ids) == 1
    assert routes.newest == routes.ids[0]


async def test_an_empty_store_has_no_routes(store: Store) -> None:
    assert await store.resolve_routes("default", {}, {"orders": [""]}) == Routes((), 0)


async def test_a_new_route_is_noticed_by_the_next_claim(scene: Scene, store: Store) -> None:
    await scene.submit("r1")
    session = await scene.session()
    known = await store.resolve_routes("default", {"gpu": True}, {"orders": [""]})
    assert (await store.claim(session, known.ids, 5)).newest_route == known.newest
    await scene.submit("r2", labels={"gpu": True})
    claimed = await store.claim(session, known.ids, 5)
    assert claimed.runs == ()
    assert claimed.newest_route > known.newest
    again = await store.resolve_routes("default", {"gpu": True}, {"orders": [""]})
    assert again.newest == claimed.newest_route
    assert set(known.ids) < set(again.ids)
    assert [run.run_id for run in (await store.claim(session, again.ids, 5)).runs] == ["r2"]


async def test_a_claim_of_no_or_unknown_routes_gives_nothing(scene: Scene, store: Store) -> None:
    await scene.submit()
    session = await scene.session()
    assert (await store.claim(session, (), 5)).runs == ()
    assert (await store.claim(session, (999_999,), 5)).runs == ()
    routes = await scene.routes()
    assert len((await store.claim(session, routes + routes, 5)).runs) == 1


async def test_even_a_session_that_may_not_claim_hears_of_routes(scene: Scene, store: Store) -> None:
    session = await scene.session()
    await store.heartbeat(session, status="paused")
    await scene.submit()
    claimed = await store.claim(session, (), 5)
    assert claimed.newest_route == (await store.resolve_routes("default", {}, {"orders": [""]})).newest


async def test_labels_of_a_wrong_type_cannot_be_asked_for(store: Store) -> None:
    with pytest.raises(LabelError, match="gpu"):
        await store.resolve_routes("default", {"gpu": None}, {"orders": [""]})  # type: ignore[dict-item]


async def test_a_run_that_nobody_can_take_stays_pending(scene: Scene) -> None:
    await scene.submit(pool="nobody", labels={"x": 1})
    assert await scene.claim(await scene.session()) == []
    assert await scene.status() is RunStatus.PENDING
