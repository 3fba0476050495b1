"""`python -m tests.bench.child TASK`: one scene in a fresh process; the last line it prints is what it measured."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from tests.bench.contender import Unavailable
from tests.bench.work import Task


async def measure(task: Task) -> dict[str, Any]:
    if task.scene == "stock":  # brings what the product is made of, which others do without
        from tests.bench.lookups import lookups

        return await lookups(task)
    from tests.bench.scenes import SCENES

    return await SCENES[task.scene](task)


async def main(text: str) -> None:
    try:
        measured = await measure(Task.read(text))
    except Unavailable as missing:
        measured = {"missing": str(missing)}
    print(json.dumps(measured), flush=True)
    os._exit(0)  # a thousand runs are under way, and nobody wants their end


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
