"""A worker process whose one step makes five model calls; it first stays behind the third, to be killed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sagewai import DurableWorkflow, UniversalAgent
from tests.engine.ledger import serve

STAYED = "SAGEWAI_TEST_STAYED"
"""Names the file that says that the step has stayed behind its third call."""

workflow = DurableWorkflow("writers")
writer = UniversalAgent("writer", "gpt-4o")


@workflow.step("write")
async def write() -> list[str]:
    said = [await writer.chat(f"part {number}") for number in (1, 2, 3)]
    stayed = Path(os.environ[STAYED])
    if not stayed.exists():
        stayed.touch()
        await asyncio.Event().wait()
    return [*said, *[await writer.chat(f"part {number}") for number in (4, 5)]]


if __name__ == "__main__":
    serve(sys.argv[1], workflow)
