"""The only way to stdout and stderr: JSON for programs, safe plain text for people."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable

import typer

from sagewai.cli.exits import Exit
from sagewai.cli.safe import visible

MAX_NOTE = 1_500
"""Characters of a line on stderr; more is a payload, not a message."""


def emit(lines: Iterable[str]) -> None:
    """Print lines that are safe already. A reader that went away ends the command quietly."""
    try:
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes it once more
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(Exit.PIPE) from None
        raise


def emit_json(value: object) -> None:
    """One JSON value on one line; ASCII only, so that no terminal acts on it."""
    emit([json.dumps(value, ensure_ascii=True, allow_nan=False)])


def note(text: str) -> None:
    """A line beside the result, on stderr. ``text`` may hold data."""
    try:
        sys.stderr.write(one_line(text) + "\n")
        sys.stderr.flush()
    except OSError:  # nobody is there to read it; the exit code still says what happened
        return


def note_cursor(cursor: str | None, *, as_json: bool) -> None:
    """Say on stderr how a list goes on, if it does; as JSON when the list is JSON."""
    if cursor is not None:
        note(json.dumps({"next_cursor": cursor}) if as_json else f"more: --cursor {cursor}")


def one_line(text: str) -> str:
    """``text`` as a single line that is safe to print."""
    shown = visible(" ".join(text.split("\n")))
    return shown if len(shown) <= MAX_NOTE else shown[:MAX_NOTE] + f"... ({len(shown):,} characters)"


def line_width() -> int:
    """Cells of a line: the terminal's, or 80 where there is none."""
    return max(40, shutil.get_terminal_size((80, 24)).columns) if sys.stdout.isatty() else 80
