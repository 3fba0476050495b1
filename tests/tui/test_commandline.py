"""The ``:`` line reads its commands, shortened or whole, and completes them."""

from __future__ import annotations

import pytest

from tui.commandline import Command, CommandError, Known, completions, parse


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("runs", Command("runs")),
        ("runs status:failed pool:gpu", Command("runs", "status:failed pool:gpu")),
        ("run run-7f3", Command("run", "run-7f3")),
        ("  dlq  ", Command("dlq")),
        ("app", Command("approvals")),
        ("q", Command("quit")),
        ("start flows:all x2 pool=gpu", Command("start", "flows:all x2 pool=gpu")),
    ],
)
def test_commands_are_read(text: str, command: Command) -> None:
    assert parse(text) == command


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no command"),
        ("nope", "no command is called 'nope'"),
        ("ru", "could be runs or run"),
        ("run", "needs an"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        parse(text)


def test_a_command_without_arguments_takes_none() -> None:
    with pytest.raises(CommandError, match="takes no argument"):
        parse("dlq now")


def test_completion() -> None:
    assert completions("ru", Known()) == ["runs", "run "]
    assert completions("theme sa", Known(themes=("sagewai", "ansi"))) == ["theme sagewai"]
    assert completions("start fl", Known(started=lambda typed: [f"{typed}ows:all"])) == ["start flows:all"]
