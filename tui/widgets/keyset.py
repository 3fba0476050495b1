"""A sliding window over a listing of any length: a few pages, joined by their cursors, in flat memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from tui.format import Cell

if TYPE_CHECKING:
    from tui.views import Window

PAGES = 3
"""Pages kept at once."""


class Row(Protocol):
    """What a table can draw: safe cells by column name, under an id that outlives a refresh."""

    @property
    def key(self) -> Hashable: ...

    @property
    def cells(self) -> Mapping[str, Cell]: ...


R = TypeVar("R", bound=Row)
Source: TypeAlias = "Callable[[str | None, int], Awaitable[Window[R]]]"
"""Gives the rows behind a cursor (None: from the beginning), about as many as asked."""


@dataclass(frozen=True, slots=True)
class _Page(Generic[R]):
    start: str | None
    window: Window[R]


class Keyset(Generic[R]):
    """``rows`` are those of the pages at hand, ``base`` says how many came before them when they were passed.

    Every page begins where the one before it ended *when both were last read*, so nothing is shown twice and nothing
    falls between two pages while rows come and go.
    """

    def __init__(self, source: Source[R], page: int = 100) -> None:
        self._source = source
        self._page = page
        self._pages: list[_Page[R]] = []
        self._passed: list[tuple[str | None, int, int]] = []
        self._busy = asyncio.Lock()
        self.rows: tuple[R, ...] = ()
        self.loaded = False

    @property
    def base(self) -> int:
        return sum(size for _, size, _ in self._passed)

    @property
    def more(self) -> bool:
        """Whether rows follow those at hand."""
        return bool(self._pages) and self._pages[-1].window.cursor is not None

    @property
    def stopped(self) -> bool:
        """Whether looking for those that follow stopped short, and goes on only when asked."""
        return bool(self._pages) and self._pages[-1].window.stopped

    @property
    def looked(self) -> int:
        """How many rows were read to come so far."""
        passed = sum(looked for _, _, looked in self._passed)
        return passed + sum(page.window.looked for page in self._pages)

    async def refresh(self, first: int, last: int) -> None:
        """Read again the pages that hold rows ``first`` to ``last`` (counted from ``base``)."""
        async with self._busy:
            if not self._pages:
                self._adopt(await self._from_the_top())
                return
            pages: list[_Page[R]] = []
            start = self._pages[0].start
            at = 0
            for old in self._pages:
                size = len(old.window.rows)
                if old.start != start:
                    break  # what came before it ends elsewhere now
                if at <= last and at + size >= first:
                    pages.append(_Page(start, await self._source(start, self._page)))
                else:
                    pages.append(old)
                at += size
                start = pages[-1].window.cursor
                if start is None:
                    break
            if not pages[0].window.looked and not pages[0].window.rows and self._passed:
                pages = await self._from_the_top()
            self._adopt(pages)

    async def further(self) -> bool:
        """Read one page more; False at the end."""
        async with self._busy:
            if not self.more:
                return False
            start = self._pages[-1].window.cursor
            page = _Page(start, await self._source(start, self._page))
            pages = [*self._pages, page]
            if len(pages) > PAGES:
                gone = pages.pop(0)
                self._passed.append((gone.start, len(gone.window.rows), gone.window.looked))
            self._adopt(pages)
            return True

    async def back(self) -> bool:
        """Read the page before those at hand; False at the beginning."""
        async with self._busy:
            if not self._passed:
                return False
            start, _, _ = self._passed[-1]
            page = _Page(start, await self._source(start, self._page))
            follows = self._pages if self._pages and self._pages[0].start == page.window.cursor else []
            pages = [page, *follows][:PAGES]
            if not follows and page.window.cursor is not None:
                pages.append(_Page(page.window.cursor, await self._source(page.window.cursor, self._page)))
            self._passed.pop()
            self._adopt(pages)
            return True

    async def first(self) -> None:
        """Go to the beginning."""
        async with self._busy:
            self._adopt(await self._from_the_top())

    async def _from_the_top(self) -> list[_Page[R]]:
        self._passed = []
        return [_Page(None, await self._source(None, self._page))]

    def _adopt(self, pages: list[_Page[R]]) -> None:
        self._pages = pages
        rows: dict[Hashable, R] = {}
        for page in pages:
            for row in page.window.rows:
                rows.setdefault(row.key, row)
        self.rows = tuple(rows.values())
        self.loaded = True
