"""A workflow that sleeps, waits for a signal and writes down which bodies ran; and a worker process for it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from sagewai import DurableWorkflow, WorkflowWorker, open_store, sleep, wait_signal

LEDGER = "SAGEWAI_TEST_LEDGER"
NAP = 1.5

workflow = DurableWorkflow("sleeper")


def note(line: str) -> None:
    ledger = os.open(os.environ[LEDGER], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(ledger, f"{line} {os.getpid()}\n".encode())
    finally:
        os.close(ledger)


@workflow.step("nap")
async def nap() -> str:
    note("nap begins")
    await sleep(NAP)
    note("nap ends")
    return "rested"


@workflow.step("hear")
async def hear(rested: str) -> list[Any]:
    note("hear begins")
    first = await wait_signal("word")
    second = await wait_signal("word")
    note("hear ends")
    return [rested, first, second]


async def work(url: str) -> None:
    await WorkflowWorker(
        store=open_store(url),
        workflow_registry=workflow,
        poll_interval=0.1,
        heartbeat_interval=0.3,
        lease_ttl=1.0,
    ).start()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
