"""Makes text from data safe to print: nothing in it moves the cursor, hides, or passes for a line of our own. Pure.

The console follows the same policy with its own code: the library never imports the console.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, format characters (bidi, zero-width, tags), lone surrogates, private and unassigned points, line ends."""

_DRAWN_AS_NOTHING = frozenset(
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}
    | {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
)
"""Fillers, variation selectors, the blank braille cell: a category says they print, a terminal shows nothing."""

_COLOURED_FORM = re.compile("(?<=[\u203c-\u3299\U0001f000-\U0001faff])\ufe0f|(?<=[#*0-9])\ufe0f(?=\u20e3)")
"""The one variation selector in everyday text; without it the symbol before it stays what it is."""

_MAX_MARKS = 3
"""More marks than this on one character climb over neighbouring lines; no living script needs them."""


def visible(text: str) -> str:
    """``text`` on one line, with a name in place of every character that acts or hides: ``␛``, ``<U+202E>``."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = _MAX_MARKS
    for character in _COLOURED_FORM.sub("", text):
        hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES
        marks = marks + 1 if _is_mark(character) else 0
        if hidden or ord(character) in _DRAWN_AS_NOTHING or marks > _MAX_MARKS:
            shown.append(_name(ord(character)))
        else:
            shown.append(character)
    return "".join(shown)


def cells(text: str) -> int:
    """How many terminal cells visible text takes."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def clip(text: str, width: int) -> str:
    """At most ``width`` cells of visible text; ``..`` says that something was cut."""
    if cells(text) <= width:
        return text
    mark = ".." if width > 4 else ""
    return _prefix(text, width - len(mark)) + mark


def block(text: str, width: int) -> Iterator[str]:
    """Every character of ``text`` as lines of at most ``width`` cells, each behind a mark that data can't remove:
    ``|`` begins a line of the text, ``:`` goes on with it."""
    room = max(width - 4, 8)
    for line in text.split("\n"):
        rest = visible(line)
        mark = "  | "
        while True:
            piece = _prefix(rest, room)
            yield mark + piece
            rest = rest[len(piece) :]
            if not rest:
                break
            mark = "  : "


def _prefix(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    taken = 0
    for at, character in enumerate(text):
        taken += _width(character)
        if taken > width:
            return text[:at]
    return text


def _width(character: str) -> int:
    if _is_mark(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _is_mark(character: str) -> bool:
    """Whether it is drawn over the character before it: combining marks, and the vowels and finals of Hangul."""
    if unicodedata.category(character) in {"Mn", "Me"}:
        return True
    return "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb"


def _name(point: int) -> str:
    if point < 0x20:
        return chr(0x2400 + point)
    return "\u2421" if point == 0x7F else f"<U+{point:04X}>"
