"""What identifies this process, and whether another of the same host is proven dead. A pid alone may be reused."""

from __future__ import annotations

import os
import socket
import sys
from functools import lru_cache
from pathlib import Path

from sagewai.models.session import ProcessIdentity


def this_process() -> ProcessIdentity:
    """Identity of the calling process; fields that the system doesn't tell are ''."""
    pid = os.getpid()
    return ProcessIdentity(socket.gethostname(), _boot_id(), _pid_namespace(), pid, _started(pid))


def proven_dead(process: ProcessIdentity) -> bool:
    """True only where it is certain: the same host, boot and pid namespace, and no such process, or a younger one."""
    if process.host != socket.gethostname() or not process.boot_id or process.boot_id != _boot_id():
        return False
    if not process.pid_namespace or process.pid_namespace != _pid_namespace() or not process.started:
        return False
    return _started(process.pid) != process.started


@lru_cache(maxsize=1)
def _boot_id() -> str:
    return _read("/proc/sys/kernel/random/boot_id").strip()


@lru_cache(maxsize=1)
def _pid_namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Start time in clock ticks after boot; '' where no such process lives (a zombie is dead), or no /proc."""
    if not sys.platform.startswith("linux"):
        return ""
    _, _, fields = _read(f"/proc/{pid}/stat").rpartition(")")  # the command before it may hold anything
    words = fields.split()
    if len(words) < 20 or words[0] in {"Z", "X"}:
        return ""
    return words[19]


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
