"""Workflows for the embedded worker of the console's tests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

from sagewai import ApprovalGate, DurableWorkflow

quick = DurableWorkflow(name="quick")
gate = ApprovalGate(workflow=quick)


@quick.step("greet")
def greet(name: str) -> str:
    sys.stdout.write(f"greeting {name} \x1b[2J on stdout\n")
    subprocess.run(
        ["/bin/sh", "-c", "printf 'a child prints \\033]0;owned\\007 this\\n'; echo and this >&2"], check=True
    )
    return f"hello {name}"


@quick.step("ask")
async def ask(greeting: str) -> str:
    await gate.request_approval(prompt=f"Say {greeting!r}?", context={"greeting": greeting})
    return greeting


slow = DurableWorkflow(name="slow")


@slow.step("wait")
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"


blocking = DurableWorkflow(name="blocking")


@blocking.step("block")
async def block(seconds: float) -> str:
    time.sleep(seconds)  # noqa: ASYNC251 - a badly written step is the point
    return "blocked"


workflows = [quick, slow, blocking]
