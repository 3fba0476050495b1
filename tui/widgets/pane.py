"""A pane of text: safe lines, folded to its width, scrolled by keys; it holds a megabyte without drawing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.segment import Segment
from textual.strip import Strip

from tui.format import Role
from tui.payload import Line
from tui.text import cut, width, wrap
from tui.widgets.scrolled import Scrolled

_NARROWEST = 12
"""Cells that text gets at least, however long its head is."""


@dataclass(frozen=True, slots=True)
class _Folded:
    """A part of a line that fits. ``number`` is that of its line, from 1; ``last`` is the part that ends it."""

    head: str
    text: str
    role: Role
    marks: tuple[tuple[int, int], ...]
    number: int
    last: bool


class Pane(Scrolled):
    """Shows lines. Showing the same again draws nothing and keeps the place; other lines begin at their top unless
    ``keep_place``."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()
        self._folded: list[_Folded] = []
        self.reached = 0
        """The lines, counted from the first, whose end has been in view since other lines were shown."""
        self.touched = 0
        """The same of any part of them."""

    def show(self, lines: Sequence[Line], *, keep_place: bool = False) -> None:
        """Draw these lines if they aren't drawn already."""
        lines = tuple(lines)
        if lines == self._lines:
            return
        self._lines = lines
        if not keep_place:
            self.reached = self.touched = 0
        self._fold()
        self.scroll_to_line(self.row_offset if keep_place else 0)
        self.repaint()

    @property
    def lines(self) -> tuple[Line, ...]:
        """All of it, unfolded."""
        return self._lines

    @property
    def text(self) -> str:
        """The same as text, for tests."""
        return "\n".join(line.head + line.text for line in self._lines)

    def below(self, number: int) -> int:
        """How many lines up to this one, counted from 1, aren't in view yet, or not to their end."""
        parts = self._folded[self.row_offset + self.size.height :]
        return len({part.number for part in parts if part.number <= number})

    def line_at(self, y: int) -> Strip:
        columns = self.size.width
        at = self.row_offset + y
        if at >= len(self._folded):
            return self.blank(columns)
        part = self._folded[at]
        self.touched = max(self.touched, part.number)
        if part.last:
            self.reached = max(self.reached, part.number)
        head = cut(part.head, columns, ellipsis="")
        text = cut(part.text, columns - width(head), ellipsis="")
        drawn = [Segment(head, self.style(Role.DIM))] if head else []
        drawn += self._drawn_text(text, part)
        rest = columns - width(head) - width(text)
        return Strip([*drawn, Segment(" " * rest, self.base)], columns)

    def _drawn_text(self, text: str, part: _Folded) -> Iterator[Segment]:
        at = 0
        for start, end in part.marks:
            if text[at:start]:
                yield Segment(text[at:start], self.style(part.role))
            if text[start:end]:
                marked = f"{self.palette.roles[part.role]} bold underline"
                yield Segment(text[start:end], self.mixed(marked))
            at = end
        yield Segment(text[at:], self.style(part.role))

    @property
    def length(self) -> int:
        return len(self._folded)

    def resized(self) -> None:
        self._fold()

    def _fold(self) -> None:
        columns = self.size.width
        self._folded = []
        if columns <= 0:
            return
        for number, line in enumerate(self._lines, 1):
            head, hang = line.head, line.hang
            if columns - width(head) < _NARROWEST:
                head = cut(head, max(0, columns - _NARROWEST), ellipsis="")
                hang = cut(hang, max(0, columns - _NARROWEST), ellipsis="")
            pieces = wrap(line.text, columns - max(width(head), width(hang)))
            at = 0
            for place, piece in enumerate(pieces):
                marks = _within(line.marks, at, at + len(piece))
                last = place + 1 == len(pieces)
                self._folded.append(_Folded(hang if place else head, piece, line.role, marks, number, last))
                at += len(piece)


def _within(marks: Sequence[tuple[int, int]], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Those parts of the marks that lie between two places, counted from the first."""
    return tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in marks
        if first < end and last > start
    )
