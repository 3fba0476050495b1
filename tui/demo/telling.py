"""How the story is told: safe text, each line with the time since its start, and waiting that gives up in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tui.text import Scribe

T = TypeVar("T")

LOOK = 0.05
"""Seconds between two looks at what is waited for."""


class StoryBroken(Exception):
    """The story didn't go on as it must; the text says where it stopped."""


class Telling:
    """Tells, and waits. ``limit`` in seconds is what the whole story may take; ``ascii_only`` for an output that takes
    nothing else."""

    def __init__(self, limit: float, *, ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        self._scribe = Scribe(ascii=ascii_only)
        self._began = time.monotonic()
        self._limit = limit

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        print(f"\n{self._scribe.line(title)}", flush=True)

    def say(self, text: str) -> None:
        print(f"{self.elapsed:5.1f}s  {self._scribe.line(text)}", flush=True)

    def show(self, text: str) -> None:
        """Text of several lines, set in."""
        for line in self._scribe.lines(text).splitlines():
            print(f"        {line}".rstrip(), flush=True)

    def picture(self, drawn: Sequence[str]) -> None:
        """A screen's lines as they are, below a line as long as it is wide."""
        print("-" * 80, *(self._scribe.line(line) for line in drawn), sep="\n", flush=True)

    async def until(self, what: str, look: Callable[[], Awaitable[T | None]]) -> T:
        """What ``look`` gives once it gives something. Raises StoryBroken when the story's time is up."""
        while True:
            found = await look()
            if found is not None:
                return found
            if self.elapsed > self._limit:
                raise StoryBroken(f"{self.elapsed:.0f} s are gone, and still {what} is waited for")
            await asyncio.sleep(LOOK)
