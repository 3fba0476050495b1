"""People and workers with rights of their own do a whole run's work together."""

from __future__ import annotations

import pytest

from sagewai import ApprovalGate, DurableWorkflow
from sagewai.core import commands
from sagewai.core.stores.postgres import PostgresStore
from sagewai.errors import NotPermitted
from sagewai.models.status import RunStatus
from tests.contract.scene import ALICE
from tests.engine.helpers import until_status, working
from tests.postgres.server import PostgresServer
from tests.postgres_store.people import people


async def test_a_worker_runs_what_an_approver_lets_through(
    store: PostgresStore, postgres_server: PostgresServer, database_url: str
) -> None:
    with people(postgres_server, database_url) as staff:
        await store.apply_roles(staff.prefix)
        reviewers = [staff.hire(name, "approver") for name in ("ann", "bea")]
        async with staff.store(staff.hire("hand", "worker")) as hand:
            wf = DurableWorkflow("refund", hand)
            gate = ApprovalGate(workflow=wf)

            @wf.step("ask")
            async def ask(order: str) -> str:
                decision = await gate.request_approval("Pay?", context=order, required=2)
                return decision.reviewer

            @wf.step("pay", retries=1, retry_delay=0.01)
            async def pay(reviewer: str) -> str:
                if not tries:
                    tries.append(reviewer)
                    raise OSError("the bank didn't answer")
                return f"paid, says {reviewer}"

            tries: list[str] = []
            async with working(hand, [wf]):
                handle = await wf.submit(run_id="r1", order="A-17")
                await until_status(store, "r1", RunStatus.WAITING)
                with pytest.raises(NotPermitted, match="decide"):
                    await commands.approve(hand, "r1", actor=ALICE)
                for login in reviewers:
                    async with staff.store(login) as reviewer:
                        await commands.approve(reviewer, "r1", actor=ALICE, digest=await digest(reviewer))
                assert await handle.result() == f"paid, says {reviewers[-1]}"

        (approval,) = await store.approvals_of("r1")
        assert [decision.reviewer.name for decision in approval.decisions] == reviewers
        assert {decision.reviewer.assurance for decision in approval.decisions} == {"db"}
        await store.close()


async def digest(store: PostgresStore) -> str:
    (approval,) = await store.approvals_of("r1")
    return approval.digest
