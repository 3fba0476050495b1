"""The operator's terminal: the console in tmux where there is one, else on a pty. Keys go in, pictures come out."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.tui.terminal import Terminal
from tests.tui.test_local_fleet import is_alive

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 80, 24
PATIENCE = 60.0
"""Seconds that a picture may take; it never does but where something is broken."""

KEYS = {
    "enter": ("Enter", "\r"),
    "esc": ("Escape", "\x1b"),
    "down": ("Down", "\x1b[B"),
    "left": ("Left", "\x1b[D"),
    "end": ("End", "\x1b[F"),
    "backspace": ("BSpace", "\x7f"),
    "f2": ("F2", "\x1bOQ"),
}
"""Keys that aren't the character they write: their names in tmux, and what a terminal sends."""


class Desk(ABC):
    """One console in one terminal of 80×24."""

    pid: int

    @property
    @abstractmethod
    def text(self) -> str:
        """What is on screen."""

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Keys by their names of KEYS, or what is typed; all at once, as a slow line brings them."""

    @abstractmethod
    def drop(self) -> None:
        """The line drops: the terminal is gone, and the console is told by a hang-up."""

    @abstractmethod
    def close(self) -> None:
        """End what is left of it."""

    def shows(self, wanted: str | Callable[[str], bool], *, seconds: float = PATIENCE) -> str:
        """The picture, once it holds ``wanted``."""
        holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        until = time.monotonic() + seconds
        while not holds(text := self.text):
            if time.monotonic() > until:
                raise AssertionError(f"waited for {wanted!r}; the screen shows\n{text}")
            time.sleep(0.03)
        return text

    def ended(self) -> None:
        """Wait until the console is gone."""
        until = time.monotonic() + PATIENCE
        while is_alive(self.pid):
            assert time.monotonic() < until, "the console goes on"
            time.sleep(0.03)


class Tmux(Desk):
    """A session of a tmux server of its own."""

    _numbers = itertools.count(1)

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self._name = f"sagewai-{os.getpid()}-{next(self._numbers)}"
        settings = folder / "tmux.conf"
        settings.write_text("set -g status off\nset -s escape-time 0\n")
        told = [f"{name}={value}" for name, value in environ.items()]
        self._do("-f", str(settings), "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-c", str(ROOT),
                 "env", "-i", *told, *argv)  # fmt: skip
        self.pid = int(self._do("list-panes", "-F", "#{pane_pid}"))

    @property
    def text(self) -> str:
        lines = self._do("capture-pane", "-p").split("\n")[:ROWS]
        return "\n".join(line.rstrip() for line in lines)

    def press(self, *keys: str) -> None:
        if all(key in KEYS or len(key) == 1 for key in keys):
            self._do("send-keys", "--", *(KEYS[key][0] if key in KEYS else key for key in keys))
        else:
            self._do("send-keys", "-l", "--", *keys)

    def drop(self) -> None:
        self._do("kill-session")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._name, "kill-server"], capture_output=True, check=False)

    def _do(self, *arguments: str) -> str:
        command = ["tmux", "-u", "-L", self._name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout


class Pty(Desk):
    """A pty of the test's own, where tmux isn't installed."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
        self._terminal = Terminal(argv, columns=COLUMNS, rows=ROWS, environ=environ, cwd=str(ROOT))
        self.pid = self._terminal.process.pid

    @property
    def text(self) -> str:
        return self._terminal.text

    def press(self, *keys: str) -> None:
        self._terminal.keys("".join(KEYS[key][1] if key in KEYS else key for key in keys))

    def drop(self) -> None:
        self._terminal.hang_up()

    def ended(self) -> None:
        self._terminal.wait(seconds=PATIENCE)

    def close(self) -> None:
        self._terminal.__exit__(None, None, None)


def sit_down(argv: Sequence[str], environ: Mapping[str, str], folder: Path) -> Desk:
    """A console at the operator's desk. ``SAGEWAI_DESK=pty`` does without tmux."""
    plain = os.environ.get("SAGEWAI_DESK") == "pty" or shutil.which("tmux") is None
    around = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    return (Pty if plain else Tmux)(argv, {**around, **environ}, folder)
