"""The one table: rows of a listing of any length, a cursor and marks that stay with their ids."""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Iterable, Sequence
from typing import Any, Generic

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.strip import Strip
from textual.worker import Worker

from tui.format import Cell, Role
from tui.gateway import Missing, Unreachable
from tui.text import cut, cut_head, fit, width
from tui.widgets.columns import GAP, Column, allot
from tui.widgets.keyset import Keyset, R, Source
from tui.widgets.paint import Lines, parsed

_LEAD = 4
"""Cells before the first column: blank, cursor, mark, blank."""


class Table(Lines, Generic[R]):
    """Draws a heading and the rows in view. ``look()`` reads them again; the cursor stays on its row's id, and where
    that row is gone, on the place where it was."""

    BINDINGS = [
        Binding("up,k", "step(-1)", "up", show=False, priority=True),
        Binding("down,j", "step(1)", "down", show=False, priority=True),
        Binding("pageup", "page(-1)", "a page up", show=False, priority=True),
        Binding("pagedown", "page(1)", "a page down", show=False, priority=True),
        Binding("home,g", "first", "the first row", show=False, priority=True),
        Binding("end,G", "last", "the last row at hand", show=False, priority=True),
        Binding("space", "mark", "mark", show=False, priority=True),
        Binding("enter", "open", "open", show=False, priority=True),
    ]

    class Moved(Message):
        """The cursor came to another row; ``by_hand`` if a key moved it."""

        def __init__(self, table: Table[Any], by_hand: bool) -> None:
            super().__init__()
            self.table = table
            self.by_hand = by_hand

        @property
        def control(self) -> Table[Any]:
            return self.table

    class Opened(Message):
        """Enter was pressed on a row."""

        def __init__(self, table: Table[Any]) -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> Table[Any]:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        source: Source[R],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
        empty: Sequence[Cell] = (),
        markable: bool = False,
        stays_on_top: bool = False,
    ) -> None:
        """``stays_on_top``: until the cursor is moved by hand the first rows stay in view, and it on one of them."""
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._keyset: Keyset[R] = Keyset(source)
        self._empty = tuple(empty)
        self._markable = markable
        self._stays_on_top = stays_on_top
        self._is_untouched = True
        self._at = 0
        self._key: Hashable | None = None
        self._reading: Worker[None] | None = None
        self._listing = 0
        self._seen: dict[Hashable, int] = {}
        self.marks: dict[Hashable, R] = {}
        self.follows = False
        """Whether the cursor stays on the first row, whichever that is."""

    # -- what it holds ------------------------------------------------------------------------------------------------

    @property
    def rows(self) -> tuple[R, ...]:
        return self._keyset.rows

    @property
    def row(self) -> R | None:
        """The row under the cursor."""
        return self.rows[self._at] if self._at < len(self.rows) else None

    @property
    def meant(self) -> Sequence[R]:
        """The marked rows, where there are any; else the one under the cursor."""
        return list(self.marks.values()) or ([] if self.row is None else [self.row])

    @property
    def in_view(self) -> tuple[int, int, bool]:
        """The numbers, from 1, of the first and last row in view, and whether rows follow those at hand."""
        first = self.row_offset - self._keyset.base
        last = min(len(self.rows), first + self.room)
        return (
            self._keyset.base + max(0, first) + bool(self.rows),
            self._keyset.base + last,
            self._keyset.more,
        )

    @property
    def looked(self) -> int:
        return self._keyset.looked

    @property
    def hidden(self) -> int:
        """How many marked rows this listing leaves out, as far as it has been read."""
        whole = not self._keyset.more and not self._keyset.base
        here = {row.key for row in self.rows}
        return sum(key not in here and (whole or self._seen.get(key) != self._listing) for key in self.marks)

    def show_source(self, source: Source[R], *, keep_marks: bool = False) -> None:
        """List something else, from its beginning."""
        self._keyset = Keyset(source)
        self._at, self._key, self._is_untouched = 0, None, True
        self._listing += 1
        if not keep_marks:
            self.marks.clear()
        self.scroll_to_line(0)

    def follow(self) -> bool:
        """Stay with the first row, or no longer; tells whether it does now. Moving by hand ends it."""
        follows = not self.follows
        if follows:
            self.action_first()
        self.follows = follows
        return follows

    def show_empty(self, empty: Sequence[Cell]) -> None:
        """What to say when there is nothing to list."""
        if tuple(empty) != self._empty:
            self._empty = tuple(empty)
            self.repaint()

    def select(self, key: Hashable) -> bool:
        """Put the cursor on the row with this id, if it is at hand."""
        for at, row in enumerate(self.rows):
            if row.key == key:
                self._go(at, by_hand=False)
                return True
        return False

    async def look(self) -> None:
        """Read the rows in view again and draw those that changed."""
        first = self.row_offset - self._keyset.base
        await self._keyset.refresh(max(0, first), max(0, first) + self.room)
        self._settle()

    # -- moving -------------------------------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        self._walk(by)

    def action_page(self, by: int) -> None:
        self._walk(by * self.room)

    def action_first(self) -> None:
        if self._keyset.base:
            self._read_on(self._keyset.first(), to_the_top=True)
        self._go(0, by_hand=True)

    def action_last(self) -> None:
        self._walk(len(self.rows))

    def action_mark(self) -> None:
        row = self.row
        if not self._markable or row is None:
            return
        if row.key in self.marks:
            del self.marks[row.key]
        else:
            self.marks[row.key] = row
        self._go(self._at + 1, by_hand=True)
        self.repaint()

    def unmark(self, keys: Iterable[Hashable]) -> None:
        """Forget these marks."""
        for key in keys:
            self.marks.pop(key, None)
        self.repaint()

    def action_open(self) -> None:
        if self.row is not None:
            self.post_message(self.Opened(self))
        elif self._keyset.stopped and self._at == len(self.rows):
            self._read_on(self._keyset.further())

    def on_click(self, event: events.Click) -> None:
        """The row under the mouse gets the cursor; the one that has it is opened."""
        at = self.row_offset - self._keyset.base + event.y - 1
        if event.y and 0 <= at <= self._last:
            if at == self._at:
                self.action_open()
            else:
                self._go(at, by_hand=True)

    def _walk(self, by: int) -> None:
        """Move within what is at hand, and read on before its end is reached: a key never waits for the database."""
        self._go(self._at + by, by_hand=True)
        if (
            by > 0
            and self._keyset.more
            and not self._keyset.stopped
            and self._at + 2 * self.room >= len(self.rows)
        ):
            self._read_on(self._keyset.further())
        elif by < 0 and self._keyset.base and self._at < 2 * self.room:
            self._read_on(self._keyset.back())

    def _read_on(self, reading: Coroutine[object, object, object], *, to_the_top: bool = False) -> None:
        async def read() -> None:
            try:
                await reading
            except (Unreachable, Missing):
                return  # the next look says so; what is at hand stays
            if to_the_top:
                self._key = None
                self._at = 0
            self._settle()

        if self._reading is not None and self._reading.is_running:
            reading.close()
            return
        self._reading = self.run_worker(read(), group="read", exclusive=False)

    def _settle(self) -> None:
        """After a read: follow the cursor's id, or stay where it was."""
        keys = [row.key for row in self.rows]
        at = keys.index(self._key) if self._key in keys else min(self._at, self._last)
        if self.follows or (self._stays_on_top and self._is_untouched and at >= self.room):
            at = 0
        for key in self.marks.keys() & set(keys):
            self.marks[key] = self.rows[keys.index(key)]
            self._seen[key] = self._listing
        self._go(at, by_hand=False)
        self.repaint()

    def _go(self, at: int, *, by_hand: bool) -> None:
        at = max(0, min(at, self._last))
        row = self.rows[at] if at < len(self.rows) else None
        key = None if row is None else row.key
        self._is_untouched = self._is_untouched and not by_hand
        moved = key != self._key or (at != self._at and row is None)
        self.follows = self.follows and (at == 0 or not by_hand)
        self._at, self._key = at, key
        line_at = self._keyset.base + at
        if line_at < self.row_offset:
            self.scroll_to_line(line_at)
        elif line_at >= self.row_offset + self.room:
            self.scroll_to_line(line_at - self.room + 1)
        else:
            self.scroll_to_line(self.row_offset)  # rows may have gone
        if moved:
            self.post_message(self.Moved(self, by_hand))
            self.repaint()

    @property
    def _last(self) -> int:
        """Where the cursor may be: behind the last row too, where looking stopped short."""
        return max(0, len(self.rows) - 1 + self._keyset.stopped)

    @property
    def length(self) -> int:
        return self._keyset.base + len(self.rows) + self._keyset.stopped

    @property
    def room(self) -> int:
        return max(1, self.size.height - 1)

    def resized(self) -> None:
        self._go(self._at, by_hand=False)

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    # -- drawing ------------------------------------------------------------------------------------------------------

    def line_at(self, y: int) -> Strip:
        columns = self.size.width
        widths = allot(self._columns, max(1, columns - _LEAD - 1))
        if y == 0:
            return self._heading(widths, columns)
        at = self.row_offset - self._keyset.base + y - 1
        if 0 <= at < len(self.rows):
            return self._row(at, widths, columns)
        if at == len(self.rows) and self._keyset.stopped:
            cursor = self.glyphs.cursor if at == self._at else " "
            told = f"looked at {self.looked:,}: enter here goes on"
            return self.line([Cell(f" {cursor}  ", Role.ACCENT), Cell(told, Role.WAITING)], [], columns)
        if not self.rows and self._keyset.loaded and 2 <= y < len(self._empty) + 2:
            return self.line([Cell(" " * _LEAD), self._empty[y - 2]], [], columns)
        return self.blank(columns)

    def _heading(self, widths: Sequence[tuple[Column, int]], columns: int) -> Strip:
        text = (" " * GAP).join(fit(column.title, cells, align=column.align) for column, cells in widths)
        text = cut(" " * _LEAD + text, columns, ellipsis="")
        return Strip([Segment(text.ljust(columns), self.mixed(self.palette.heading))], columns)

    def _row(self, at: int, widths: Sequence[tuple[Column, int]], columns: int) -> Strip:
        row, glyphs, palette = self.rows[at], self.glyphs, self.palette
        here = at == self._at
        over = parsed(palette.cursor if self.has_focus else palette.cursor_blurred) if here else Style.null()
        flat = here and bool(over.reverse)  # reversed colours would make a patchwork of the row
        lead = f" {glyphs.cursor if here else ' '}{glyphs.mark if row.key in self.marks else ' '} "
        drawn = [Segment(lead, self.style(Role.STRONG if flat else Role.ACCENT) + over)]
        used = _LEAD
        for number, (column, cells) in enumerate(widths):
            cell = row.cells.get(column.name, Cell(""))
            shorten = cut_head if column.keep == "tail" else cut
            text = shorten(cell.text, cells - width(cell.tail), ellipsis=glyphs.ellipsis) + cell.tail
            text = (" " * GAP if number else "") + fit(text, cells, align=column.align, ellipsis="")
            drawn.append(Segment(text, self.style(Role.STRONG if flat else cell.role) + over))
            used += width(text)
        drawn.append(
            Segment(" " * max(0, columns - used), self.style(Role.STRONG if flat else Role.PLAIN) + over)
        )
        return Strip(drawn, max(used, columns)).crop(0, columns)
