"""Drives the console without a terminal: presses keys, waits for what must show, reads the screen as text."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from tests.tui.stage import OPERATOR
from tui.app import ConsoleApp
from tui.attending import Attention
from tui.habits import Habits
from tui.screens.base import ConsoleScreen
from tui.screens.console import Mode

NARROW = (80, 24)
WIDE = (140, 40)
PATIENCE = 10.0
DRAWINGS = str.maketrans("╭╮╰╯─│↑↓", "++++-|^v")
"""Frames and arrows, which only the console's net turns into ASCII."""


class Drive:
    """A console under test."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """The screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def front(self) -> ConsoleScreen:
        assert isinstance(self.app.screen, ConsoleScreen)
        return self.app.screen

    @property
    def said(self) -> str:
        """The two prompt lines."""
        return self.front.prompt.text

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type into the open prompt."""
        await self.pilot.press(*text)

    async def shows(self, wanted: str | Callable[[str], bool]) -> str:
        """The screen once it shows ``wanted``; fails with what it shows instead."""
        condition = wanted if callable(wanted) else lambda text: wanted in text
        until = time.monotonic() + PATIENCE
        while not condition(text := self.text):
            if time.monotonic() > until:
                raise AssertionError(f"waited for {wanted!r}; the screen shows\n{text}")
            await self.pilot.pause(0.02)
        return text

    async def looked(self) -> None:
        """After one more look at the store."""
        await self.front.look_once()
        await self.pilot.pause()

    def line_with(self, text: str) -> str:
        """The first line that holds ``text``."""
        return next(line for line in self.lines if text in line)


@asynccontextmanager
async def driving(
    store: Store,
    *,
    size: tuple[int, int] = NARROW,
    start: Mode = "runs",
    read_only: bool = False,
    ascii_only: bool = False,
    actor: Actor = OPERATOR,
    run_id: str | None = None,
    interval: float = 0.2,
    attention: Attention | None = None,
    habits: Habits | None = None,
    has_net: bool = True,
) -> AsyncIterator[Drive]:
    """A console on ``store``, after its first look. Without its ``net`` it shows what widgets draw by themselves."""
    app = ConsoleApp(
        "memory://",
        actor=actor,
        read_only=read_only,
        start_screen=start,
        run_id=run_id,
        ascii_only=ascii_only,
        interval=interval,
        attention=attention,
        habits=habits,
        environ={"TERM": "xterm-256color"},
        opener=lambda url: store,
    )
    if not has_net:
        app.get_line_filters = lambda: ()  # type: ignore[method-assign]
    async with app.run_test(size=size) as pilot:
        drive = Drive(app, pilot)
        await drive.shows(lambda text: "PEND" in text)
        yield drive
