"""SIGTERM and SIGINT for workers: several in one process hear the same signal, and the handlers of before come back."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """While the with-block lasts, ``heard`` is called in the running loop for each signal. A no-op outside the main
    thread, which alone may catch signals, and on Windows."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._catchers: list[_Catcher] = []

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread() or os.name == "nt":
            return
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            before = signal.getsignal(number)
            if before is None:  # installed by other than Python code: it couldn't be put back
                continue
            catcher = _Catcher(loop, self._heard, before)
            signal.signal(number, catcher)
            self._catchers.append(catcher)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for catcher in self._catchers:
            catcher.active = False
        for number in SIGNALS:  # neighbours that ended earlier lie beneath, or wait for the one above
            current = signal.getsignal(number)
            while isinstance(current, _Catcher) and not current.active:
                current = current.before
                signal.signal(number, current)


class _Catcher:
    """One signal's handler. It tells the one it replaced, where that is another worker's."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        heard: Callable[[], None],
        before: Callable[[int, FrameType | None], object] | int,
    ) -> None:
        self._loop = loop
        self._heard = heard
        self.before = before
        self.active = True

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.active:
            try:
                self._loop.call_soon_threadsafe(self._heard)  # wakes the loop, and runs between its callbacks
            except RuntimeError:  # the loop was closed around its worker
                self.active = False
        if isinstance(self.before, _Catcher):
            self.before(number, frame)
