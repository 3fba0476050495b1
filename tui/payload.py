"""JSON as a person reads it: every value, in order, long strings behind a gutter that data can't fake. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tui.format import Glyphs, Role
from tui.text import Scribe

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w .-]*\Z", re.ASCII)
_DEEPEST = 12
"""Nesting beyond this is indented no further."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text pane, safe. ``head`` stands before the text, ``hang`` before what didn't fit and is folded.
    ``marks`` are the parts of the text, from and to, that stand out."""

    text: str = ""
    role: Role = Role.PLAIN
    head: str = ""
    hang: str = ""
    marks: tuple[tuple[int, int], ...] = ()


class Number(str):
    """A number as it was written: no digit is lost to a float, none refused for its length."""

    __slots__ = ()


def parsed(text: str) -> object:
    """The value of a JSON text, with objects as Members and numbers as written. Raises ValueError."""
    try:
        return json.loads(
            text, object_pairs_hook=Members, parse_int=Number, parse_float=Number, parse_constant=Number
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def readable(text: str, scribe: Scribe, glyphs: Glyphs) -> tuple[Line, ...]:
    """The lines of a JSON text; of any other text the lines as they are."""
    try:
        return readable_value(parsed(text), scribe, glyphs)
    except (ValueError, RecursionError):
        return raw(text, scribe)


def readable_value(value: object, scribe: Scribe, glyphs: Glyphs) -> tuple[Line, ...]:
    """The lines of what :func:`parsed` gave. Raises RecursionError."""
    return tuple(_lines(value, "", 0, scribe, glyphs))


def raw(text: str, scribe: Scribe) -> tuple[Line, ...]:
    """The lines of any text."""
    return tuple(Line(line) for line in scribe.lines(text).split("\n"))


class Members(list[tuple[str, object]]):
    """An object's members in the order they were written, repeated keys included."""

    def fields(self) -> dict[str, object] | None:
        """By their keys; None where a key is repeated, so that nobody reads one of them and acts on the other."""
        found = dict(self)
        return found if len(found) == len(self) else None


def _lines(value: object, head: str, depth: int, scribe: Scribe, glyphs: Glyphs) -> Iterator[Line]:
    """``head`` names the value: a key or a list's dash."""
    indent = "  " * min(depth, _DEEPEST)
    if isinstance(value, Members | list) and value:
        if head:
            yield Line(head=indent + head.rstrip(), hang=indent)
            depth += 1
        for item in value:
            if isinstance(value, Members):
                key, entry = item
                yield from _lines(entry, f"{key_text(key, scribe)}: ", depth, scribe, glyphs)
            else:
                yield from _lines(item, "- ", depth, scribe, glyphs)
    elif isinstance(value, str) and not isinstance(value, Number):
        yield from _string(value, indent, head, scribe, glyphs)
    else:
        yield Line(_scalar(value), Role.ACCENT, indent + head, indent + "  ")


def _string(value: str, indent: str, head: str, scribe: Scribe, glyphs: Glyphs) -> Iterator[Line]:
    if "\n" not in value and len(value) <= 60:
        yield Line(scribe.line(json.dumps(value, ensure_ascii=False)), head=indent + head, hang=indent + "  ")
        return
    if head:
        yield Line(head=indent + head.rstrip(), hang=indent)
        indent += "  "
    gutter = f"{indent}{glyphs.gutter} "
    for line in scribe.lines(value).split("\n"):
        yield Line(line, head=gutter, hang=gutter)


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Members):
        return "{}"
    return "[]" if isinstance(value, list) else str(value)


def key_text(key: str, scribe: Scribe) -> str:
    """An object's key, quoted unless it is plain."""
    plain = _PLAIN_KEY.match(key) is not None and len(key) <= 60
    return key if plain else scribe.line(json.dumps(key, ensure_ascii=False), limit=200)
