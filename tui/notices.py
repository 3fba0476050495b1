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


class Notices:
    """Hears the counters as often as they are read, and says now and then that there is something to tell."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: tuple[int, int] | None = None
        self._new = (0, 0)
        self._told_at = self._key_at = float("-inf")

    def touched(self) -> None:
        """Somebody is at the keys."""
        self._key_at = self._clock()

    def hear(self, approvals: int, dead_letters: int) -> Notice | None:
        """What to tell now, if anything. What was there at first isn't new, and what is gone again isn't told."""
        now = (approvals, dead_letters)
        seen, self._seen = self._seen, now
        if seen is None:
            return None
        more = (max(0, now[0] - seen[0]), max(0, now[1] - seen[1]))
        self._new = (min(now[0], self._new[0] + more[0]), min(now[1], self._new[1] + more[1]))
        at = self._clock()
        if self._new == (0, 0) or at - self._told_at < AT_MOST_EVERY or at - self._key_at < AT_THE_KEYS:
            return None
        told, self._new, self._told_at = self._new, (0, 0), at
        return Notice(*told, *now)
