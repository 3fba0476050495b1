"""What is worth telling somebody who looks elsewhere: approvals and dead letters that came since the console began.

Nothing here does it; see :mod:`tui.telling`. Pure, but for the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.format import plural

AT_MOST_EVERY = 30.0
"""Seconds between two notices; what comes meanwhile is told together."""

AT_THE_KEYS = 15.0
"""Seconds after a key in which nobody needs to be called."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is new, and how many there are in all."""

    new_approvals: int
    new_dead_letters: int
    approvals: int
    dead_letters: int

    @property
    def text(self) -> str:
        """``2 new approvals, 1 new dead letter``: nothing in it comes from data."""
        news = ((self.new_approvals, "new approval"), (self.new_dead_letters, "new dead letter"))
        return ", ".join(plural(count, noun) for count, noun in news if count)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many there are, and the ids of those of the newest that are, the newest first; ids rise."""

    count: int
    newest: tuple[int, ...] = ()


class _Arrivals:
    """What has come of one kind and wasn't told yet: by its ids, and how many more than are known by theirs."""

    def __init__(self) -> None:
        self._before: Waiting | None = None
        self._top = 0
        self._new: frozenset[int] = frozenset()
        self._more = 0

    def hear(self, now: Waiting) -> None:
        """What was there at first isn't new; one that goes while another comes hides nothing; what is gone again, or
        was told, is no news any more."""
        before, self._before, top = self._before, now, self._top
        self._top = max(top, *now.newest, 0)
        if before is None:
            return
        fresh = frozenset(each for each in now.newest if each > top)
        self._new = (self._new | fresh) & frozenset(now.newest)
        self._more += max(0, now.count - before.count - len(fresh))
        self._more = max(0, min(self._more, now.count - len(self._new)))

    @property
    def count(self) -> int:
        return len(self._new) + self._more

    def told(self) -> None:
        self._new, self._more = frozenset(), 0


class Notices:
    """Hears what waits as often as it is read, and says now and then that there is something to tell."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._approvals, self._dead_letters = _Arrivals(), _Arrivals()
        self._told_at = self._key_at = float("-inf")

    def touched(self) -> None:
        """Somebody is at the keys."""
        self._key_at = self._clock()

    def hear(self, approvals: Waiting, dead_letters: Waiting) -> Notice | None:
        """What to tell now, if anything."""
        self._approvals.hear(approvals)
        self._dead_letters.hear(dead_letters)
        new = self._approvals.count, self._dead_letters.count
        at = self._clock()
        if new == (0, 0) or at - self._told_at < AT_MOST_EVERY or at - self._key_at < AT_THE_KEYS:
            return None
        self._told_at = at
        self._approvals.told()
        self._dead_letters.told()
        return Notice(*new, approvals.count, dead_letters.count)
