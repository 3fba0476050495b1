"""How long to wait before the next attempt. Pure arithmetic."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from sagewai.core.codec import shown
from sagewai.errors import InvalidOptionError

IN_PLACE = 2.0
"""Seconds: a delay up to this is slept under the lease, a longer one parks the run."""

MAX_DELAY = 30 * 24 * 3600.0
MAX_RETRIES = 10_000


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """``delay`` x ``factor`` ** (failures - 1) seconds, at most ``max_delay``, plus or minus ``jitter`` (0 to 1) of it.

    ``RetryPolicy(delay=1, factor=2, max_delay=60, jitter=0.1)`` waits about 1, 2, 4, ... 60, 60 seconds.
    """

    delay: float = 1.0
    factor: float = 1.0
    max_delay: float = 300.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        check_number("RetryPolicy delay", self.delay, low=0.0, high=MAX_DELAY)
        check_number("RetryPolicy factor", self.factor, low=1.0, high=1_000.0)
        check_number("RetryPolicy max_delay", self.max_delay, low=0.0, high=MAX_DELAY)
        check_number("RetryPolicy jitter", self.jitter, low=0.0, high=1.0)

    def wait(self, failures: int, rng: random.Random | None = None) -> float:
        """Seconds to wait after ``failures`` failed attempts (from 1)."""
        exponent = min(failures - 1, 1_000)
        try:
            delay = min(self.delay * self.factor**exponent, self.max_delay)
        except OverflowError:
            delay = self.max_delay
        if self.jitter and delay:
            spread = (rng or random).uniform(-self.jitter, self.jitter)
            delay = max(0.0, delay * (1.0 + spread))
        return delay


def check_number(name: str, value: object, *, low: float, high: float) -> float:
    """``value`` as a float in [low, high]; raises InvalidOptionError naming it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidOptionError(f"{name} is {shown(value)}: it must be a number")
    if (isinstance(value, float) and not math.isfinite(value)) or not low <= value <= high:
        raise InvalidOptionError(f"{name} is {shown(value)}: it must lie between {low:g} and {high:g}")
    return float(value)


def check_count(name: str, value: object, *, low: int, high: int) -> int:
    """``value`` as an int in [low, high]; raises InvalidOptionError naming it."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidOptionError(f"{name} is {shown(value)}: it must be an int")
    if not low <= value <= high:
        raise InvalidOptionError(f"{name} is {shown(value)}: it must lie between {low} and {high}")
    return value
