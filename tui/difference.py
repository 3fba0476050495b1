"""What changed between two texts, line by line and in a line word by word. Pure.

Both texts are safe when they come here: what is compared is what is read. The sign before a line is the console's own,
so no text can pretend to be one; changed words stand in ``[-…-]`` and ``{+…+}`` and are underlined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from tui.format import Glyphs, Role, plural
from tui.payload import Line

AROUND = 2
"""Unchanged lines that are shown before and after changed ones."""

_MOST_LINES = 800
_MOST_WORDS = 400
_WORK = 100_000
"""Pairs of words that are compared at most: a text made to be slow mustn't hold up the console."""

_WORDS = re.compile(r"\d+(?:[.,]\d+)+|\w+|\s+|[^\w\s]")
_AHEAD = 8
"""Lines that came among which the one is looked for that a line became."""

_ALIKE = 0.3
"""Lines with less in common than this are two lines, not one that was changed."""

_Op = tuple[str, int, int, int, int]


def difference(old: Sequence[str], new: Sequence[str], glyphs: Glyphs) -> tuple[Line, ...]:
    """How the one became the other; nothing where they are the same. Unchanged lines far from a change are counted."""
    before = [line.expandtabs(4) for line in old]
    after = [line.expandtabs(4) for line in new]
    if before == after:
        return ()
    lines: list[Line] = []
    words = _Words()
    ops = list(_ops(before, after, _MOST_LINES))
    for number, (kind, a1, a2, b1, b2) in enumerate(ops):
        if kind == "equal":
            lines += _kept(after[b1:b2], number > 0, number + 1 < len(ops), glyphs)
        else:
            lines += _changed(before[a1:a2], after[b1:b2], words)
    return tuple(lines)


def _kept(same: Sequence[str], head: bool, tail: bool, glyphs: Glyphs) -> Iterator[Line]:
    """``head`` and ``tail``: changed lines stand before and after these."""
    first = same[: AROUND if head else 0]
    last = same[len(same) - AROUND :] if tail and len(same) > AROUND else same if tail else []
    if len(first) + len(last) >= len(same):
        first, last = same, []
    left_out = len(same) - len(first) - len(last)
    yield from (Line(line, Role.DIM, "  ", "  ") for line in first)
    if left_out:
        yield Line(f"{plural(left_out, 'line')} as before", Role.DIM, f"{glyphs.ellipsis} ")
    yield from (Line(line, Role.DIM, "  ", "  ") for line in last)


def _changed(gone: Sequence[str], came: Sequence[str], words: _Words) -> Iterator[Line]:
    old: dict[int, _Marked] = {}
    new: dict[int, _Marked] = {}
    at = 0
    for number, line in enumerate(gone):
        for place in range(at, min(at + _AHEAD, len(came))):
            if (pair := words.marked(line, came[place])) is not None:
                old[number], new[place] = pair
                at = place + 1
                break
    for sign, role, lines, marked in (("- ", Role.FAILED, gone, old), ("+ ", Role.DONE, came, new)):
        for number, line in enumerate(lines):
            text, marks = marked.get(number, (line, ()))
            yield Line(text, role, sign, "  ", marks)


_Marked = tuple[str, tuple[tuple[int, int], ...]]


class _Words:
    """Compares lines by their words, until it has compared as many as it may."""

    def __init__(self) -> None:
        self._work = _WORK

    def marked(self, old: str, new: str) -> tuple[_Marked, _Marked] | None:
        """Both with what changed in them marked; None where they have too little in common."""
        if self._work <= 0:
            return None
        before, after = _WORDS.findall(old), _WORDS.findall(new)
        self._work -= min(len(before), _MOST_WORDS) * min(len(after), _MOST_WORDS)
        ops = list(_ops(before, after, _MOST_WORDS))
        alike = sum(len(word) for kind, a1, a2, _, _ in ops if kind == "equal" for word in before[a1:a2])
        if alike < _ALIKE * max(len(old), len(new)):
            return None
        gone = ((kind == "equal", "".join(before[a1:a2])) for kind, a1, a2, _, _ in ops)
        came = ((kind == "equal", "".join(after[b1:b2])) for kind, _, _, b1, b2 in ops)
        return _bracketed(gone, "[-", "-]"), _bracketed(came, "{+", "+}")


def _bracketed(parts: Iterator[tuple[bool, str]], opening: str, closing: str) -> _Marked:
    text, marks = "", []
    for same, part in parts:
        if same or not part:
            text += part
        else:
            start = len(text)
            text += f"{opening}{part}{closing}"
            marks.append((start, len(text)))
    return text, tuple(marks)


def _ops(old: Sequence[str], new: Sequence[str], most: int) -> Iterator[_Op]:
    """difflib's opcodes. What is the same at both ends is never looked at twice; of what lies between, more than
    ``most`` parts count as wholly changed."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield "equal", 0, head, 0, head
    if max(len(a), len(b)) > most:
        yield "replace", head, head + len(a), head, head + len(b)
    elif a or b:
        for kind, a1, a2, b1, b2 in SequenceMatcher(None, a, b).get_opcodes():
            yield kind, head + a1, head + a2, head + b1, head + b2
    if tail:
        yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)
