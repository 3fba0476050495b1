"""Files that only their user reads: the logs of local workers, in the user's log folder, and the end of one of them."""

from __future__ import annotations

import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from tui.text import Scribe

KEPT = 500
"""Lines of a log that are shown."""

_CHUNK = 65_536
"""Bytes of a log that are read at a time; where more was written, its beginning is skipped."""

_OLD = 14 * 86_400.0
"""Seconds after which the log of a worker that is gone is removed."""


def append_private(path: Path) -> int:
    """A descriptor at the end of a file of mode 0600, which is made where it isn't there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def log_folder() -> Path:
    """Where logs lie; ``XDG_STATE_HOME`` moves it."""
    from platformdirs import user_log_path

    return user_log_path("sagewai", appauthor=False)


def log_file(process: int, number: int = 0, folder: Path | None = None) -> Path:
    """The log of a console's worker; number 0 is the embedded one's."""
    return (folder or log_folder()) / f"console-worker-{process}{f'-{number}' if number else ''}.log"


def sweep_logs(folder: Path) -> None:
    """Remove the logs of local workers that nobody has written to for two weeks."""
    for path in folder.glob("console-worker-*.log*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _OLD:
                path.unlink()


class FileTail:
    """The last lines of a file that another process writes, safe; it may be begun anew meanwhile."""

    def __init__(self, path: Path, scribe: Scribe) -> None:
        self.path = path
        self._scribe = scribe
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._inode = self._offset = 0
        self._rest = b""

    def lines(self) -> tuple[str, ...]:
        """The last lines, oldest first, with what was written since the last call."""
        with suppress(OSError), self.path.open("rb") as log:
            at = os.fstat(log.fileno())
            if at.st_ino != self._inode or at.st_size < self._offset:
                self._inode, self._offset, self._rest = at.st_ino, 0, b""
            skipped = at.st_size - self._offset > _CHUNK
            if skipped:
                self._offset, self._rest = at.st_size - _CHUNK, b""
            log.seek(self._offset)
            fresh = log.read(_CHUNK)
            self._offset += len(fresh)
            *whole, self._rest = (self._rest + fresh).split(b"\n")
            self._rest = self._rest[-_CHUNK:]
            self._keep(whole[skipped:])
        return tuple(self._lines)

    def _keep(self, whole: list[bytes]) -> None:
        from sagewai.core.failure import without_secrets

        for line in whole[-KEPT:]:
            text = without_secrets(line.decode("utf-8", "backslashreplace").rstrip("\r"))
            self._lines.append(self._scribe.line(text, limit=2_000))
