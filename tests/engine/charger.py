"""A worker process whose one step charges a card once, and writes each charge down outside the database."""

from __future__ import annotations

import asyncio
import os
import sys

from sagewai import DurableWorkflow, WorkflowWorker, once, open_store
from tests.engine.ledger import LEDGER

workflow = DurableWorkflow("charger")


def charge(cents: int) -> int:
    """The how-manieth charge it was."""
    with open(os.environ[LEDGER], "a+", encoding="utf-8") as ledger:
        ledger.write(f"charged {cents} {os.getpid()}\n")
        ledger.seek(0)
        return len(ledger.readlines())


@workflow.step("pay")
async def pay(cents: int) -> int:
    return await once("charge", charge, cents)


async def work(url: str) -> None:
    worker = WorkflowWorker(
        store=open_store(url),
        workflow_registry=workflow,
        poll_interval=0.1,
        heartbeat_interval=0.5,
        lease_ttl=2.0,
    )
    await worker.start()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
