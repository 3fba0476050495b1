"""A run of a hundred steps, one of a thousand events, one of thousands of calls: keys are answered at once."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual import events

from sagewai.core import commands
from sagewai.core.codec import digest, encode
from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.call import CallRecord
from tests.tui.drive import Drive, driving
from tests.tui.stage import OPERATOR, Clock, Stage

STEPS = tuple(f"step-{number:03}" for number in range(100))


@pytest.fixture
async def long(clock: Clock) -> Stage:
    """run-long of a hundred steps, 250 attempts and more than a thousand events."""
    stage = Stage(InMemoryStore(clock=clock))
    await stage.worker("long", lease=1e6, steps=STEPS)
    await stage.running("run-long", workflow="long", steps=STEPS)
    for _ in range(50):
        for _ in range(4):
            clock.passes(3.0)
            await stage.fail_attempt("run-long", delay=0.5)
        clock.passes(9.0)
        await stage.finish_step("run-long")
    for number in range(1_000):
        await commands.signal(stage.store, "run-long", f"s{number % 7}", None, actor=OPERATOR)
    return stage


async def answered(drive: Drive, key: str) -> float:
    """Milliseconds from a key's arrival in the app to the end of its painting: by the clock, or by the processor time
    that this thread had meanwhile where others use it."""
    screen = drive.app.screen
    wall, own = time.perf_counter(), time.thread_time()
    character = {"plus": "+", "minus": "-", "tab": "\t"}.get(key, key if len(key) == 1 else None)
    drive.app.post_message(events.Key(key, character))
    done = asyncio.Event()
    await asyncio.sleep(0)
    drive.app.call_next(drive.front.call_after_refresh, done.set)
    await done.wait()
    screen._compositor.render_update()
    return 1e3 * min(time.perf_counter() - wall, time.thread_time() - own)


async def test_every_key_on_a_long_run_is_answered_within_fifty_milliseconds(long: Stage) -> None:
    gc.collect()
    gc.freeze()  # what other tests left isn't the console's to look through while a key is answered
    async with driving(long.store, run_id="run-long", interval=0.1) as drive:
        await drive.shows("● step-050")
        assert len(await long.store.get_events("run-long")) >= 1_000
        took: list[tuple[float, str]] = []
        for key in ("plus", "plus", "left", "up", "down", "right", "minus", "0", "l", "pagedown", "home"):
            before = drive.text
            took += [(await answered(drive, key), key) for _ in range(3)]
            if key in {"plus", "up", "0", "l"}:
                assert drive.text != before, key
        for _ in range(6):
            await drive.press("tab")
            await drive.looked()
            took.append((await answered(drive, "up"), "up in a tab"))
        took.sort(reverse=True)
        assert took[0][0] <= 50, took[:5]

        await drive.press("escape", "tab", "tab", "tab")
        await drive.shows("[attempts]")
        await call_models(long, 5_000)
        async with stalls() as found:
            await drive.press("tab")
            await drive.shows("#5000 ")
        text: str = drive.front.query_one("#pane").text  # type: ignore[attr-defined]
        assert "4900 earlier" in text
        assert max(found) <= 0.1, "the console's own work between two keys it could take"
        long.positions.clear()
        await long.called("run-long", "the very last", name="editor")
        await drive.shows("#5001 ")


async def call_models(stage: Stage, count: int) -> None:
    lease = stage.leases["run-long"]
    run = await stage.store.get_run("run-long")
    head = (await stage.store.heads([lease.key]))[lease.key]
    asked = encode({"model": "m", "messages": [{"role": "user", "content": "moss " * 400}]})
    calls = [
        CallRecord(
            *(lease.key, head.token, run.steps_done, run.step or "", 1, "", "writer", number, 0, "model"),
            *(digest(asked), asked, encode({"text": "fern " * 100}), "m", 10, 10, 0.001, 0.1),
        )
        for number in range(1, count + 1)
    ]
    await stage.store.record_calls(calls)


@asynccontextmanager
async def stalls() -> AsyncIterator[list[float]]:
    """Seconds of processor time that this thread spent, again and again, before it looked at its keys."""
    found: list[float] = []

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.002)
            found.append(time.thread_time() - before)

    watching = asyncio.create_task(watch())
    try:
        yield found
    finally:
        watching.cancel()
