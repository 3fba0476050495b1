"""The ``:`` line: its commands, how they are read and how they are completed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sagewai.models.bulk import BulkVerb

Verb = Literal[
    "runs", "run", "approvals", "workers", "dlq", "overview", "bulk", "start", "view", "save", "forget", "context",
    "theme", "lock", "unlock", "help", "quit",
]  # fmt: skip

COMMANDS: dict[Verb, str] = {
    "runs": "runs [FILTER]",
    "run": "run ID",
    "approvals": "approvals",
    "workers": "workers",
    "dlq": "dlq",
    "overview": "overview",
    "bulk": "bulk [retry | cancel | pause | resume | discard]",
    "start": "start MODULE:NAME [pool=P] [n=2] [concurrency=4] [labels KEY=VALUE …]",
    "view": "view NAME",
    "save": "save NAME",
    "forget": "forget NAME",
    "context": "context NAME",
    "theme": "theme NAME",
    "lock": "lock",
    "unlock": "unlock NAME",
    "help": "help",
    "quit": "quit",
}
"""Each with its form."""

BULK_VERBS: tuple[BulkVerb, ...] = ("retry", "cancel", "pause", "resume", "discard")
"""What ``bulk`` does to the marked runs, the group under the cursor, or all that is listed."""

_NEED: frozenset[Verb] = frozenset({"run", "start", "view", "save", "forget", "context", "theme", "unlock"})
_MAY: frozenset[Verb] = frozenset({"runs", "bulk"})

_SHORT: dict[str, Verb] = {
    "q": "quit",
    "q!": "quit",
    "?": "help",
    "approval": "approvals",
    "worker": "workers",
    "ctx": "context",
}


class CommandError(ValueError):
    """A command that can't be read; the text says what would do."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what was written behind it."""

    verb: Verb
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What arguments are completed with: names, and what completes the lines of ``start`` and ``runs``."""

    themes: Sequence[str] = ()
    views: Sequence[str] = ()
    contexts: Sequence[str] = ()
    started: Callable[[str], Sequence[str]] = lambda _: ()
    filters: Callable[[str], Sequence[str]] = lambda _: ()


def parse(text: str) -> Command:
    """Raises CommandError. A command may be shortened as long as it stays clear."""
    word, _, argument = text.strip().partition(" ")
    argument = argument.strip()
    verb = _verb(word)
    if verb in _NEED and not argument:
        raise CommandError(f"{verb!r} needs an argument: {COMMANDS[verb]}")
    if verb == "bulk" and argument and argument not in BULK_VERBS:
        raise CommandError(f"{argument!r} can't be done to many runs: use {', '.join(BULK_VERBS)}")
    if argument and verb not in _NEED and verb not in _MAY:
        raise CommandError(f"{verb!r} takes no argument")
    return Command(verb, argument)


def completions(text: str, known: Known) -> list[str]:
    """Whole command lines that begin with ``text``, but for run ids: those are looked up. A blank stands behind what
    needs an argument."""
    word, blank, typed = text.partition(" ")
    if not blank:
        verbs = [verb for verb in COMMANDS if word and verb.startswith(word)]
        return [f"{verb} " if verb in _NEED else verb for verb in verbs]
    try:
        verb = _verb(word)
    except CommandError:
        return []
    return [f"{word} {argument}" for argument in _arguments(verb, typed, known)]


def run_prefix(text: str) -> str | None:
    """The beginning of a run's id that is being typed; None where the line asks for something else."""
    word, blank, typed = text.partition(" ")
    return typed if blank and word == "run" and " " not in typed else None


def _arguments(verb: Verb, typed: str, known: Known) -> Sequence[str]:
    if verb == "start":
        return known.started(typed)
    if verb == "runs":
        return known.filters(typed)
    names: Sequence[str] = {
        "bulk": BULK_VERBS,
        "theme": known.themes,
        "view": known.views,
        "save": known.views,
        "forget": known.views,
        "context": known.contexts,
    }.get(verb, ())
    return [name for name in names if name.startswith(typed)]


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
