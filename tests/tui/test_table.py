"""The table over a listing of any length: what it reads, what it keeps, and what it draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from tui.format import Cell
from tui.views import Window
from tui.widgets.columns import GAP, Column, allot
from tui.widgets.keyset import PAGES, Keyset
from tui.widgets.table import Table


@dataclass(frozen=True)
class Item:
    key: int
    cells: Mapping[str, Cell]


def item(key: int, word: str = "same") -> Item:
    return Item(key, {"id": Cell(f"item-{key}"), "word": Cell(word)})


class Listing:
    """Newest first, by keyset: the cursor is the last key that was given."""

    def __init__(self, count: int) -> None:
        self.words: dict[int, str] = dict.fromkeys(range(count), "same")
        self.reads = 0

    async def source(self, cursor: str | None, limit: int) -> Window[Item]:
        self.reads += 1
        below = max(self.words, default=-1) + 1 if cursor is None else int(cursor)
        keys = (
            [key for key in sorted(self.words, reverse=True) if key < below]
            if len(self.words) < 5_000
            else [key for key in range(below - 1, max(-1, below - 1 - limit - 50), -1) if key in self.words]
        )
        rows = tuple(item(key, self.words[key]) for key in keys[:limit])
        last = None if not rows or rows[-1].key == min(self.words) else str(rows[-1].key)
        return Window(rows, last, len(rows))


COLUMNS = (Column("id", "ID", 10), Column("word", "WORD", 6, weight=1))


class Bench(App[None]):
    CSS = "Lines { width: 1fr; height: 1fr; }"

    def __init__(self, listing: Listing) -> None:
        super().__init__()
        self.table: Table[Item] = Table(COLUMNS, listing.source, markable=True)
        self.drawn: list[Region] = []

    def compose(self) -> ComposeResult:
        yield self.table

    async def on_mount(self) -> None:
        self.table.focus()
        await self.table.look()
        original = self.table.refresh

        def refresh(*regions: Region, **options: bool) -> object:
            self.drawn += regions
            return original(*regions, **options)

        self.table.refresh = refresh  # type: ignore[method-assign, assignment]


async def test_the_cursor_stays_with_its_id_while_rows_come_and_go() -> None:
    listing = Listing(50)
    app = Bench(listing)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("down", "down")
        assert app.table.row is not None
        assert app.table.row.key == 47
        listing.words |= dict.fromkeys(range(50, 60), "new")
        await app.table.look()
        assert app.table.row is not None
        assert app.table.row.key == 47
        del listing.words[47]
        await app.table.look()
        assert app.table.row is not None
        assert app.table.row.key == 46


async def test_nothing_is_drawn_when_nothing_changed() -> None:
    listing = Listing(50)
    app = Bench(listing)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        app.drawn.clear()
        await app.table.look()
        await app.table.look()
        assert app.drawn == []


async def test_only_the_line_that_changed_is_drawn() -> None:
    listing = Listing(50)
    app = Bench(listing)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        app.drawn.clear()
        listing.words[46] = "other"
        await app.table.look()
        assert [(region.y, region.height) for region in app.drawn] == [(4, 1)]


async def test_moving_the_cursor_draws_two_lines() -> None:
    app = Bench(Listing(50))
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        app.drawn.clear()
        await pilot.press("down")
        assert {region.y for region in app.drawn} == {1, 2}


async def test_marks_stay_with_their_ids() -> None:
    listing = Listing(50)
    app = Bench(listing)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("space", "space")
        assert set(app.table.marks) == {49, 48}
        listing.words |= dict.fromkeys(range(50, 55), "new")
        await app.table.look()
        assert set(app.table.marks) == {49, 48}
        marked = [app.table.line_at(y).text for y in range(12)]
        assert [line for line in marked if "*" in line] == [
            line for line in marked if "item-49" in line or "item-48" in line
        ]
        await pilot.press("up", "space")
        assert set(app.table.marks) == {49}


async def test_a_million_rows_are_walked_in_flat_memory() -> None:
    listing = Listing(1_000_000)
    app = Bench(listing)
    async with app.run_test(size=(40, 22)) as pilot:
        for _ in range(40):
            await pilot.press("pagedown")
            await pilot.pause()
        row = app.table.row
        assert row is not None
        assert row.key == 999_999 - 40 * 21
        assert len(app.table.rows) <= PAGES * 100
        first, last, more = app.table.in_view
        assert first <= 999_999 - row.key + 1 <= last
        assert more
        for _ in range(40):
            await pilot.press("pageup")
            await pilot.pause()
        assert app.table.row is not None
        assert app.table.row.key == 999_999
        await pilot.press("pagedown", "home")
        await pilot.pause()
        assert app.table.row is not None
        assert app.table.row.key == 999_999


async def test_no_row_is_skipped_or_shown_twice_while_new_ones_arrive() -> None:
    listing = Listing(1_000)
    keyset: Keyset[Item] = Keyset(listing.source, 100)
    await keyset.refresh(0, 20)
    seen: list[int] = []
    for _ in range(9):
        top = max(listing.words) + 1
        listing.words |= dict.fromkeys(range(top, top + 7), "new")
        await keyset.refresh(len(keyset.rows) - 20, len(keyset.rows))
        await keyset.further()
        seen += [row.key for row in keyset.rows]
        keys = [row.key for row in keyset.rows]
        assert keys == sorted(set(keys), reverse=True)
    assert set(range(100, 1_000)) <= set(seen)
    while await keyset.back():
        keys = [row.key for row in keyset.rows]
        assert keys == sorted(set(keys), reverse=True)
    assert keyset.rows[0].key == max(listing.words)
    assert keyset.base == 0


async def test_pages_that_no_longer_join_are_let_go() -> None:
    listing = Listing(1_000)
    keyset: Keyset[Item] = Keyset(listing.source, 100)
    await keyset.refresh(0, 20)
    await keyset.further()
    listing.words |= dict.fromkeys(range(1_000, 1_030), "new")
    await keyset.refresh(0, 20)
    await keyset.further()
    keys = [row.key for row in keyset.rows]
    assert keys == list(range(1_029, 1_029 - len(keys), -1))


async def test_a_look_reads_only_the_pages_in_view() -> None:
    listing = Listing(1_000)
    keyset: Keyset[Item] = Keyset(listing.source, 100)
    await keyset.refresh(0, 20)
    await keyset.further()
    await keyset.further()
    before = listing.reads
    await keyset.refresh(0, 20)
    assert listing.reads - before == 1
    await keyset.refresh(90, 110)
    assert listing.reads - before == 3


async def test_a_listing_that_became_empty_is_empty() -> None:
    listing = Listing(150)
    keyset: Keyset[Item] = Keyset(listing.source, 100)
    await keyset.refresh(0, 20)
    await keyset.further()
    listing.words.clear()
    await keyset.refresh(0, 20)
    assert keyset.rows == ()
    assert not keyset.more


@pytest.mark.parametrize("cells", [1, 5, 12, 20, 40, 75, 79, 120, 200])
def test_columns_never_take_more_than_there_is(cells: int) -> None:
    columns = (
        Column("state", "STATE", 7),
        Column("run", "RUN", 12, weight=3, most=36),
        Column("workflow", "WORKFLOW", 16, weight=3, most=40, rank=1),
        Column("pool", "POOL", 7, weight=1, most=16, rank=5),
        Column("worker", "WORKER", 12, weight=1, most=24, rank=6),
    )
    shown = allot(columns, cells)
    assert sum(width for _, width in shown) + GAP * (len(shown) - 1) <= max(cells, 1)
    assert all(given <= column.most for column, given in shown)
    names = [column.name for column, _ in shown]
    assert names == [column.name for column in columns if column.name in names]
    if cells >= 75:
        assert "pool" in names
