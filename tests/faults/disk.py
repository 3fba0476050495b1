"""A disk that can be full at a word, and has room again at another.

Where mounting is allowed it is a tmpfs, made just as large as what lies on it. Elsewhere the processes that write are
forbidden to make a file longer than it is (RLIMIT_FSIZE), which they meet as an error of the same write.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

ROOM = 768 * 1024 * 1024
"""Bytes of a mounted disk that has room; a tmpfs takes memory only for what lies on it."""

SPARE = 32 * 1024
"""Bytes that are left on a disk that counts as full: the next few writes take them."""

SEGMENT = 16 * 1024 * 1024
"""Length of a file of PostgreSQL's log: under a shorter limit the server couldn't write at all, full disk or not."""


class Disk(Protocol):
    """``way`` says how it is made full."""

    way: str

    def fill(self) -> None: ...

    def make_room(self) -> None: ...


class Mounted:
    """A file system of its own."""

    way = "tmpfs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, *, spare: int = SPARE) -> None:
        """As others write meanwhile, what was measured may be too little a moment later."""
        until = time.monotonic() + 10
        while True:
            try:
                _mount("-o", f"remount,size={self.used + spare}", str(self.folder))
                return
            except OSError:
                if time.monotonic() > until:
                    raise

    @property
    def used(self) -> int:
        there = os.statvfs(self.folder)
        return (there.f_blocks - there.f_bfree) * there.f_frsize

    def make_room(self) -> None:
        _mount("-o", f"remount,size={ROOM}", str(self.folder))


class Limited:
    """No disk of its own: ``writers`` may make no file longer than the longest that ``files`` are now."""

    way = "RLIMIT_FSIZE"

    def __init__(
        self, writers: Callable[[], Iterable[int]], files: Callable[[], Iterable[Path]], *, least: int = 0
    ) -> None:
        self._writers = writers
        self._files = files
        self._least = least

    def fill(self) -> None:
        longest = max((_size(file) for file in self._files()), default=0)
        self._allow(max(longest, self._least) + SPARE)

    def make_room(self) -> None:
        self._allow(resource.RLIM_INFINITY)

    def _allow(self, size: int) -> None:
        """The first writers are told before those they start: a new one inherits."""
        told: set[int] = set()
        while new := [writer for writer in self._writers() if writer not in told]:
            for writer in new:
                with suppress(ProcessLookupError):
                    _limit(writer, size)
                told.add(writer)


@contextmanager
def mounted() -> Iterator[Mounted | None]:
    """A small disk; None where this process may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="sgw-full-", dir="/tmp"))
    try:
        _mount("-t", "tmpfs", "-o", f"size={ROOM},mode=0755", "tmpfs", str(folder))
    except OSError:
        folder.rmdir()
        yield None
        return
    try:
        yield Mounted(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def family(pid: int) -> list[int]:
    """A process and all that it started, itself first."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
    return found


def files_in(folder: Path) -> list[Path]:
    return [Path(at) / name for at, _, names in os.walk(folder) for name in names]


def _limit(pid: int, size: int) -> None:
    """Raises ProcessLookupError where there is no such process any more."""
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    except PermissionError:  # of another account, which this one's may not reach into, but can become
        try:
            owner = os.stat(f"/proc/{pid}")
        except FileNotFoundError:
            raise ProcessLookupError(pid) from None
        soft = "unlimited" if size == resource.RLIM_INFINITY else size
        command = ["prlimit", f"--pid={pid}", f"--fsize={soft}:unlimited"]
        done = subprocess.run(command, user=owner.st_uid, group=owner.st_gid, extra_groups=[], check=False)
        if done.returncode != 0 and Path(f"/proc/{pid}").exists():
            raise


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _mount(*arguments: str) -> None:
    """Raises OSError where it isn't allowed or not possible."""
    program = shutil.which("mount", path=f"{os.environ.get('PATH', '')}:/bin:/sbin:/usr/bin:/usr/sbin")
    if program is None:
        raise FileNotFoundError("this machine has no mount")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise OSError(done.stderr.strip() or f"mount ended with {done.returncode}")
