"""A console with few rights is a live console: it leaves to others what it may not do."""

from __future__ import annotations

import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.bulk import BulkSpec
from sagewai.models.status import RunStatus
from tests.contract.scene import ALICE, Scene
from tests.postgres_store.people import People
from tui.gateway import Door


@pytest.mark.parametrize(("kind", "sweeps"), [("viewer", False), ("approver", False), ("operator", True)])
async def test_it_sweeps_where_it_may(store: PostgresStore, staff: People, kind: str, sweeps: bool) -> None:
    await Scene(store).submit("r1", delay=0.001)
    await Scene(store).past((await store.get_run("r1")).due_at)
    job = await store.create_bulk(BulkSpec("cancel", ("nowhere",), ALICE))
    async with staff.store(f"{staff.prefix}{kind[:3]}") as opened:
        door = Door("postgresql://", actor=ALICE, opener=lambda _: opened)
        await door.read(lambda each: each.get_run("r1"))
        await door.sweep()
        assert door.link.state == "live"
    status = (await store.get_run("r1")).status
    assert status is (RunStatus.PENDING if sweeps else RunStatus.WAITING)
    assert (await store.get_bulk(job.id)).left == (0 if sweeps else 1)
