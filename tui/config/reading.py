"""Reads a configuration: every value checked, everything that is wrong named with its line and what to do. Pure.

What a console without a configuration has no use for is imported where it is used: that costs part of the first frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tui.config.definition import NAMES, Definition, Setting, ValueRefused

_TABLES = ("defaults", "context", "keys", "views")
_NAME = re.compile(NAMES)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong on a line, and what would do. The text may hold what the file holds."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration without problems. Values are those that the command line would have made."""

    defaults: Mapping[str, object] = field(default_factory=dict)
    contexts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    source: str = ""
    """Its file."""

    def line_of(self, *path: str) -> int:
        """The line on which something stands."""
        from tui.config import lines

        return lines.line_of(self.text, path)


class _Reader:
    def __init__(self, text: str, definition: Definition) -> None:
        self.text = text
        self.definition = definition
        self.problems: list[Problem] = []

    def wrong(self, path: Sequence[str], text: str) -> None:
        from tui.config import lines

        self.problems.append(Problem(lines.line_of(self.text, path), text))

    def table(self, document: Mapping[str, object], *path: str) -> Mapping[str, object]:
        value = document.get(path[-1], {})
        if isinstance(value, dict):
            return value
        self.wrong(path, f"{path[-1]!r} is a table: write [{'.'.join(path)}]")
        return {}

    def settings(
        self, table: Mapping[str, object], known: Mapping[str, Setting], *path: str
    ) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in table.items():
            if name not in known:
                self.wrong((*path, name), _unknown(name, known, f"in [{'.'.join(path)}]"))
                continue
            try:
                found[name] = known[name].taken(value)
            except ValueRefused as refused:
                self.wrong((*path, name), str(refused))
        return found

    def config(self, document: Mapping[str, object]) -> Config:
        for name in document:
            if name not in _TABLES:
                self.wrong((name,), _unknown(name, _TABLES, "at the top level"))
        defaults = self.settings(self.table(document, "defaults"), self.definition.defaults, "defaults")
        contexts = self.table(document, "context")
        found: dict[str, Mapping[str, object]] = {}
        for name in self.named(contexts, "context"):
            table = self.table(contexts, "context", name)
            found[name] = self.settings(table, self.definition.context, "context", name)
            if "store" not in table and isinstance(contexts[name], dict):
                form = 'store = "postgresql://host/database"'
                self.wrong(("context", name), f"context {name!r} names no store: write {form}")
        chosen = defaults.get("context")
        if isinstance(chosen, str) and chosen not in contexts:
            self.wrong(("defaults", "context"), unknown_context(chosen, found))
        return Config(defaults, found, self.keys(document), self.views(document), self.text)

    def named(self, table: Mapping[str, object], *path: str) -> Iterable[str]:
        for name in table:
            if _NAME.fullmatch(name):
                yield name
            else:
                self.wrong((*path, name), f"{name!r} can't be a name: use up to 40 of A-Z a-z 0-9 _ -")

    def keys(self, document: Mapping[str, object]) -> dict[str, Sequence[str]]:
        found: dict[str, Sequence[str]] = {}
        for name, value in self.table(document, "keys").items():
            texts = [value] if isinstance(value, str) else value
            if isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts):
                found[name] = texts
            else:
                self.wrong(("keys", name), f'{name!r} must be a key, or a list of keys: "A"')
        return found

    def views(self, document: Mapping[str, object]) -> dict[str, str]:
        table = self.table(document, "views")
        found: dict[str, str] = {}
        for name in self.named(table, "views"):
            text = table[name]
            if not isinstance(text, str) or not text.strip() or not text.isprintable():
                self.wrong(
                    ("views", name), f'{name!r} must be a filter, in quotes: "status:wait wf:content*"'
                )
                continue
            wrong = _wrong_filter(text)
            if wrong:
                self.wrong(("views", name), f"{name!r}: {wrong}")
            else:
                found[name] = text
        return found


def read(text: str, definition: Definition) -> tuple[Config, tuple[Problem, ...]]:
    """What a file's text says, and what is wrong with it, by line."""
    import tomllib

    from tui.config import lines

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, said = lines.of_error(error, text)
        return Config(text=text), (Problem(line, f"this isn't TOML: {said}"),)
    except RecursionError:
        return Config(text=text), (Problem(1, "this is nested too deep"),)
    reader = _Reader(text, definition)
    config = reader.config(document)
    return config, tuple(reader.problems)


def unknown_context(name: str, contexts: Iterable[str]) -> str:
    """That there is no such context, and which there are."""
    known = sorted(contexts)
    if not known:
        return f"no context is called {name!r}: the configuration has none, write [context.{name}]"
    return f"no context is called {name!r}: use {', '.join(known)}"


def _unknown(name: str, known: Iterable[str], where: str) -> str:
    from difflib import get_close_matches

    words = list(known)
    near = get_close_matches(name.replace("-", "_"), words, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"use {', '.join(words)}"
    return f"nothing is called {name!r} {where}: {hint}"


def _wrong_filter(text: str) -> str:
    from tui.filters import FilterError, parse

    try:
        parse(text)
    except FilterError as error:
        return str(error)
    return ""
