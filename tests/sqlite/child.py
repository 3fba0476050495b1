"""Processes of their own beside a test: each says ``ready``, waits for a line, does one thing and says what came of it.

``python -m tests.sqlite.child VERB PATH``
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.models.transition import Move
from tests.contract.scene import Scene, spec


def say(text: object) -> None:
    print(text, flush=True)


async def go() -> None:
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)


async def initialize(path: Path) -> None:
    """Open a file that others open at the same moment."""
    await go()
    async with SQLiteStore(path) as store:
        say((await store.info()).schema)


async def claim(path: Path) -> None:
    """Claim run after run until none is left; say which."""
    async with SQLiteStore(path) as store:
        scene = Scene(store)
        session = await scene.session()
        routes = await scene.routes()
        await go()
        mine: list[str] = []
        while runs := (await store.claim(session, routes, 1)).runs:
            mine += (run.run_id for run in runs)
        say(" ".join(mine))


async def work(path: Path) -> None:
    """Submit runs and record their steps until killed; say each run that was acknowledged as completed."""
    async with SQLiteStore(path) as store:
        scene = Scene(store)
        session = await scene.session()
        await go()
        number = 0
        while True:
            number += 1
            owner = await scene.own(f"run-{os.getpid()}-{number}", session=session)
            await owner.make(Move.STEP_DONE, result='"' + "x" * 3_000 + '"')
            await owner.finish()
            say(owner.run_id)


async def submit(path: Path) -> None:
    """Submit one run."""
    async with SQLiteStore(path) as store:
        await go()
        await store.insert_runs([spec("from-a-child")])


async def forget(path: Path) -> None:
    """Use the store and end without closing it."""
    store = SQLiteStore(path)
    await store.insert_runs([spec("left")])
    await store.get_run("left")
    await store.wait("work", 0.01)


VERBS = {each.__name__: each for each in (initialize, claim, work, submit, forget)}

if __name__ == "__main__":
    asyncio.run(VERBS[sys.argv[1]](Path(sys.argv[2])))
