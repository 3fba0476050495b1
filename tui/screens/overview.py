"""Overview: how the store does, what is new, who did what, bulk jobs and errors; on an empty store the way to a run."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.outline import DeedRow, attention, charts, first_steps
from tui.screens.base import ConsoleScreen
from tui.screens.jobs import JobsSheet
from tui.screens.keys import key
from tui.screens.letter_columns import GROUPS
from tui.screens.overview_columns import DEEDS, JOBS, NO_DEEDS, NO_ERRORS, NO_JOBS
from tui.screens.sheet import Reader
from tui.views import GroupRow, JobRow, Window
from tui.widgets.bar import Bar
from tui.widgets.board import Board
from tui.widgets.pane import Pane
from tui.widgets.prompt import Question
from tui.widgets.table import Table


class OverviewScreen(ConsoleScreen):
    """The whole store at a glance."""

    MODE = "overview"
    WRITES: ClassVar = {"stop": Right.OPERATE}
    BINDINGS: ClassVar[list[BindingType]] = [
        key("tab", "turn(1)", "next pane", shown=True),
        key("shift+tab", "turn(-1)", "the pane before"),
        key("D", "stop", "stop a bulk job", shown=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rates = Board(charts, id="rates")
        self._attention = Board(attention, id="attention")
        self._first = Pane(id="first-steps")
        self._tabs = Bar(id="panes")
        self.deeds_table = Table[DeedRow](DEEDS, self._deeds, id="deeds", empty=NO_DEEDS)
        self.jobs_table = Table[JobRow](JOBS, self._jobs, id="jobs", empty=NO_JOBS)
        self.errors_table = Table[GroupRow](GROUPS, self._errors, id="errors", empty=NO_ERRORS)
        self._jobs_title = Bar(id="jobs-title")
        self._errors_title = Bar(id="errors-title")
        self._at = 0

    def compose_body(self) -> ComposeResult:
        with Vertical(id="body"):
            yield self._first
            with Horizontal(id="vitals"):
                yield self._rates
                yield self._attention
            yield self._tabs
            with Horizontal(id="panes-body"):
                yield self.deeds_table
                with Vertical(id="panes-side"):
                    yield self._jobs_title
                    yield self.jobs_table
                    yield self._errors_title
                    yield self.errors_table

    def on_mount(self) -> None:
        super().on_mount()
        self._turn_to(0)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _deeds(self, cursor: str | None, limit: int) -> Window[DeedRow]:
        return Window(self.gateway.overview.deeds())

    async def _jobs(self, cursor: str | None, limit: int) -> Window[JobRow]:
        return Window(self.gateway.overview.jobs())

    async def _errors(self, cursor: str | None, limit: int) -> Window[GroupRow]:
        return Window(self.gateway.overview.errors())

    async def look(self) -> None:
        await self.gateway.look_over(self.totals)
        for table in self._panes:
            await table.look()
        self._draw()
        if not self.gateway.overview.is_whole:
            self.poke()  # the rest of the first picture, by a look of its own

    @property
    def _panes(self) -> tuple[Table[DeedRow], Table[JobRow], Table[GroupRow]]:
        return self.deeds_table, self.jobs_table, self.errors_table

    def _draw(self) -> None:
        totals, door = self.totals, self.gateway.door
        empty = totals is not None and not any(totals.by_status.values())
        self.set_class(empty, "-first-steps")
        if empty:
            self._first.show(first_steps(door.place, door.shown_url))
        outline = self.gateway.overview.outline()
        self._rates.show(outline)
        self._attention.show(outline)
        self._draw_titles()

    def _draw_titles(self) -> None:
        """On narrow terminals one line names all three panes, on wide ones each has its own."""
        names = ("action log", "bulk jobs", "errors")
        running = sum(row.is_running for row in self.jobs_table.rows)
        errors = len(self.errors_table.rows)
        said = ("", f" {running} running" if running else "", f" {errors}" if errors else "")
        cells = []
        for at, (name, more) in enumerate(zip(names, said, strict=True)):
            title = [Cell(f" {name}", Role.STRONG if at == self._at else Role.DIM), Cell(more, Role.ACCENT)]
            if self.is_wide and at:
                (self._jobs_title, self._errors_title)[at - 1].show(title)
            else:
                cells += [*title, Cell("  ")]
        hint = ("enter: its run, or all of it", "enter: its runs", "enter: its dead letters")[self._at]
        self._tabs.show(cells, [Cell(f"{hint} ", Role.DIM)])

    @property
    def is_wide(self) -> bool:
        return self.has_class("-wide")

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_titles)  # once it is known whether the terminal is wide

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_turn(self, by: int) -> None:
        self._turn_to((self._at + by) % len(self._panes))

    def _turn_to(self, at: int) -> None:
        self._at = at
        for number, name in enumerate(("-deeds", "-jobs", "-errors")):
            self.set_class(number == at, name)
        self.set_focus(self._panes[at])
        self._draw_titles()
        self.draw_frame()

    def label(self, binding: Binding) -> str:
        """Jobs are stopped where they are listed."""
        return "" if binding.action == "stop" and self._at != 1 else super().label(binding)

    def leave(self) -> bool:
        if not self._at:
            return False
        self._turn_to(0)
        return True

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        if event.table is self.deeds_table and self.deeds_table.row is not None:
            deed = self.deeds_table.row
            if len(deed.runs) == 1:
                self.console.open_run(deed.runs[0])
            else:
                self.app.push_screen(Reader("who did what", deed.lines))
        elif event.table is self.jobs_table and self.jobs_table.row is not None:
            self.app.push_screen(JobsSheet(self.jobs_table.row.key))
        elif event.table is self.errors_table and self.errors_table.row is not None:
            self.console.open_error(self.errors_table.row.key)

    def action_stop(self) -> None:
        """Stop the bulk job under the cursor."""
        job = self.jobs_table.row
        if self._at != 1 or job is None:
            stop = self.console.habits.keymap.of("stop", "D")
            self.prompt.say(Cell(f" {stop} stops a bulk job: tab to them, and choose one", Role.WAITING))
        elif not job.is_running:
            self.prompt.say(Cell(f" bulk job {job.key} is over: nothing is left to stop", Role.WAITING))
        else:
            number = job.key

            async def commit(_: str) -> None:
                self.report(await self.gateway.verbs.stop_bulk(number))

            what = (
                Cell(f" stop bulk job {number}?", Role.STRONG),
                Cell("  what it did stays done", Role.DIM),
            )
            self.prompt.confirm(Question(what, commit))
