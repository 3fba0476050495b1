"""`sagewai-tui --demo` without a terminal: the demo's story told as text, checked, and its screens printed once."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sagewai import SagewaiError
from tui.demo.acts import DEMO, Story
from tui.demo.checks import Claim
from tui.demo.frames import Wanted, draw
from tui.demo.scene import WORKER
from tui.demo.stage import Stage, stage
from tui.demo.standin import DISCLAIMER
from tui.demo.telling import StoryBroken, Telling
from tui.local.embedded import EmbeddedWorker, WorkerSpec
from tui.text import Scribe

PATIENCE = 3.0
"""Seconds in which the worker in this process may drain."""

LIMIT = 36.0
"""Seconds it may take; it takes about 12, half of them for loading litellm."""


def main() -> int:
    """0 when all came out as it must; 1, with a line on stderr, when it didn't."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    telling = Telling(LIMIT, ascii_only=not _takes(sys.stdout.encoding, "▲ ✔ █ …"))
    try:
        with stage() as built, _worker_beside(built.scratch.store_url):
            claims = asyncio.run(_play(built, telling))
        telling.say("everything has stopped, and the scratch folder is gone")
    except BrokenPipeError:  # `| head`: nobody listens any more
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - so that the last flush finds somebody
        return 1
    except (StoryBroken, SagewaiError) as broken:
        return _say_failed(f"{type(broken).__name__}: {broken}")
    untrue = [claim for claim, holds in claims if not holds]
    return _say_failed(f"it isn't true that {'; '.join(untrue)}") if untrue else 0


@contextmanager
def _worker_beside(url: str) -> Iterator[None]:
    """The worker that the console would carry. What it logs of what goes wrong on purpose is told instead."""
    worker = EmbeddedWorker(WorkerSpec(WORKER), url, Scribe())
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        worker.join(PATIENCE)
        worker.close()


async def _play(built: Stage, telling: Telling) -> list[Claim]:
    telling.chapter("The sagewai demo, played as text because there is no terminal")
    telling.say(f"a scratch store, gone at the end: {built.scratch.store_url}")
    model = os.environ.get("SAGEWAI_MODEL")
    telling.say(f"model calls go to {model}" if model else f"model calls are answered by: {DISCLAIMER}")
    telling.say("a worker process serves the pool `agents`, a worker in this process the pool `default`")
    keeping = asyncio.create_task(built.process.keep())
    try:
        async with asyncio.timeout(LIMIT - telling.elapsed):
            story = Story(built, telling)
            run, claims = await story.play()
            telling.chapter("7. What must be true")
            for claim, holds in claims:
                telling.say(f"{'ok    ' if holds else 'FAILED'} {claim}")
            await _show_screens(built.scratch.store_url, run.run_id, telling)
    except TimeoutError:
        raise StoryBroken(f"{LIMIT:g} s are gone") from None
    finally:
        keeping.cancel()
        await built.store.close()
    return claims


async def _show_screens(url: str, run_id: str, telling: Telling) -> None:
    """Each screen once, on what the story left: a notice that waits, and a dead letter."""
    frames = await draw(
        url,
        DEMO,
        [
            Wanted("1 Runs", ["notice-01", "survey-01", "orders-02"], key="1"),
            Wanted("2 Run", [run_id, "draft", "publish"], run_id=run_id),
            Wanted("3 Approvals", ["notice-03", "Publish the notice"], key="3"),
            Wanted("4 Workers", ["agents", "default", "models-"], key="4"),
            Wanted("5 Dead letters", ["orders-03", "MalformedOrders"], key="5"),
        ],
        ascii_only=telling.ascii_only,
    )
    for frame in frames:
        telling.chapter(frame.title)
        telling.picture(frame.lines)


def _takes(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _say_failed(what: str) -> int:
    print(f"sagewai-tui --demo: {what}", file=sys.stderr)
    return 1
