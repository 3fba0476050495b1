"""Two runs held against each other, laid out for a terminal: side by side, or texts one below the other where it is
narrow. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tui.difference import difference
from tui.format import Cell, Glyphs, Role
from tui.payload import Line
from tui.text import fit, width, wrap
from tui.views import Ref

SIDE_BY_SIDE = 110
"""Columns from which on texts stand side by side."""

_NAME = 14


@dataclass(frozen=True, slots=True)
class Pair:
    """Something both runs have: where the two are equal it is dim."""

    name: str
    left: Cell
    right: Cell

    @property
    def is_equal(self) -> bool:
        return self.left.text == self.right.text


@dataclass(frozen=True, slots=True)
class Texts:
    """A text of both runs, line by line; None where a run hasn't it."""

    name: str
    left: tuple[str, ...] | None
    right: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs: facts about them, how each step went, and what went in and came out."""

    left: Ref
    right: Ref
    facts: tuple[Pair, ...]
    steps: tuple[Pair, ...]
    texts: tuple[Texts, ...]


Row = tuple[Cell, ...]


def laid_out(found: Comparison, columns: int, glyphs: Glyphs) -> tuple[Row, ...]:
    """The rows of a comparison, each at most ``columns`` wide."""
    longest = max((width(pair.name) for pair in (*found.facts, *found.steps)), default=0)
    name = max(_NAME, min(longest, columns // 4))
    head = Pair("", Cell(found.left.text, Role.STRONG), Cell(found.right.text, Role.STRONG))
    rows = [*_pair(head, name, columns, glyphs)]
    for pair in found.facts:
        rows += _pair(pair, name, columns, glyphs)
    rows.append(())
    for pair in found.steps:
        rows += _pair(pair, name, columns, glyphs)
    for texts in found.texts:
        rows += [(), *_texts(texts, columns, glyphs)]
    return tuple(rows)


def _pair(pair: Pair, name: int, columns: int, glyphs: Glyphs) -> Iterator[Row]:
    """What doesn't fit goes on in the next row."""
    half = max(8, (columns - name - 6) // 2)
    equal = pair.is_equal
    pieces = zip_longest(wrap(pair.left.text, half), wrap(pair.right.text, half), fillvalue="")
    for number, (left, right) in enumerate(pieces):
        mark = "" if equal or not pair.name or number else "≠" if glyphs.ellipsis != "~" else "!"
        yield (
            Cell(f" {fit('' if number else pair.name, name, ellipsis=glyphs.ellipsis)} ", Role.DIM),
            Cell(fit(left.rstrip(), half, ellipsis=""), Role.DIM if equal else pair.left.role),
            Cell(f" {fit(mark, 1)} ", Role.WAITING),
            Cell(fit(right.rstrip(), half, ellipsis=""), Role.DIM if equal else pair.right.role),
        )


def _texts(texts: Texts, columns: int, glyphs: Glyphs) -> Iterator[Row]:
    if texts.left == texts.right:
        yield Cell(f" {texts.name}", Role.STRONG), Cell("  the same in both", Role.DIM)
        return
    yield (Cell(f" {texts.name}", Role.STRONG), Cell(f"  {_which(texts)}", Role.WAITING))
    lines = difference(texts.left or (), texts.right or (), glyphs)
    if columns >= SIDE_BY_SIDE:
        yield from _beside(lines, columns, glyphs)
    else:
        for line in lines:
            for number, piece in enumerate(wrap(line.text, max(8, columns - 4))):
                yield Cell(f"  {line.hang if number else line.head}", Role.DIM), Cell(piece, line.role)


def _which(texts: Texts) -> str:
    if texts.left is None:
        return "only the second has one"
    return "only the first has one" if texts.right is None else "differs"


def _beside(lines: Sequence[Line], columns: int, glyphs: Glyphs) -> Iterator[Row]:
    """Lines that went beside those that came; the others in the middle of both."""
    gone: list[Line] = []
    came: list[Line] = []
    for line in lines:
        if line.head == "- ":
            if came:
                yield from _both(gone, came, columns, glyphs)
                gone, came = [], []
            gone.append(line)
        elif line.head == "+ ":
            came.append(line)
        else:
            yield from _both(gone, came, columns, glyphs)
            gone, came = [], []
            yield from _both([line], [line], columns, glyphs)
    yield from _both(gone, came, columns, glyphs)


def _both(gone: Sequence[Line], came: Sequence[Line], columns: int, glyphs: Glyphs) -> Iterator[Row]:
    half = (columns - 5) // 2
    for left, right in zip_longest(gone, came):
        pieces = zip_longest(_pieces(left, half), _pieces(right, half), fillvalue=Cell(" " * half))
        for a, b in pieces:
            yield Cell(" "), a, Cell(f" {glyphs.gutter} ", Role.DIM), b


def _pieces(line: Line | None, cells: int) -> list[Cell]:
    if line is None:
        return []
    folded = wrap(line.text, max(4, cells - 2))
    return [
        Cell(fit(f"{line.hang if number else line.head}{piece.rstrip()}", cells, ellipsis=""), line.role)
        for number, piece in enumerate(folded)
    ]
