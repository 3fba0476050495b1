"""A wall clock that is wrong: by a number of seconds, or by an hour too much and an hour too little in turns.

It is set before anything else is imported, so that nobody has got hold of the right one. The monotonic clock stays what
it is, as it does where somebody sets a machine's time.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUR = 3_600.0
TURN = 0.7
"""Seconds between two jumps."""

_real_time = time.time
_real_monotonic = time.monotonic
_Real = datetime.datetime


def shift_of(word: str) -> Callable[[], float]:
    """How wrong the clock is at this moment; ``word`` is a number of seconds, or ``jumping``."""
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


def misplace(folder: Path, word: str) -> dict[str, str]:
    """What a process' environment must hold so that its clock is wrong from its first moment on."""
    (folder / "sitecustomize.py").write_text(
        f"from tests.faults.clock import set_wrong, shift_of\nset_wrong(shift_of({word!r}))\n"
    )
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
