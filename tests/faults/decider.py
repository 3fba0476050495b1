"""A reviewer's process: ``python -m tests.faults.decider RUN`` approves the run's gate in the store SAGEWAI_STORE."""

from __future__ import annotations

import asyncio
import os
import sys

from sagewai import open_store
from sagewai.core.commands import approve
from sagewai.models.actor import Actor
from tests.faults.worker import die_with_parent

REVIEWER = Actor("reviewer", source="cli", assurance="os")


async def decide(run_id: str) -> None:
    async with open_store(os.environ["SAGEWAI_STORE"]) as store:
        await approve(store, run_id, actor=REVIEWER, reason="looks right")


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(decide(sys.argv[1]))
