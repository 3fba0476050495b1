"""The process of a worker that another console left running: watched and signalled, though it isn't our child."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import suppress

from sagewai.core.worker.process import proven_dead
from tui.local.child import End
from tui.local.left import Found

_LOOK = 0.5
"""Seconds between two looks at whether it was let go meanwhile, and at a process of which no descriptor can be had."""


class Adopted:
    """A process is meant by a descriptor, or where the system has none by its pid and start time, so that no other that
    was given its pid is ever signalled."""

    def __init__(self, found: Found) -> None:
        self.pid = found.left.process.pid
        self._found = found
        self._let_go = self._over = False
        self._lock = threading.Lock()
        self._handle = _descriptor(self.pid)
        if self._handle is not None and proven_dead(found.left.process):  # it ended, and another has its pid
            os.close(self._handle)
            self._handle = None

    def wait(self) -> End:
        """How it ended; at once when it was let go. Nobody but its parent hears an exit code."""
        while not self._let_go and not self._is_gone():
            pass
        with self._lock:
            self._over = True
            handle, self._handle = self._handle, None
            if handle is not None:
                os.close(handle)
            if self._let_go:
                return End("", asked=True)
            asked = not self._found.path.exists()
            self._found.forget()
        return End("nobody asked it to", asked=asked, again=False)

    def signal(self, number: signal.Signals) -> None:
        """Does nothing once it has ended."""
        with self._lock, suppress(OSError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            elif not proven_dead(self._found.left.process):
                os.kill(self.pid, number)

    def let_go(self) -> None:
        """It goes on, for the next console to find."""
        with self._lock:
            if not self._over:
                self._let_go = True
                os.close(self._found.lock)

    def _is_gone(self) -> bool:
        """Looks for a while."""
        if self._handle is not None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            return bool(poll.poll(_LOOK * 1_000))
        if proven_dead(self._found.left.process):
            return True
        time.sleep(_LOOK)
        return False


def _descriptor(pid: int) -> int | None:
    """None where the process is gone, or the system knows no such descriptors."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
