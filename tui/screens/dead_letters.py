"""Dead letters: runs that failed for good, one by one or by error, each with its error and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from tui.format import Cell, Role
from tui.gateway import exports
from tui.gateway.choosing import Chosen, dead_letters
from tui.payload import Line
from tui.screens.acting import RunActions
from tui.screens.keys import key
from tui.screens.letter_columns import COLUMNS, GROUPS, NOTHING, OTHERS, counted, narrowed
from tui.views import DeadRow, GroupRow, Ref, Window
from tui.widgets.bar import Bar
from tui.widgets.letter import Letter
from tui.widgets.prompt import Question
from tui.widgets.table import Table


class DeadLettersScreen(RunActions):
    """What failed for good and waits for a person's judgement. A key is about the run under the cursor, or about those
    that are marked, or about the whole group under the cursor."""

    MODE = "dlq"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("r", "retry", "retry", shown=True),
        key("D", "discard", "discard", shown=True),
        key("e", "groups", "groups", shown=True),
        key("f", "fork", "fork", shown=True),
        key("slash", "filter", "filter", shown=True, shown_as="/"),
        key("tab", "app.focus_next", "error", shown=True),
        key("b", "jobs", "bulk jobs"),
        key("v", "pager", "read it in your pager"),
        key("w", "write", "write it to a file, as JSON"),
        key("y", "copy", "copy the id"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._only: Ref | None = None
        self._workflow: Ref | None = None
        self._grouped = False
        self.table = Table[DeadRow](COLUMNS, self._letters, id="rows", empty=NOTHING, markable=True)
        self.groups_table = Table[GroupRow](GROUPS, self._groups, id="groups", empty=NOTHING)
        self._about = Bar(id="about")
        self._letter = Letter(self.action_log)

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            with Vertical(id="letters"):
                yield self._about
                yield self.table
                yield self.groups_table
            yield self._letter

    def on_mount(self) -> None:
        super().on_mount()
        self.groups_table.display = False
        self.table.focus()

    async def _letters(self, cursor: str | None, limit: int) -> Window[DeadRow]:
        workflow = None if self._workflow is None else self._workflow.raw
        return await self.gateway.dead_letters(self._only, cursor, limit, workflow)

    async def _groups(self, cursor: str | None, limit: int) -> Window[GroupRow]:
        return Window(await self.gateway.dead_letter_groups())

    # -- what keys are about ------------------------------------------------------------------------------------------

    @property
    def _group(self) -> GroupRow | None:
        return self.groups_table.row if self._grouped else None

    def targets(self) -> Sequence[Ref]:
        if self._grouped:
            return ()
        return [row.key for row in self.table.meant]

    def hidden(self) -> int:
        return self.table.hidden

    def many(self) -> Chosen | None:
        if not self._grouped:
            return super().many()
        return None if self._group is None else dead_letters(self._group.key, None)

    def whole(self) -> Chosen | None:
        return None if self._grouped else dead_letters(self._only, self._workflow)

    def unmark(self, runs: Sequence[Ref]) -> None:
        self.table.unmark(runs)
        self._say_about()

    async def reading(self) -> tuple[str, Sequence[Line]]:
        if self._group is None:
            return await super().reading()
        return self._group.key.text, await exports.told_group(self.gateway, self._group.key)

    def action_write(self) -> None:
        if self._group is None:
            super().action_write()
        else:
            self.write_group(self._group)

    def action_copy(self) -> None:
        if self._group is None:
            super().action_copy()
        else:
            self.prompt.say(self.console.copy(self._group.key))

    # -- drawing ------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        await (self.groups_table if self._grouped else self.table).look()
        self._draw()

    def _draw(self) -> None:
        self._say_about()
        if self._grouped:
            self._letter.show_group(self._group, acts=not self._is_refused("retry"))
        else:
            self._letter.show_letter(self.table.row)

    def _say_about(self) -> None:
        total = 0 if self.totals is None else self.totals.dead_letters
        if self._grouped:
            self._about.show([counted(total)], [Cell("by error, enter lists one ", Role.DIM)])
            return
        first, last, more = self.table.in_view
        only = [str(each) for each in (self._only, self._workflow) if each is not None]
        self.table.show_empty(OTHERS if only and total else NOTHING)
        left = [counted(total), *narrowed(only, len(self.table.marks), self.table.hidden)]
        self._about.show(left, [Cell(f"newest first  {first}-{last}{'+' if more else ''} ", Role.DIM)])

    def on_table_moved(self, event: Table.Moved) -> None:
        self._draw()

    # -- what is listed -----------------------------------------------------------------------------------------------

    def on_table_opened(self, event: Table.Opened) -> None:
        if self._grouped:
            if self._group is not None:
                self.list_error(self._group.key)
        elif self.table.row is not None:
            self.console.open_run(self.table.row.key)

    def action_groups(self) -> None:
        self._list(None, None, grouped=not self._grouped)

    def list_error(self, error_type: Ref) -> None:
        """List those of one error type."""
        self._list(error_type, None)

    def action_filter(self) -> None:
        only = None if self._grouped else self._only

        async def commit(text: str) -> None:
            name = text.strip().removeprefix("wf:")
            self._list(only, self.gateway.door.shaper.ref(name) if name else None, keep_marks=True)

        def complete(typed: str) -> Sequence[str]:
            names = self.gateway.letter_workflows()
            return [f"wf:{name}" for name in names if f"wf:{name}".startswith(typed)]

        what = (Cell(" show only those of one workflow", Role.STRONG),)
        self.prompt.ask(Question(what, commit, "wf:NAME", "/", initial="wf:", complete=complete))

    def _list(
        self, only: Ref | None, workflow: Ref | None, *, grouped: bool = False, keep_marks: bool = False
    ) -> None:
        self._only, self._workflow, self._grouped = only, workflow, grouped
        self.groups_table.display, self.table.display = grouped, not grouped
        self.table.show_source(self._letters, keep_marks=keep_marks)
        self.set_focus(self.groups_table if grouped else self.table)
        self.poke()

    def leave(self) -> bool:
        """Esc: forget marks, then list everything again."""
        if self.table.marks:
            self.table.marks.clear()
            self.table.repaint()
            self._say_about()
        elif self._grouped or (self._only, self._workflow) != (None, None):
            self._list(None, None)
        else:
            return False
        return True
