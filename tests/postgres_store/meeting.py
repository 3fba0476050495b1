"""Parties that meet: each goes on for a while, and until all have done what they do often enough."""

from __future__ import annotations

import time
from collections import Counter

ENOUGH = 5
PATIENCE = 20.0
"""Seconds after which parties part in any case: a busy machine may need a few of them."""


class Meeting:
    """``done`` counts what the parties do; each of these deeds is expected of them."""

    def __init__(self, seconds: float, *deeds: str) -> None:
        self.done: Counter[str] = Counter(dict.fromkeys(deeds, 0))
        self.until = time.monotonic() + seconds

    @property
    def goes_on(self) -> bool:
        left = self.until - time.monotonic()
        return left > 0 or (min(self.done.values()) < ENOUGH and left > -PATIENCE)

    def check(self) -> None:
        """Nobody was kept from what they came for."""
        assert min(self.done.values()) >= ENOUGH, self.done
