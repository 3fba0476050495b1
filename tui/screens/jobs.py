"""Bulk jobs: how far each is and who began it; what became of every run of one, and why some were refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from sagewai.models.bulk import BulkOutcome
from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.gateway import Missing, Unreachable
from tui.keymap import Keymap
from tui.payload import Line
from tui.screens.frame import reported
from tui.screens.keys import key
from tui.screens.sheet import Sheet
from tui.views import ActionRecord, ItemRow, JobRow, Window
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.pane import Pane
from tui.widgets.prompt import Question
from tui.widgets.table import Table

JOBS = (
    Column("state", "STATE", 6),
    Column("job", "JOB", 3, most=6, align="right"),
    Column("verb", "VERB", 7),
    Column("progress", "PROGRESS", 26),
    Column("refused", "REFUSED", 7, align="right"),
    Column("by", "BY", 8, weight=2, most=30),
    Column("age", "AGE", 4, align="right"),
    Column("took", "TOOK", 4, align="right", rank=2),
    Column("reason", "REASON", 8, weight=3, rank=1),
)
ITEMS = (
    Column("number", "N", 5, align="right"),
    Column("outcome", "OUTCOME", 9),
    Column("run", "RUN", 16, weight=2, most=40, keep="tail"),
    Column("detail", "WHY", 20, weight=5, most=200),
)
OUTCOMES: tuple[BulkOutcome | None, ...] = (None, BulkOutcome.REFUSED, BulkOutcome.DONE, BulkOutcome.LEFT)
LOOK_EVERY = 1.0
"""Seconds between two looks."""


class JobsSheet(Sheet):
    """Lists jobs; enter shows the runs of one, esc the list again. ``job`` is opened at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("D", "stop", "stop the job", shown=True),
        key("tab", "outcome", "runs by outcome", shown=True),
    ]

    def __init__(self, job: int | None = None) -> None:
        super().__init__("bulk jobs")
        self._job = job
        self._outcome: BulkOutcome | None = None
        self._opened: JobRow | None = None
        self._poked = asyncio.Event()
        self._about = Bar(id="job-about")
        self._why = Pane(id="item-why")
        self.jobs = Table[JobRow](JOBS, self._read_jobs, id="jobs")
        self.items = Table[ItemRow](ITEMS, self._read_items, id="items", empty=_NO_ITEMS)

    def compose_body(self) -> ComposeResult:
        yield self._about
        yield self.jobs
        yield self.items
        yield self._why

    def draw(self) -> None:
        self.jobs.show_empty(_nothing(self.console.habits.keymap))
        self._turn()
        self.run_worker(self._keep_looking(), group="look", exclusive=True)

    async def _read_jobs(self, cursor: str | None, limit: int) -> Window[JobRow]:
        return Window(await self.console.gateway.bulk.jobs())

    async def _read_items(self, cursor: str | None, limit: int) -> Window[ItemRow]:
        assert self._job is not None
        return await self.console.gateway.bulk.items(self._job, cursor, limit, self._outcome)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        while True:
            self._poked.clear()
            if self.console.looks:
                await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._poked.wait()

    async def _look(self) -> None:
        try:
            if self._job is None:
                await self.jobs.look()
            else:
                self._opened = await self.console.gateway.bulk.job(self._job)
                await self.items.look()
        except (Unreachable, Missing) as error:
            self.prompt.say(Cell(f" {error}", Role.FAILED))
        self.call_after_refresh(self._say_about)

    def _say_about(self) -> None:
        row = self._opened
        if self._job is None or row is None:
            left = [Cell(" they go on without this console", Role.DIM)]
            right = [Cell("newest first ", Role.DIM)]
        else:
            first, last, more = self.items.in_view
            outcome = "every outcome" if self._outcome is None else f"only {self._outcome}"
            left = [Cell(f" {row.told.text}", row.told.role)]
            right = [Cell(f"{outcome}  {first}-{last}{'+' if more else ''} ", Role.DIM)]
        self._about.show(left, right)
        item = self.items.row if self._job is not None else None
        self._why.show([Line(item.detail, Role.FAILED, head=" ", hang=" ")] if item and item.detail else [])

    def _turn(self) -> None:
        """Show the list, or the runs of the job that was chosen."""
        of_one = self._job is not None
        self.jobs.display, self.items.display, self._why.display = not of_one, of_one, of_one
        self.items.show_source(self._read_items)
        self.set_focus(self.items if of_one else self.jobs)
        self._say_about()
        self._poked.set()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._say_about()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_table_opened(self, event: Table.Opened) -> None:
        if self._job is None:
            row = self.jobs.row
            if row is not None:
                self._job, self._opened, self._outcome = row.key, row, None
                self._turn()
        elif self.items.row is not None:
            self.dismiss()
            self.console.open_run(self.items.row.run)

    def action_leave(self) -> None:
        if self._job is None:
            self.dismiss()
        else:
            self._job = self._opened = None
            self._turn()

    def action_outcome(self) -> None:
        if self._job is not None:
            self._outcome = OUTCOMES[(OUTCOMES.index(self._outcome) + 1) % len(OUTCOMES)]
            self._turn()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop" and not self.console.gateway.door.may(Right.OPERATE):
            return False
        return super().check_action(action, parameters)

    def action_stop(self) -> None:
        row = self.jobs.row if self._job is None else self._opened
        if row is None:
            return
        if not row.is_running:
            self.prompt.say(Cell(f" job {row.key} is over", Role.WAITING))
            return

        async def commit(_: str) -> None:
            self._report(await self.console.gateway.verbs.stop_bulk(row.key))

        what = (Cell(f" stop bulk job {row.key}?", Role.STRONG), Cell("  what it did stays done", Role.DIM))
        self.prompt.confirm(Question(what, commit))

    def _report(self, record: ActionRecord) -> None:
        said, twin = reported(record, self.console.glyphs, self.size.width)
        self.prompt.say(said, explain=twin)
        self._poked.set()


def _nothing(keys: Keymap) -> Sequence[Cell]:
    """What an empty list says: how a job is begun."""
    verbs = (("retry", "r"), ("cancel", "C"), ("pause", "P"), ("discard", "D"))
    *some, last = (keys.of(*verb) for verb in verbs)
    whole = f"{keys.line('command', ':', 'bulk retry')} for all that is listed"
    return (
        Cell("no bulk jobs", Role.STRONG),
        Cell(f"Mark runs with space, then {', '.join(some)} or {last};", Role.DIM),
        Cell(f"or {whole}.", Role.DIM),
    )


_NO_ITEMS = (Cell("no run of the job has this outcome", Role.DIM),)
