"""The real program in a terminal of the test's own: a pty, what was written to it, and the screen that makes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyte

from tui.text import width

PATIENCE = 15.0
"""Seconds a test waits for what must come."""

_PRIVATE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9]* q")
"""Keyboard-protocol and mode queries, which pyte would print."""


class Terminal:
    """One program on one pty. Keys go in by ``keys``; ``wait_for`` waits for a condition on the screen."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        environ: Mapping[str, str] | None = None,
        cwd: str | None = None,
        controlling: bool = True,
    ) -> None:
        """Without ``controlling`` the program isn't told of a hang-up by a signal; its input just ends."""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._written = bytearray()
        self._heard = threading.Condition(self._lock)
        self._hung_up = False
        self.master, slave = pty.openpty()
        _set_size(slave, columns, rows)
        self.before = termios.tcgetattr(slave)
        self._slave = slave
        self.started = time.monotonic()
        self.first_frame_after: tuple[float, ...] = ()
        self.process = subprocess.Popen(
            list(argv),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={
                "TERM": "xterm-256color",
                "PATH": os.environ["PATH"],
                "HOME": os.environ["HOME"],
                **(environ or {}),
            },
            cwd=cwd,
            preexec_fn=_controlling if controlling else os.setsid,
            close_fds=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    # -- what is on it ------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The screen, line by line."""
        with self._lock:
            rows = [self._screen.buffer[y] for y in range(self._screen.lines)]
            drawn = [[row[x].data for x in range(self._screen.columns)] for row in rows]
        return "\n".join("".join(_shown(cells)).rstrip() for cells in drawn)

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def title(self) -> str:
        """What a window title was set to, '' if it never was."""
        with self._lock:
            return self._screen.title

    @property
    def written(self) -> bytes:
        """Every byte the program wrote."""
        with self._lock:
            return bytes(self._written)

    def wait_for(self, wanted: str | Callable[[str], bool], *, seconds: float = PATIENCE) -> str:
        """The screen once it shows ``wanted``; fails with what it shows instead."""
        shows = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        until = time.monotonic() + seconds
        while True:
            text = self.text
            if shows(text):
                return text
            if time.monotonic() > until:
                raise AssertionError(f"waited {seconds:g} s for {wanted!r}; the screen shows\n{text}")
            with self._heard:
                self._heard.wait(0.05)

    # -- what is done to it -------------------------------------------------------------------------------------------

    def keys(self, text: str) -> None:
        os.write(self.master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        with self._lock:
            self._screen.resize(rows, columns)
        _set_size(self.master, columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def hang_up(self) -> None:
        """Close the line, as a dropped SSH connection does."""
        if not self._hung_up:
            self._hung_up = True
            self._reader.join()  # a read that is under way would keep the line open
            os.close(self.master)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, *, seconds: float = PATIENCE) -> int:
        """The exit code."""
        return self.process.wait(seconds)

    @property
    def attributes(self) -> list[object]:
        """The terminal's modes now; ``before`` holds those it had."""
        return termios.tcgetattr(self._slave)

    def _processor_time(self) -> list[float]:
        """Seconds of processor time the program has had, where the system tells."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return []
        return [(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")]

    def _read(self) -> None:
        while not self._hung_up:
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(self.master, 65_536)
            except OSError:
                return
            if not data:
                return
            with self._heard:
                if not self.first_frame_after and b"sagewai" in data:
                    self.first_frame_after = (time.monotonic() - self.started, *self._processor_time())
                self._written += data
                self._stream.feed(_PRIVATE.sub(b"", data))
                self._heard.notify_all()


def console(*arguments: str) -> list[str]:
    """The command line of the program under test."""
    return [sys.executable, "-m", "tui", *arguments]


def _controlling() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _set_size(handle: int, columns: int, rows: int) -> None:
    fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _shown(cells: Sequence[str]) -> Iterator[str]:
    """A line's cells as a terminal shows them: the second half of a wide character is empty, and blank once its first
    half was overwritten (``Screen.display`` fails there, and a line may be looked at while it is being drawn)."""
    for at, data in enumerate(cells):
        if data:
            yield data
        elif at == 0 or width(cells[at - 1]) != 2:
            yield " "
