"""Other programs on the operator's terminal: a pager, an editor. The console steps aside for them and comes back."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from textual.app import App, SuspendNotSupported


class NoTerminal(Exception):
    """Nothing else can be run on this terminal; the text says why, and is safe."""


def program(
    environ: Mapping[str, str], *variables: str, otherwise: Sequence[Sequence[str]]
) -> list[str] | None:
    """The command line that the first of ``variables`` with a value names, else the first of ``otherwise`` that is
    installed; None where there is none."""
    for variable in variables:
        try:
            words = shlex.split(environ.get(variable, ""))
        except ValueError:  # an open quote
            continue
        if words:
            return words if shutil.which(words[0]) else None
    return next((list(words) for words in otherwise if shutil.which(words[0])), None)


def run(app: App[None], words: Sequence[str], *, stdin: str | None = None) -> int:
    """Run a program on the terminal, which gets ``stdin`` or the terminal to read; gives its exit code. The console
    draws and reads nothing meanwhile. Raises NoTerminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise NoTerminal("the console has no terminal of its own") from None
    try:
        with app.suspend():
            return _run(words, terminal, stdin)
    except SuspendNotSupported:
        raise NoTerminal("this terminal can't be handed on") from None
    finally:
        os.close(terminal)


def _run(words: Sequence[str], terminal: int, stdin: str | None) -> int:
    """Pipe and wait; a program that leaves before it has read all is no error."""
    read_from = terminal if stdin is None else subprocess.PIPE
    try:
        started = subprocess.Popen(list(words), stdin=read_from, stdout=terminal, stderr=terminal)
    except OSError:
        return 127
    with started:
        started.communicate(None if stdin is None else stdin.encode("utf-8", "backslashreplace"))
        return started.returncode
