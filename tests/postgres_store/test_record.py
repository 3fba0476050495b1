"""Two statements record moves, a lean one and one for everything: nobody can tell which it was."""

from __future__ import annotations

from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.transitions import Operation
from sagewai.models.status import ApprovalStatus, RunStatus
from sagewai.models.transition import Move
from tests.contract.scene import ALICE, Scene, ask


async def test_what_is_asked_of_a_run_in_a_batch_is_honoured_in_the_same_call(
    store: PostgresStore, scene: Scene
) -> None:
    """The lean statement steps aside for the whole batch, and all of it is recorded once."""
    owners = [await scene.own(f"r{number}") for number in range(3)]
    await store.operate("r1", Operation.CANCEL, ALICE)
    statuses = await store.record([owner.transition(Move.STEP_DONE) for owner in owners])
    assert statuses == [RunStatus.RUNNING, RunStatus.CANCELLED, RunStatus.RUNNING]
    for number in range(3):
        assert len(await store.get_attempts(f"r{number}")) == 1


async def test_a_run_that_completes_in_a_batch_closes_what_it_still_asked(
    store: PostgresStore, scene: Scene
) -> None:
    owner = await scene.own("r0")
    await owner.park(ask("lead", step="fetch"))
    await store.operate("r0", Operation.PAUSE, ALICE)
    await store.operate("r0", Operation.RESUME, ALICE)
    asker, other = await scene.take("r0"), await scene.own("r1")
    statuses = await store.record([asker.transition(Move.COMPLETED), other.transition(Move.COMPLETED)])
    assert statuses == [RunStatus.COMPLETED] * 2
    assert [each.status for each in await store.approvals_of("r0")] == [ApprovalStatus.CANCELLED]
