"""Makes text from a model, a user or a database safe to show, and measures it in terminal cells. Pure.

What a terminal would obey or hide (controls, escape sequences, bidi and zero-width characters, tags, surrogates,
fillers, piles of combining marks) comes out as visible characters; everything else comes out as it was. Text that is
safe already comes out unchanged.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, get_character_cell_size

MARKS = 3
"""Zero-width marks that may follow one character; no living script needs more."""

_CELL = 300
"""Characters of a text that a table cell may need; the rest is never looked at."""

_IGNORABLE = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)
"""Printable by category, yet drawn as nothing: fillers, variation selectors, the blank braille cell."""

_EMOJI_STYLE = re.compile("(?<=[\u203c-\u3299\U0001f000-\U0001faff])\ufe0f|(?<=[#*0-9])\ufe0f(?=\u20e3)")
"""The one variation selector in everyday use: it asks for the coloured form of the symbol before it."""


@dataclass(frozen=True, slots=True)
class Scribe:
    """How text is written on this terminal. ``ascii`` lets nothing but printable ASCII through."""

    ascii: bool = False

    def line(self, text: str, *, limit: int | None = None) -> str:
        """Safe text on one line: line ends and tabs are shown, not obeyed. At most ``limit`` characters are read."""
        return self._within(text, limit, "")

    def short(self, text: str) -> str:
        """Safe text for a table cell."""
        return self.line(text, limit=_CELL)

    def lines(self, text: str, *, limit: int | None = None) -> str:
        """Safe text that keeps its line ends (``\\n``) and tabs."""
        return self._within(text, limit, "\n\t")

    def _within(self, text: str, limit: int | None, keep: str) -> str:
        if limit is None or len(text) <= limit:
            return _visible(text, keep, self.ascii)
        return _visible(text[:limit], keep, self.ascii) + self.ellipsis

    @property
    def ellipsis(self) -> str:
        return "~" if self.ascii else "…"


def one_line(text: str) -> str:
    """Safe text on one line."""
    return _visible(text, "", False)


def multi_line(text: str) -> str:
    """Safe text that keeps its line ends and tabs."""
    return _visible(text, "\n\t", False)


def hidden(text: str) -> int:
    """How many characters of ``text`` would have been obeyed, or not seen, had they been printed as they are."""
    if text.isascii() and text.isprintable():
        return 0
    plain = _EMOJI_STYLE.sub("", text)
    found = Counter(plain)
    count = sum(
        times for character, times in found.items() if character not in "\n\t" and is_hidden(character)
    )
    return count + (_piled(plain) if any(map(_is_mark, found)) else 0)


def width(text: str) -> int:
    """Terminal cells that safe text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """Safe one-line text, shortened to at most ``cells``; a wide character or a mark is never torn from its cell."""
    if cells <= 0:
        return ""
    head = text[: cells * (MARKS + 1) + 1]
    if len(head) == len(text) and width(text) <= cells:
        return text
    return take(head, cells - width(ellipsis)) + ellipsis if cells > width(ellipsis) else ellipsis[:cells]


def take(text: str, cells: int) -> str:
    """As many whole characters, with their marks, as fit into ``cells``."""
    if text.isascii():
        return text[: max(0, cells)]
    used = 0
    for at, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > cells:
            return text[:at]
    return text


def cut_head(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """Safe one-line text, shortened to at most ``cells`` by its beginning: ids differ at their ends."""
    if cells <= 0:
        return ""
    if len(text) <= cells * (MARKS + 1) and width(text) <= cells:
        return text
    room = cells - width(ellipsis)
    if room <= 0:
        return ellipsis[:cells]
    tail = text[-room * (MARKS + 1) :]
    while tail and (width(tail) > room or _is_mark(tail[0])):
        tail = tail[1:]
    return ellipsis + tail


def fit(text: str, cells: int, *, align: Literal["left", "right"] = "left", ellipsis: str = "…") -> str:
    """Safe one-line text, shortened or padded to exactly ``cells``."""
    short = cut(text, cells, ellipsis=ellipsis)
    pad = " " * (max(0, cells) - width(short))
    return pad + short if align == "right" else short + pad


def wrap(line: str, cells: int) -> list[str]:
    """Safe text without line ends, folded so that no piece is wider than ``cells``, but for a blank at its end; breaks
    after a blank if it can."""
    cells = max(2, cells)  # a wide character needs two
    if "\t" in line:
        line = line.expandtabs(4)
    reach = cells * (MARKS + 1) + 1
    pieces: list[str] = []
    at = 0
    while True:
        head = take(line[at : at + reach], cells)
        if at + len(head) >= len(line):
            pieces.append(head)
            return pieces
        blank = head.rfind(" ") + 1
        while blank and blank < len(head) and _is_mark(head[blank]):
            blank += 1  # a mark stays with what it sits on
        if line[at + len(head)] == " ":
            head += " "
            while at + len(head) < len(line) and _is_mark(line[at + len(head)]):
                head += line[at + len(head)]
        elif blank > len(head) // 2:
            head = head[:blank]
        pieces.append(head)
        at += len(head)


def _visible(text: str, keep: str, ascii_only: bool) -> str:
    if text.isascii() and text.isprintable():
        return text
    if "\ufe0f" in text:
        text = _EMOJI_STYLE.sub("", text)
    table = _TABLES[bool(keep), ascii_only]
    shown = text.translate(table)
    if not shown.isascii() and any(_is_mark(character) for character in set(shown)):
        shown = _flatten(shown, keep)
    return shown


def _flatten(text: str, keep: str) -> str:
    """Spell out the marks that have nothing to sit on, or too many beside them."""
    out: list[str] = []
    marks = MARKS
    for character in text:
        if _is_mark(character):
            marks += 1
            out.append(character if marks <= MARKS else _code(character))
        else:
            marks = MARKS if character in keep else 0
            out.append(character)
    return "".join(out)


def _piled(text: str) -> int:
    marks, piled = MARKS, 0
    for character in text:
        if not _is_mark(character):
            marks = MARKS if character in "\n\t" else 0
        elif not is_hidden(character):
            marks += 1
            piled += marks > MARKS
    return piled


def _is_mark(character: str) -> bool:
    return character > "\u02ff" and get_character_cell_size(character) == 0


def is_hidden(character: str) -> bool:
    """Whether a terminal would obey this character, or draw nothing for it."""
    if character.isprintable():
        return ord(character) in _IGNORABLE
    return unicodedata.category(character) != "Zs"


def _code(character: str) -> str:
    return f"<U+{ord(character):04X}>"


class _Table(dict[int, str]):
    """What each character is shown as, worked out when it is first met."""

    def __init__(self, keep: str, ascii_only: bool) -> None:
        super().__init__({ord(character): character for character in keep})
        self._ascii_only = ascii_only

    def __missing__(self, point: int) -> str:
        shown = self[point] = self._shown(chr(point))
        return shown

    def _shown(self, character: str) -> str:
        point = ord(character)
        if self._ascii_only and (point < 0x20 or point == 0x7F):
            return f"^{chr(point ^ 0x40)}"
        if point < 0x20:
            return chr(0x2400 + point)
        if point == 0x7F:
            return "\u2421"
        if is_hidden(character) or (self._ascii_only and point > 0x7F):
            return _code(character)
        return character


_TABLES = {
    (kept, ascii_only): _Table("\n\t" if kept else "", ascii_only)
    for kept in (False, True)
    for ascii_only in (False, True)
}
