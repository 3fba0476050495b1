"""Retention: old runs that are over go with all that is theirs; what is kept of everybody stays."""

from __future__ import annotations

import pytest

from sagewai.core.audit import verify
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import ApprovalNotFound, BulkNotFound, InvalidOptionError, RunNotFound
from sagewai.models.bulk import BulkSpec
from sagewai.models.history import EventKind
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, RunQuery
from sagewai.models.status import TERMINAL, RunStatus
from tests.contract.scene import ALICE, BOB, Owner, Scene, ask, listen
from tests.contract.test_calls import call

TAGS = {"customer": "7"}


async def lived(scene: Scene, run_id: str) -> Owner:
    """A run that asked a person, waited for a signal, called a model and is complete."""
    owner = await scene.own(run_id, tags=TAGS, deadline=600.0)
    await scene.store.record_calls([call(owner)])
    await owner.park(ask(), listen())
    await scene.decide(run_id)
    await scene.signal(run_id, "paid")
    owner = await scene.take(run_id)
    await owner.finish()
    return owner


async def names(store: Store, **filters: object) -> list[str]:
    page = await store.list_runs(RunQuery(**filters))  # type: ignore[arg-type]
    return [run.run_id for run in page.items]


async def test_what_is_over_goes_with_all_that_is_its_own(store: Store, scene: Scene) -> None:
    await lived(scene, "complete")
    await scene.run_in(RunStatus.FAILED, "failed")
    await store.operate("failed", Operation.DISCARD, ALICE)
    await scene.run_in(RunStatus.FAILED, "dead")
    for status in set(RunStatus) - TERMINAL:
        await scene.run_in(status, status.value, tags=TAGS)
    stay = set(RunStatus) - TERMINAL
    (approval,) = await store.approvals_of("complete")
    audit, spending = await store.list_audit(), await store.spending("model")
    assert audit
    assert spending

    assert await store.prunable(0.0) == {RunStatus.COMPLETED: 1, RunStatus.FAILED: 2}
    assert await store.prune(0.0) == 3
    assert await store.prunable(0.0) == {}
    assert await store.prune(0.0) == 0

    assert set(await names(store)) == set(await names(store, tag=("customer", "7"))) == stay
    assert set(await names(store, order="changed")) == stay
    for gone in (store.get_run, store.get_input, store.get_events, store.get_attempts):
        with pytest.raises(RunNotFound):
            await gone("complete")
    with pytest.raises(ApprovalNotFound):
        await store.get_approval(approval.id)
    assert all(each.run_id != "complete" for each in (await store.list_approvals(ApprovalQuery())).items)
    assert (await store.list_dead_letters(DeadLetterQuery())).items == ()
    assert await store.group_dead_letters() == []
    counts = await store.counts()
    assert counts.by_pool == {"default": dict.fromkeys(stay, 1)}
    assert counts.dead_letters == 0
    assert {event.run_id for event in await store.get_events()} <= {None, *stay}
    assert (await store.list_audit(), await store.spending("model")) == (audit, spending)
    await verify(store)


async def test_the_oldest_changes_go_first_and_what_is_kept_stays(store: Store, scene: Scene) -> None:
    await scene.run_in(RunStatus.CANCELLED, "first")
    await scene.run_in(RunStatus.FAILED, "kept")
    await scene.run_in(RunStatus.REJECTED, "second")
    await scene.run_in(RunStatus.COMPLETED, "third")
    keep = frozenset({RunStatus.FAILED})
    assert await store.prune(3_600.0, limit=1) == 0
    assert await store.prune(0.0, keep=keep, limit=1) == 1
    assert await names(store) == ["third", "second", "kept"]
    assert await store.prune(0.0, keep=keep, limit=1) == 1
    assert await names(store) == ["third", "kept"]
    assert await store.prune(0.0, keep=keep, limit=9) == 1
    assert await names(store) == ["kept"]
    assert (await store.get_dead_letter("kept")).run_id == "kept"
    assert await store.prune(0.0, keep=TERMINAL) == 0


async def test_a_pruned_run_id_names_a_new_run(store: Store, scene: Scene) -> None:
    before = await lived(scene, "again")
    await store.prune(0.0)
    assert (await scene.submit("again")).created
    owner = await scene.take("again")
    assert owner.lease.key > before.lease.key
    assert (owner.lease.seq, dict(owner.lease.results)) == (0, {})
    assert await scene.kinds("again") == [EventKind.SUBMITTED, EventKind.CLAIMED]
    assert await names(store, prefix="again") == ["again"]


async def test_old_bulk_jobs_go_when_no_old_run_is_left(store: Store, scene: Scene) -> None:
    for number in range(3):
        await scene.run_in(RunStatus.PENDING, f"r{number}")
    over = await store.create_bulk(BulkSpec("cancel", ("r0", "r1"), ALICE))
    await store.advance_bulk(job=over.id)
    going = await store.create_bulk(BulkSpec("cancel", ("r2",), ALICE))
    assert await store.prune(0.0, limit=1) == 1
    assert (await store.get_bulk(over.id)).done == 2
    assert await store.prune(0.0, limit=2) == 1
    assert [job.id for job in await store.list_bulks()] == [going.id]
    with pytest.raises(BulkNotFound):
        await store.bulk_items(over.id)
    new = await store.create_bulk(BulkSpec("pause", ("r2",), ALICE))
    assert new.id > going.id


async def test_a_pruning_is_noted_once_and_audited(store: Store) -> None:
    await store.note_pruned(12, 3_600.0, frozenset({RunStatus.FAILED, RunStatus.REJECTED}), BOB)
    (event,) = await store.get_events()
    assert (event.kind, event.run_id, event.actor) == (EventKind.PRUNED, None, "bob")
    assert event.detail == {"runs": 12, "older_than": 3_600.0, "kept": ["failed", "rejected"]}
    assert [entry.kind for entry in await store.list_audit()] == ["pruned"]


@pytest.mark.parametrize(("older_than", "limit"), [(-1.0, 1), (float("nan"), 1), (0.0, 0), (0.0, 10_001)])
async def test_nonsense_is_refused(store: Store, older_than: float, limit: int) -> None:
    with pytest.raises(InvalidOptionError):
        await store.prune(older_than, limit=limit)
