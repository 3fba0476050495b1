"""Other programs on the operator's terminal: a pager, an editor. The console steps aside for them and comes back; what
it does behind the picture goes on."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from textual.app import SuspendNotSupported

_GRACE = 1.0
"""Seconds that a program gets to put the terminal in order when the console has to end."""


class Lender(Protocol):
    """A console, as far as it hands on its terminal."""

    @property
    def is_away(self) -> bool:
        """Whether another program has the terminal."""
        ...

    def suspend(self) -> AbstractContextManager[None]:
        """Hand it on, and take it back. Raises SuspendNotSupported."""
        ...


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


async def run(app: Lender, words: Sequence[str], *, stdin: str | None = None) -> int:
    """Run a program on the terminal, which gets ``stdin`` or the terminal to read; gives its exit code. The console
    draws and reads nothing meanwhile; where it has to end, the program ends first. Raises NoTerminal."""
    if app.is_away:
        raise NoTerminal("another program has the terminal")
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise NoTerminal("the console has no terminal of its own") from None
    try:
        with app.suspend(), _spared():
            return await _run(words, terminal, stdin)
    except SuspendNotSupported:
        raise NoTerminal("this terminal can't be handed on") from None
    finally:
        os.close(terminal)


@contextmanager
def _spared() -> Iterator[None]:
    """ctrl+c and ctrl+\\ are the program's: they reach the console, too, which is in the same foreground. They aren't
    ignored, as the program would inherit that."""
    before = {number: signal.signal(number, _heard) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard(number: int, frame: object) -> None:
    """A signal that is somebody else's."""


async def _run(words: Sequence[str], terminal: int, stdin: str | None) -> int:
    """Pipe and wait; a program that leaves before it has read all is no error."""
    read_from = terminal if stdin is None else asyncio.subprocess.PIPE
    try:
        started = await asyncio.create_subprocess_exec(
            *words, stdin=read_from, stdout=terminal, stderr=terminal
        )
    except OSError:
        return 127
    try:
        await started.communicate(None if stdin is None else stdin.encode("utf-8", "backslashreplace"))
    finally:
        if started.returncode is None:
            await _end(started)
    assert started.returncode is not None
    return started.returncode


async def _end(started: Process) -> None:
    try:
        with suppress(ProcessLookupError, TimeoutError):
            started.terminate()
            async with asyncio.timeout(_GRACE):
                await started.wait()
    finally:
        if started.returncode is None:
            with suppress(ProcessLookupError):
                started.kill()
