"""How soon a worker that crashed is started again, and when no more. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sagewai.core.retry import RetryPolicy

BACK_OFF = RetryPolicy(delay=0.5, factor=2, max_delay=10, jitter=0.5)


@dataclass(frozen=True, slots=True)
class Pace:
    """``crashes`` within ``within`` seconds are enough; before that each one is waited upon longer, with jitter."""

    back_off: RetryPolicy = BACK_OFF
    crashes: int = 5
    within: float = 60.0

    def delay(self, crashed: Sequence[float], now: float) -> float | None:
        """Seconds until the next start after crashes at these times; None: it isn't started again."""
        recent = sum(now - at <= self.within for at in crashed)
        return None if recent >= self.crashes else self.back_off.wait(max(1, recent))
