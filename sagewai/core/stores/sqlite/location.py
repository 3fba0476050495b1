"""Where the file may lie, and how it comes into being: owner-only, on a file system whose locks can be trusted."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path

from sagewai.errors import StoreUnavailable, StoreURLError, UnsafeLocation

MOUNTS = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    {
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "fuse.sshfs",
        "fuse.smbnetfs",
    }
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


def prepare(path: Path, mounts: Path = MOUNTS) -> None:
    """Make the file (0600) and its folders (0700) where they are missing.

    Raises UnsafeLocation on a network file system, StoreURLError for a folder or a device, StoreUnavailable where
    nothing can be made.
    """
    try:
        _require_file(path)
        refuse_network(path, mounts)
        _make_folder(path.parent)
        _make_file(path)
    except OSError as error:
        raise StoreUnavailable(f"{path} can't be opened: {error.strerror or error}") from error


def exists(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether there is a file, which is not made here. Raises as :func:`prepare` does."""
    try:
        _require_file(path)
        refuse_network(path, mounts)
        return path.exists()
    except OSError as error:
        raise StoreUnavailable(f"{path} can't be opened: {error.strerror or error}") from error


def free_share(path: Path) -> float | None:
    """The free share of the disk that holds, or will hold, the file; None where it has no size."""
    folder = path.parent
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free / usage.total if usage.total else None


def refuse_network(path: Path, mounts: Path = MOUNTS) -> None:
    """Raise UnsafeLocation where the path lies on NFS, SMB or the like. Where mounts can't be listed it passes."""
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system(os.path.realpath(path), table)
    if kind in _NETWORK:
        raise UnsafeLocation(
            f"{path} lies on {kind}: SQLite's locks and shared memory don't work over a network, and the file would be "
            "corrupted; put it on a local disk, or use PostgreSQL to share runs between machines"
        )


def file_system(path: str, mountinfo: str) -> str:
    """The type of the file system an absolute path lies on, '' when unknown; ``mountinfo`` as in proc(5)."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:  # among equals the later mount covers the earlier
            best, kind = len(point), after.split(" ", 1)[0]
    return kind


def _require_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise StoreURLError(f"{path} passes through something that is no folder") from None
    if stat.S_ISDIR(mode):
        raise StoreURLError(f"{path} is a folder: name a file in it, such as {path / 'sagewai.db'}")
    if not stat.S_ISREG(mode):
        raise StoreURLError(f"{path} is no regular file")


def _make_folder(folder: Path) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def _make_file(path: Path) -> None:
    """Never opens a file that exists: closing it again would drop the locks this process holds on it."""
    try:
        os.mknod(path, 0o600 | stat.S_IFREG)
    except FileExistsError:
        return
    except (PermissionError, AttributeError):  # only root may use mknod there
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
