"""Whether the database answers, how old the picture is when it doesn't, and when to try again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Literal

from tui.format import Cell, Role, age

LONGEST_PAUSE = 15.0
"""Seconds between two tries at most."""


class Link:
    """The state of the connection. ``error`` is safe text, '' while all is well."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._answered_at: float | None = None
        self.error = ""

    @property
    def state(self) -> Literal["connecting", "live", "stale"]:
        if self._failures:
            return "stale"
        return "connecting" if self._answered_at is None else "live"

    def answered(self) -> None:
        """The database answered."""
        self._failures = 0
        self._answered_at = self._clock()
        self.error = ""

    def failed(self, error: str) -> None:
        """The database didn't answer, or refused; ``error`` says why."""
        self._failures += 1
        self.error = error

    def pause(self, interval: float) -> float:
        """Seconds until the next refresh: the usual interval, or a growing one with jitter while nothing answers."""
        if not self._failures:
            return interval
        return min(LONGEST_PAUSE, 0.5 * 2.0 ** min(self._failures, 6)) * random.uniform(0.8, 1.2)

    def badge(self, interval: float) -> Cell:
        """``live 2s`` (how often it looks), or ``stale 45s`` (how old the picture is)."""
        if self.state == "live":
            return Cell(f"live {interval:g}s", Role.DONE)
        if self._answered_at is None:
            return Cell("no connection" if self._failures else "connecting", Role.WAITING)
        return Cell(f"stale {age(self._clock() - self._answered_at)}", Role.FAILED)
