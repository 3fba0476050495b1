"""What signals do while the demo ends: the first one leaves in good order, and nothing disturbs the cleaning up."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def leaving_on_signals() -> Iterator[None]:
    """SIGHUP and SIGTERM leave through every `finally`."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = [(number, signal.signal(number, leave)) for number in (signal.SIGHUP, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """An impatient second signal must not leave half of it behind."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
