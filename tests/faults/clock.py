"""Runs a module in a process whose wall clock is wrong: ``python -m tests.faults.clock SHIFT MODULE ARGUMENT...``.

SHIFT is in seconds, or ``jumping``: an hour fast and an hour slow in turns, so that every other jump leads back. The
monotonic clock stays what it is, as it does where somebody sets a machine's time.
"""

from __future__ import annotations

import datetime
import runpy
import sys
import time
from collections.abc import Callable

HOUR = 3_600.0
TURN = 0.7
"""Seconds between two jumps."""

_real_time = time.time
_real_monotonic = time.monotonic
_Real = datetime.datetime


def shift_of(word: str) -> Callable[[], float]:
    """How wrong the clock is at this moment."""
    if word == "jumping":
        return lambda: HOUR if int(_real_monotonic() / TURN) % 2 else -HOUR
    seconds = float(word)
    return lambda: seconds


def set_wrong(shift: Callable[[], float]) -> None:
    """From here on ``time.time`` and ``datetime.now`` lie to everybody who asks them through their modules."""

    class _AnyDatetime(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, _Real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, _Real)

    class Wrong(_Real, metaclass=_AnyDatetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return _Real.fromtimestamp(_real_time() + shift(), tz)

        @classmethod
        def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
            return cls.now(datetime.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> datetime.datetime:  # type: ignore[override]
            return cls.now()

    time.time = lambda: _real_time() + shift()
    time.time_ns = lambda: int((_real_time() + shift()) * 1e9)
    datetime.datetime = Wrong  # type: ignore[misc]


if __name__ == "__main__":
    set_wrong(shift_of(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
