"""One call of the program: arguments in, an exit code out; whatever goes wrong is one line on stderr."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Protocol, runtime_checkable

import typer

from sagewai.cli.exits import Exit, of_error
from sagewai.cli.output import note
from sagewai.errors import SagewaiError

PROGRAM = "sagewai"


@runtime_checkable
class UsageProblem(Protocol):
    """What the option parser raises: it has a message of its own, and the command it is about."""

    exit_code: int

    def format_message(self) -> str: ...


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command. Prints results to stdout, at most one line about a failure to stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    try:
        return _dispatch(given)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except SagewaiError as error:
        _trace(error)
        note(f"{PROGRAM}: {_redacted(str(error))}")
        return of_error(error)
    except Exception as error:
        if isinstance(error, UsageProblem):
            note(f"{PROGRAM}: {_usage(error)}")
            return Exit.USAGE
        _trace(error)
        note(
            f"{PROGRAM}: unexpected {type(error).__name__}: {_redacted(_message(error))} "
            "(SAGEWAI_DEBUG=1 shows the traceback)"
        )
        return Exit.UNEXPECTED


def _dispatch(arguments: list[str]) -> int:
    for at, argument in enumerate(arguments, start=1):
        if any("\ud800" <= character <= "\udfff" for character in argument):
            note(f"{PROGRAM}: argument {at} isn't valid text in this locale's encoding: {argument!r}")
            return Exit.USAGE
    from sagewai.cli.app import app

    command = typer.main.get_command(app)
    try:
        ended = command.main(args=arguments or ["--help"], prog_name=PROGRAM, standalone_mode=False)
    except typer.Abort:
        return Exit.INTERRUPTED
    return ended if isinstance(ended, int) else Exit.OK


def _open_streams() -> None:
    """Make both streams usable: one that was closed leads nowhere, one that isn't UTF-8 gets escapes."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open until the process ends
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _trace(error: BaseException) -> None:
    """The traceback, for whoever asked for it."""
    if os.environ.get("SAGEWAI_DEBUG"):
        for line in "".join(traceback.format_exception(error)).splitlines():
            note(_redacted(line))


def _usage(error: UsageProblem) -> str:
    """The parser's message, with the command it is about and where to look."""
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", PROGRAM)
    return f"{error.format_message().rstrip('.')}; see `{path} --help`"


def _message(error: Exception) -> str:
    try:
        return str(error)
    except Exception as broken:  # whatever a message does, the line must come out
        return f"<its message can't be shown: {type(broken).__name__}>"


def _redacted(text: str) -> str:
    from sagewai.core.failure import without_secrets

    return without_secrets(text)
