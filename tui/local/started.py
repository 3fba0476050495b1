"""The lines with which local workers were started before, newest first, kept in a file of the user's own."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_KEPT = 30
"""Lines."""


class Started:
    """``path`` None: the user's state folder, which ``XDG_STATE_HOME`` moves. A file that can't be read or written
    costs the memory, nothing else."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lines: tuple[str, ...] | None = None

    def lines(self) -> tuple[str, ...]:
        """Newest first."""
        if self._lines is None:
            self._lines = ()
            with suppress(OSError, ValueError):
                self._lines = tuple(self._file().read_text(encoding="utf-8").splitlines()[:_KEPT])
        return self._lines

    def add(self, line: str) -> None:
        """Put a line first."""
        self._lines = (line, *(other for other in self.lines() if other != line))[:_KEPT]
        with suppress(OSError, ValueError):
            path = self._file()
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write("\n".join(self._lines) + "\n")
            fresh.replace(path)

    def _file(self) -> Path:
        if self._path is None:
            from platformdirs import user_state_path

            self._path = user_state_path("sagewai", appauthor=False) / "started"
        return self._path
