"""Ways to reach somebody who looks elsewhere: the terminal's bell, its notification (OSC 9), a command of theirs."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

from tui.notices import Notice
from tui.text import Scribe, cut

How = Literal["off", "bell", "osc9"]

BELL = "\a"

PATIENCE = 10.0
"""Seconds that a command of the operator's may take."""

_PLACE = 60


class CommandRefused(ValueError):
    """A command that can't be run; the text says why."""


def words_of(command: str) -> tuple[str, ...]:
    """The program and its arguments; nothing in them is expanded. Raises CommandRefused."""
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise CommandRefused(f"--notify-command can't be read: {error}") from None
    if not words or shutil.which(words[0]) is None:
        raise CommandRefused(f"--notify-command names no program that can be run: {command!r}")
    return words


def signal_for(how: How, notice: Notice, place: str, environ: Mapping[str, str]) -> str:
    """What to write to the terminal. A notification holds words of ours, two numbers and the store's name; inside tmux
    it goes through to the terminal where tmux allows that (``allow-passthrough``), elsewhere the bell rings."""
    if how == "off":
        return ""
    if how == "bell":
        return BELL
    name = cut(Scribe(ascii=True).line(place), _PLACE, ellipsis="~")
    told = f"\x1b]9;sagewai {name}: {notice.text}\x07"
    if "TMUX" in environ:
        return f"\x1bPtmux;{told.replace(chr(27), chr(27) * 2)}\x1b\\" if _passes_through() else BELL
    return told if not environ.get("TERM", "").startswith("screen") else BELL


def _passes_through() -> bool:
    command = ["tmux", "show-options", "-Apv", "allow-passthrough"]
    try:
        shown = subprocess.run(command, timeout=0.5, check=True, capture_output=True).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return shown.strip() in {b"on", b"all"}


class Caller:
    """Runs the operator's command, one at a time; what it writes goes nowhere."""

    def __init__(self, words: Sequence[str], patience: float = PATIENCE) -> None:
        self._words = tuple(words)
        self._patience = patience
        self._busy = False

    async def call(self, notice: Notice, say: Callable[[str], None]) -> None:
        """Run it with the numbers in its environment, and end it with all it started once it takes too long; ``say``
        hears what went wrong."""
        if not self._words or self._busy:
            return
        self._busy = True
        try:
            said = await self._run(notice)
        finally:
            self._busy = False
        if said:
            say(f"the notify command {said}")

    async def _run(self, notice: Notice) -> str:
        nowhere = asyncio.subprocess.DEVNULL
        environ = {**os.environ, **environment(notice)}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                env=environ,
                stdin=nowhere,
                stdout=nowhere,
                stderr=nowhere,
                start_new_session=True,
            )
        except OSError as error:
            return f"can't be run: {error.strerror}"
        try:
            async with asyncio.timeout(self._patience):
                code = await process.wait()
        except TimeoutError:
            return f"was ended: it took more than {self._patience:g} s"
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return f"failed: exit code {code}" if code else ""


def environment(notice: Notice) -> dict[str, str]:
    """Numbers only."""
    return {
        "SAGEWAI_NEW_APPROVALS": str(notice.new_approvals),
        "SAGEWAI_NEW_DEAD_LETTERS": str(notice.new_dead_letters),
        "SAGEWAI_APPROVALS": str(notice.approvals),
        "SAGEWAI_DEAD_LETTERS": str(notice.dead_letters),
    }
