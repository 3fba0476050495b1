"""The ``:`` line: its commands, how they are read and how they are completed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sagewai.models.bulk import BulkVerb

Verb = Literal[
    "runs", "run", "approvals", "workers", "dlq", "overview", "bulk", "start", "theme", "help", "quit"
]

COMMANDS: dict[Verb, str] = {
    "runs": "runs [FILTER]",
    "run": "run ID",
    "approvals": "approvals",
    "workers": "workers",
    "dlq": "dlq",
    "overview": "overview",
    "bulk": "bulk [retry | cancel | pause | resume | discard]",
    "start": "start MODULE:NAME [pool=P] [n=2] [concurrency=4] [labels KEY=VALUE …]",
    "theme": "theme NAME",
    "help": "help",
    "quit": "quit",
}
"""Each with its form."""

BULK_VERBS: tuple[BulkVerb, ...] = ("retry", "cancel", "pause", "resume", "discard")
"""What ``bulk`` does to the marked runs, the group under the cursor, or all that is listed."""

_SHORT: dict[str, Verb] = {
    "q": "quit",
    "q!": "quit",
    "?": "help",
    "approval": "approvals",
    "worker": "workers",
}


class CommandError(ValueError):
    """A command that can't be read; the text says what would do."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what was written behind it."""

    verb: Verb
    argument: str = ""


def parse(text: str) -> Command:
    """Raises CommandError. A command may be shortened as long as it stays clear."""
    word, _, argument = text.strip().partition(" ")
    argument = argument.strip()
    verb = _verb(word)
    if verb in {"run", "start", "theme"} and not argument:
        raise CommandError(f"{verb!r} needs an argument: {COMMANDS[verb]}")
    if verb == "bulk" and argument and argument not in BULK_VERBS:
        raise CommandError(f"{argument!r} can't be done to many runs: use {', '.join(BULK_VERBS)}")
    if argument and verb not in {"run", "runs", "bulk", "start", "theme"}:
        raise CommandError(f"{verb!r} takes no argument")
    return Command(verb, argument)


def completions(
    text: str, themes: tuple[str, ...] = (), started: Callable[[str], Sequence[str]] = lambda _: ()
) -> list[str]:
    """Whole command lines that begin with ``text``; ``started`` completes the line of ``start``."""
    if text.startswith("start "):
        return [f"start {line}" for line in started(text.removeprefix("start "))]
    if text.startswith("bulk "):
        return [f"bulk {verb}" for verb in BULK_VERBS if f"bulk {verb}".startswith(text)]
    if text.startswith("theme "):
        return [f"theme {name}" for name in themes if f"theme {name}".startswith(text)]
    return [verb for verb in COMMANDS if verb.startswith(text)] if text else []


def _verb(word: str) -> Verb:
    if word in COMMANDS:
        return next(verb for verb in COMMANDS if verb == word)
    if word in _SHORT:
        return _SHORT[word]
    matches = [verb for verb in COMMANDS if word and verb.startswith(word)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise CommandError(f"{word!r} could be {' or '.join(matches)}")
    raise CommandError(f"no command is called {word!r}: use {', '.join(COMMANDS)}")
