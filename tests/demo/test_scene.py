"""Behind the console: work keeps coming in, and a worker process killed with -9 loses nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from sagewai import WorkflowMonitor
from sagewai.core.stores.base import Store
from sagewai.core.stores.url import open_store
from sagewai.models.run import Run
from tests.engine.helpers import until, until_status, working
from tui.demo import flows
from tui.demo.director import Director
from tui.demo.scene import Scene
from tui.demo.scene import scene as scene_for_a_console
from tui.demo.stage import stage
from tui.keymap import Keymap
from tui.text import width


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    with stage() as built:
        director = Director(built.desk, built.store)
        await director.open()
        made = Scene(built, director)
        await made.start()
        yield made
        await made.stop()


@pytest.fixture
async def store(scene: Scene) -> AsyncIterator[Store]:
    opened = open_store(scene.store_url)
    yield opened
    await opened.close()


async def test_a_killed_worker_processs_run_is_resumed_by_the_next_one(scene: Scene, store: Store) -> None:
    said = await scene.kill_worker()
    found = re.fullmatch(r"worker process (\d+) killed with -9; it held .*(survey-\d+) \(\w+\).*", said)
    assert found, said
    pid, run_id = found.groups()

    async def resumed() -> Run | None:
        run = await store.get_run(run_id)
        return run if run.worker not in {None, flows.worker_name(int(pid))} else None

    await until(resumed)
    await until_status(store, run_id, "completed")  # type: ignore[arg-type]
    monitor = WorkflowMonitor(store=store)
    timeline = await monitor.get_execution_timeline(run_id)
    outcomes = [(entry.step, entry.outcome) for entry in timeline if entry.outcome]
    assert "taken_over" in [entry.kind for entry in timeline]
    assert "lost" in [outcome for _, outcome in outcomes]
    recorded = [step for step, outcome in outcomes if outcome == "completed"]
    assert recorded == ["files", "words", "checksums", "links", "report"], "no recorded step ran again"


async def test_runs_move_letters_die_and_people_are_asked(scene: Scene, store: Store) -> None:
    async with working(store, flows.station, drain_timeout=0.1):

        async def everything() -> bool:
            counts = await store.counts()
            return counts.dead_letters > 0 and counts.pending_approvals > 0

        await until(everything)
        assert (await store.get_dead_letter("orders-02")).error.code == "MalformedOrders"
        await until_status(store, "orders-01", "completed")  # type: ignore[arg-type]
        tries = [
            attempt.outcome for attempt in await store.get_attempts("orders-01") if attempt.step == "arrive"
        ]
        assert tries[-1] == "completed"
        assert len(tries) > 1, "its list was still being written when it was first looked for"


def test_the_hint_fits_a_line_of_80() -> None:
    assert width(Scene.hint(Keymap())) <= 78


def test_the_first_frame_finds_a_run_that_moves() -> None:
    async def running(url: str) -> int:
        opened = open_store(url)
        try:
            return len(await WorkflowMonitor(store=opened).list_executions("running", pool=flows.AGENTS_POOL))
        finally:
            await opened.close()

    with scene_for_a_console() as made:
        assert made.until_moving(patience=15)
        assert asyncio.run(running(made.store_url)) == 1
