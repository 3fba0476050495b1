"""What people do is noted in the name that they proved to the database, whatever name they pass."""

from __future__ import annotations

import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.errors import NotPermitted
from sagewai.models.status import RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import BOB, Scene
from tests.postgres_store.people import People, acting


async def test_what_people_do_is_noted_in_the_name_they_proved(store: PostgresStore, staff: People) -> None:
    """Whatever name they pass."""
    owner = Scene(store)
    await owner.run_in(RunStatus.WAITING)
    held = await owner.own("r2")
    async with acting(staff, "approver") as approver:
        approval = await approver.decide(by=BOB)
        assert approval.decision is not None
        reviewer = approval.decision.reviewer
        assert (reviewer.name, reviewer.source, reviewer.assurance) == (f"{staff.prefix}app", "console", "db")
    async with acting(staff, "operator") as operator:
        await operator.store.operate("r2", Operation.CANCEL, BOB, "because")
        await operator.submit("r3")
        await operator.store.operate("r3", Operation.CANCEL, BOB, "because")
    async with acting(staff, "worker") as worker:
        held.store = worker.store
        assert await held.make(Move.STEP_DONE) is RunStatus.CANCELLED  # honours it in the asker's name

    entries = [(entry.kind, entry.run_id, entry.actor, entry.assurance) for entry in await store.list_audit()]
    assert entries == [
        ("approved", "r1", f"{staff.prefix}app", "db"),
        ("cancel_requested", "r2", f"{staff.prefix}ope", "db"),
        ("cancelled", "r3", f"{staff.prefix}ope", "db"),
        ("cancelled", "r2", f"{staff.prefix}ope", "db"),
    ]
    assert (await store.get_outcome("r2")).by == (await store.get_outcome("r3")).by == f"{staff.prefix}ope"
    assert (await store.get_run("r3")).submitted_by == f"{staff.prefix}ope"


async def test_an_owner_s_passed_name_stands(store: PostgresStore, staff: People) -> None:
    await Scene(store).run_in(RunStatus.WAITING)
    async with acting(staff, "owner") as owner:
        approval = await owner.decide(by=BOB)
    assert approval.decision is not None
    assert approval.decision.reviewer == BOB


async def test_an_outsider_in_none_of_the_roles_can_t_even_look(store: PostgresStore, staff: People) -> None:
    outsider = staff.store(staff.hire("outsider"))
    with pytest.raises(NotPermitted):
        await outsider.counts()
    await outsider.close()
