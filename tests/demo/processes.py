"""Whether other processes live, and waiting until something about them is so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def lives(pid: int) -> bool:
    """Whether such a process runs; one that only waits to be collected is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # no /proc on this system: believe the signal


def eventually(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.02)
