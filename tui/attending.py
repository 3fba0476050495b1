"""The part of the console that knows whether somebody looks: focus, keys, the lock, and what to call them for."""

from __future__ import annotations

import asyncio
import os
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import SuspendNotSupported
from textual.driver import Driver
from textual.screen import Screen
from textual.widget import AwaitMount

from tui.format import Cell, Role
from tui.gateway import Missing, Unreachable
from tui.keymap import is_kept
from tui.lastlook import LastLook
from tui.navigation import Navigation
from tui.notices import Notices, Waiting
from tui.telling import Caller, How, signal_for

if TYPE_CHECKING:
    from tui.views import Totals

LOCK = "lock"
"""The mode that lies over the others while the console is locked: what was open stays open below."""

WATCH_EVERY = 10.0
"""Seconds between two looks at the counters while no screen looks: out of focus, at rest, or locked."""

_STIR_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Attention:
    """``lock_after`` seconds without a key, None for never. ``keeps_looking``: the screen in front looks on while the
    terminal has no focus. ``looks``: the file of the last look, None for none."""

    lock_after: float | None = None
    notify: How = "off"
    command: tuple[str, ...] = ()
    keeps_looking: bool = False
    looks: Path | None = None
    clock: Callable[[], float] = time.monotonic


class Attending(Navigation):
    """A console that rests while nobody looks."""

    def __init__(
        self, *, native_colours: bool, driver_class: type[Driver] | None, attention: Attention
    ) -> None:
        super().__init__(native_colours=native_colours, driver_class=driver_class)
        self.attention = attention
        self._notices = Notices(attention.clock)
        self._caller = Caller(attention.command)
        self._touched_at = attention.clock()
        self._covered: str | None = None
        self._watching = False
        self._watched_at = float("-inf")
        self._look: LastLook | None = None
        self.is_away = False
        """Whether another program has the terminal."""

    @property
    @abstractmethod
    def looks(self) -> bool:
        """Whether the screen in front reads the store."""

    @property
    def is_attended(self) -> bool:
        """Whether the terminal is in front, as far as it tells, and the console's."""
        return not self.is_away and (self.app_focus or self.attention.keeps_looking)

    @property
    def is_covered(self) -> bool:
        """Whether the lock is in the picture's place."""
        return self._covered is not None

    def begin_attending(self) -> None:
        """Called once the first frame is drawn."""
        self._look = LastLook(self.attention.looks, self.door.now)
        self.gateway.last_look = self._look.before
        self.set_interval(_STIR_EVERY, self._stir)

    def end_attending(self) -> None:
        if self._look is not None:
            self._look.keep()

    # -- keys and focus -----------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and is_kept(event.key):
            return
        if isinstance(event, events.InputEvent | events.Paste):
            if self.is_away:
                return  # read before another program got the terminal, and meant for that one
            self._touch()
        await super().on_event(event)

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """Let another program have the terminal: the console draws nothing and reads no key, and the rest of it goes
        on. Unlike Textual's own it leaves stdout where it is: what steps print must not get between. Whoever comes back
        from a pager or an editor was there all the while. Raises SuspendNotSupported."""
        driver = self._driver
        if driver is None or not driver.can_suspend:
            raise SuspendNotSupported("there is no terminal to hand on")
        self._suspend_signal()
        driver.suspend_application_mode()
        self.is_away = True
        self._look_up_or_away()
        try:
            with driver.no_automatic_restart():
                yield
        finally:
            self.is_away = False
            if not self._exit and self._exception is None:  # else the terminal stays in order as it is
                driver.resume_application_mode()
                self._resume_signal()
                self.refresh(layout=True)
                self._touch()
                self._look_up_or_away()

    def _look_up_or_away(self) -> None:
        front = self.front_screen()
        if front is not None:
            front.attend()

    def _touch(self) -> None:
        self._touched_at = self.attention.clock()
        self._notices.touched()
        if self._look is not None and self.door.link.state == "live":
            self._look.touched()
            self.gateway.last_look = self._look.before

    def watch_app_focus(self, focus: bool) -> None:
        """Out of focus the screen in front stops looking; back in it, it looks at once."""
        if not self.attention.keeps_looking:
            self._look_up_or_away()

    # -- the counters, when no screen reads them ----------------------------------------------------------------------

    def _stir(self) -> None:
        after = self.attention.lock_after
        if after is not None and not self.is_away and self.attention.clock() - self._touched_at >= after:
            self.lock()
        if not self._watching:
            self.run_worker(self._watch(), group="watch", exclusive=False)

    async def _watch(self) -> None:
        """Hear what the screen in front has read; where none looks, read it every now and then."""
        self._watching = True
        try:
            await self._hear()
        finally:
            self._watching = False

    async def _hear(self) -> None:
        gateway, now = self.gateway, self.attention.clock()
        if (self.is_covered or not self.looks) and now - self._watched_at >= WATCH_EVERY:
            self._watched_at = now
            try:
                await gateway.totals()
            except (Unreachable, Missing):
                gateway.latest = None
        self._draw_lock()
        if gateway.latest is not None:
            await self._tell(gateway.latest)

    async def _tell(self, totals: Totals) -> None:
        if self.is_away and not self.attention.command:
            return  # it is told once the terminal can be written to
        notice = self._notices.hear(
            Waiting(totals.approvals, totals.newest_approvals),
            Waiting(totals.dead_letters, totals.newest_dead_letters),
        )
        if notice is None:
            return
        place = self.door.place
        written = await asyncio.to_thread(signal_for, self.attention.notify, notice, place, os.environ)
        if written and self._driver is not None and not self.is_headless:
            self._driver.write(written)
            self._driver.flush()
        call = self._caller.call(notice, lambda said: self.say(Cell(f" {said}", Role.FAILED)))
        self.run_worker(call, group="notify", exclusive=False)

    # -- the lock -----------------------------------------------------------------------------------------------------

    def lock(self) -> None:
        """Cover the picture; nothing can be done from here until somebody says who they are."""
        if self._covered is not None:
            return
        self.door.is_locked = True
        covered = self.current_mode
        super().switch_mode(LOCK)
        self._covered = covered
        self._draw_lock()

    def _draw_lock(self) -> None:
        if not self.is_covered:
            return
        from tui.screens.lock import LockScreen

        front = self.screen_stack[-1] if self.screen_stack else None  # none is left once it ends
        if isinstance(front, LockScreen):
            front.show(self.gateway.latest)

    def unlock(self, name: str) -> bool:
        """Show the picture again; with the operator's name everything is as before. False for another's name."""
        door = self.door
        names = {door.acts_as, door.actor.name.partition(" ")[0]}
        if name and name not in names | {known.partition("@")[0] for known in names}:
            return False
        door.is_locked = not name and not door.read_only
        covered, self._covered = self._covered, None
        if covered is not None:
            super().switch_mode(covered)
        front = self.front_screen()
        if front is not None:
            front.refresh_bindings()
            if door.is_locked:
                unlock = self.habits.keymap.line("command", ":", "unlock")
                front.prompt.say(
                    Cell(f" look only; {unlock} and your account's name for the rest", Role.WAITING)
                )
        self.poke()
        return True

    def switch_mode(self, mode: str) -> AwaitMount:
        """While it is locked, another screen is shown only once it isn't any more."""
        if self._covered is None:
            return super().switch_mode(mode)
        self._covered = mode
        return AwaitMount(self.screen, [])

    def push_screen(self, screen: Screen[Any] | str, *rest: Any, mode: str | None = None, **more: Any) -> Any:
        """While it is locked, below the lock."""
        return super().push_screen(screen, *rest, mode=mode or self._covered, **more)
