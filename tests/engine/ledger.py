"""A ten-step workflow that writes down, outside the database, which bodies really ran; and a worker process for it."""

from __future__ import annotations

import asyncio
import os
import sys

from sagewai import DurableWorkflow, WorkflowWorker, current_step, open_store

LEDGER = "SAGEWAI_TEST_LEDGER"
STEPS = tuple(f"step-{number}" for number in range(1, 11))

workflow = DurableWorkflow("ledger")


def _declare(name: str) -> None:
    @workflow.step(name)
    async def body(previous: int) -> int:
        step = current_step()
        assert step is not None
        line = f"{step.run_id} {step.step} {step.attempt} {step.token} {os.getpid()}\n"
        ledger = os.open(os.environ[LEDGER], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(ledger, line.encode())
        finally:
            os.close(ledger)
        await asyncio.sleep(0.03)
        return previous + 1


for _name in STEPS:
    _declare(_name)


def serve(url: str, flow: DurableWorkflow) -> None:
    """Work on it until the process is killed."""
    asyncio.run(_work(url, flow))


async def _work(url: str, flow: DurableWorkflow) -> None:
    worker = WorkflowWorker(
        store=open_store(url),
        workflow_registry=flow,
        poll_interval=0.1,
        heartbeat_interval=0.5,
        lease_ttl=2.0,
    )
    await worker.start()


if __name__ == "__main__":
    serve(sys.argv[1], workflow)
