"""Runs: the listing an operator starts from, with a filter language; wide terminals show the run beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from tui import filters
from tui.filters import Filter, FilterError
from tui.format import Cell, Role, plural
from tui.gateway.lookup import run_ids
from tui.screens.acting import RUN_KEYS, RunActions
from tui.screens.keys import key
from tui.screens.run_columns import COLUMNS, NOTHING, OTHERS, counted, narrowed, place
from tui.widgets.bar import Bar
from tui.widgets.preview import Preview
from tui.widgets.prompt import Question
from tui.widgets.table import Table

if TYPE_CHECKING:
    from tui.gateway.choosing import Chosen
    from tui.views import Ref, RunRow, Window


class RunsScreen(RunActions):
    """Every run, newest first."""

    MODE = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        *RUN_KEYS,
        key("slash", "filter", "filter", shown=True, shown_as="/"),
        key("s", "sort", "by last change, or newest first"),
        key("l", "follow", "follow: the cursor stays on the newest run"),
        key("d", "compare", "compare two marked runs"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.filter = Filter()
        self.table: Table[RunRow] = Table(COLUMNS, self._source, id="rows", markable=True, stays_on_top=True)
        self.preview = Preview(self.action_log)
        self._about = Bar(id="about")

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="body"):
            with Vertical(id="list"):
                yield self._about
                yield self.table
            yield self.preview

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus()

    def targets(self) -> Sequence[Ref]:
        return [row.key for row in self.table.meant]

    def is_held(self) -> bool:
        rows = self.table.meant
        return bool(rows) and all(row.is_held for row in rows)

    def whole(self) -> Chosen:
        from tui.gateway.choosing import Chosen

        where = f" of /{self.gateway.door.shaper.short(self.filter.text)}" if self.filter.text else ""
        return Chosen("run", where, filter=self.filter)

    def unmark(self, runs: Sequence[Ref]) -> None:
        self.table.unmark(runs)
        self._say_about()

    def hidden(self) -> int:
        return self.table.hidden

    async def _source(self, cursor: str | None, limit: int) -> Window[RunRow]:
        return await self.gateway.runs(self.filter, cursor, limit)

    async def look(self) -> None:
        await self.table.look()
        self._say_about()
        await self._preview()

    async def _preview(self) -> None:
        if not self.preview.is_wanted:
            return
        row = self.table.row
        self.preview.show(None if row is None else await self.gateway.preview(row))

    def _say_about(self) -> None:
        table, total = self.table, None if self.totals is None else counted(self.totals, self.filter)
        left = narrowed(self.filter.text, len(table.marks), table.hidden)
        self._about.show(left, place(self.filter, table.in_view, total, table.looked, follows=table.follows))
        table.show_empty(OTHERS if self.filter.text else NOTHING)

    def on_table_moved(self, event: Table.Moved) -> None:
        self._say_about()
        self.draw_frame()
        if event.by_hand and self.preview.is_wanted:
            self.poke()

    def on_table_opened(self, event: Table.Opened) -> None:
        row = self.table.row
        if row is not None:
            self.console.open_run(row.key)

    # -- filter and order ---------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        async def commit(text: str) -> None:
            self.apply(text)

        text = f"{self.filter.text} " if self.filter.text else ""
        hint = "status: wf: pool: tag: since: sort: or an id"

        def complete(typed: str) -> Sequence[str]:
            return filters.completions(typed, self.gateway.known())

        what = (Cell(" show only", Role.STRONG),)
        self.prompt.ask(
            Question(
                what,
                commit,
                hint,
                "/",
                initial=text,
                complete=complete,
                look_up=self._ids,
                recall=self.console.recall("/"),
            )
        )

    async def _ids(self, typed: str) -> Sequence[str]:
        """The free word is the beginning of an id."""
        before, blank, word = typed.rpartition(" ")
        if not word or ":" in word:
            return ()
        return [f"{before}{blank}{run_id}" for run_id in await run_ids(self.gateway.door, word)]

    def apply(self, text: str) -> None:
        """List what a filter leaves."""
        try:
            self.filter = filters.parse(text)
        except FilterError as error:
            self.prompt.say(Cell(f" {self.gateway.door.shaper.short(str(error))}", Role.FAILED))
            return
        self.table.show_source(self._source, keep_marks=True)
        self.poke()

    def action_sort(self) -> None:
        order = "newest" if self.filter.query.order == "changed" else "changed"
        words = [word for word in self.filter.text.split() if not word.startswith("sort:")]
        self.apply(" ".join([*words, *(["sort:changed"] if order == "changed" else [])]))

    def action_follow(self) -> None:
        self.table.follow()
        self._say_about()
        self.poke()

    def action_compare(self) -> None:
        marked = [row.key for row in self.table.marks.values()]
        if len(marked) == 2:
            self.compare(*marked)
        else:
            marks = f"{plural(len(marked), 'run')} {'is' if len(marked) == 1 else 'are'} marked"
            compare = self.console.habits.keymap.of("compare", "d")
            self.prompt.say(Cell(f" mark two runs with space, then {compare}: {marks}", Role.WAITING))

    def leave(self) -> bool:
        """Esc: forget marks, then the filter; False when there is nothing left to leave."""
        if self.table.marks:
            self.table.marks.clear()
            self.table.repaint()
        elif self.filter.text:
            self.apply("")
        else:
            return False
        return True
