"""Where the embedded worker's words go: a pane and a file, never the terminal the console draws on."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO

from tui.local.files import KEPT, append_private
from tui.text import Scribe


class Tail(logging.Handler):
    """Keeps the last lines, safe, and appends every line to a file of mode 0600."""

    def __init__(self, path: Path | None, scribe: Scribe) -> None:
        super().__init__(logging.INFO)
        self._scribe = scribe
        self._lines: deque[str] = deque(maxlen=KEPT)
        self._rest = ""
        self._joining = threading.Lock()
        self._file = None if path is None else _private(path)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        from sagewai.core.failure import without_secrets

        try:
            text = without_secrets(self.format(record))
        except Exception:  # a hostile argument must not stop the worker
            text = f"{record.levelname} (a log record that can't be formatted)"
        for line in text.split("\n"):
            self.add(line)

    def write(self, text: str) -> None:
        """Printed text, which comes in pieces."""
        with self._joining:
            *whole, self._rest = (self._rest + text).split("\n")
            self._rest = self._rest[-10_000:]
        for line in whole:
            self.add(line)

    def add(self, line: str) -> None:
        """One line that was printed or logged."""
        safe = self._scribe.line(line, limit=2_000)
        self._lines.append(safe)
        if self._file is not None:
            try:
                self._file.write(f"{safe}\n")
                self._file.flush()
            except (OSError, ValueError):
                self._file = None  # the disk is full or the file is gone; the pane goes on

    def lines(self) -> tuple[str, ...]:
        """The last lines, oldest first."""
        return tuple(self._lines.copy())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()


def _private(path: Path) -> IO[str] | None:
    try:
        handle = append_private(path)
    except OSError:
        return None
    return os.fdopen(handle, "a", encoding="utf-8")


class Diverted:
    """While entered, what steps and their child processes print goes into the tail; the console keeps the terminal.

    The terminal stays reachable under a descriptor of its own, which ``sys.__stderr__`` is pointed to.
    """

    def __init__(self, tail: Tail) -> None:
        self._tail = tail

    def __enter__(self) -> Diverted:
        sys.stdout.flush()
        sys.stderr.flush()
        self._kept = (os.dup(1), os.dup(2))
        self._names = (sys.__stderr__, sys.stderr, sys.stdout, sys.__stdout__)
        read_end, write_end = os.pipe()
        os.dup2(write_end, 1)
        os.dup2(write_end, 2)
        os.close(write_end)
        terminal = os.fdopen(os.dup(self._kept[1]), "w", encoding="utf-8", errors="replace")
        sys.__stderr__ = terminal  # type: ignore[misc]
        self._reader = threading.Thread(
            target=self._read, args=(read_end,), name="console-output", daemon=True
        )
        self._reader.start()
        return self

    def _read(self, read_end: int) -> None:
        with os.fdopen(read_end, encoding="utf-8", errors="backslashreplace", newline="\n") as lines:
            while line := lines.readline(4_096):
                self._tail.add(line.rstrip("\n"))

    def __exit__(self, *exc_info: object) -> None:
        sys.stdout.flush()
        os.dup2(self._kept[0], 1)
        os.dup2(self._kept[1], 2)
        terminal = sys.__stderr__
        sys.__stderr__, sys.stderr, sys.stdout, sys.__stdout__ = self._names  # type: ignore[misc]
        if terminal is not None:
            with contextlib.suppress(OSError):  # the line dropped
                terminal.close()
        for handle in self._kept:
            os.close(handle)
        self._reader.join(1.0)
