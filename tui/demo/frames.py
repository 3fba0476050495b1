"""The console's screens as text: the real app on the story's store, drawn once each at 80 by 24 without a terminal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sagewai import Actor
from tui.app import ConsoleApp
from tui.demo.telling import StoryBroken

SIZE = (80, 24)
PATIENCE = 8.0
"""Seconds in which a screen must show what it is drawn for."""

STEADY = 0.15
"""Seconds in which nothing may change before a screen counts as drawn."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One screen. ``lines`` are as wide as the terminal they were drawn for, at most."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A screen by its key, or the Run screen by its run; and words it shows once it has read the store."""

    title: str
    shows: Sequence[str]
    key: str = ""
    run_id: str = ""


async def draw(url: str, actor: Actor, wanted: Sequence[Wanted], *, ascii_only: bool = False) -> list[Frame]:
    """The wanted screens in order. Raises StoryBroken when one doesn't show what it must."""
    app = ConsoleApp(url, actor=actor, ascii_only=ascii_only)
    frames = []
    async with app.run_test(size=SIZE) as pilot:
        for screen in wanted:
            if screen.run_id:
                app.open_by_text(screen.run_id)
            else:
                await pilot.press(screen.key)
            frames.append(Frame(screen.title, await _settled(app, screen)))
    return frames


async def _settled(app: ConsoleApp, screen: Wanted) -> tuple[str, ...]:
    """Its lines once they hold what they must and stay the same for a moment: a screen is drawn in several goes."""
    until = time.monotonic() + PATIENCE
    before: tuple[str, ...] = ()
    while True:
        lines = tuple(strip.text.rstrip() for strip in app.screen._compositor.render_strips())
        missing = [words for words in screen.shows if not any(words in line for line in lines)]
        if not missing and lines == before:
            return lines
        before = lines
        if missing and time.monotonic() > until:
            shown = "\n".join(lines)
            raise StoryBroken(f"the screen {screen.title!r} doesn't show {missing[0]!r}:\n{shown}")
        await asyncio.sleep(STEADY)
