"""What can be taken out of the console about runs: their ids, all about one in a pager, a file for each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING

from tui.format import Cell, Role, plural
from tui.gateway import Missing, Unreachable
from tui.screens.bulking import BulkActions
from tui.text import cut_head

if TYPE_CHECKING:
    from tui.gateway.exports import Written
    from tui.payload import Line
    from tui.views import GroupRow, Ref


class Taking(BulkActions):
    """A screen from which runs can be taken."""

    @abstractmethod
    def targets(self) -> Sequence[Ref]:
        """The runs an action is about: the marked ones, else the one under the cursor."""

    async def reading(self) -> tuple[str, Sequence[Line]]:
        """What a pager is to show, and its title: all about the run. Raises Missing, Unreachable."""
        from tui.gateway import exports

        run = self.targets()[0]
        return run.text, await exports.told(self.gateway, run)

    def action_copy(self) -> None:
        runs = self.targets()
        if len(runs) == 1:
            self.prompt.say(self.console.copy(runs[0]))

    def action_pager(self) -> None:
        if not self.targets() and self.many() is None:
            return

        async def read() -> None:
            from tui import pager
            from tui.screens.sheet import Reader

            title, lines = await self.reading()
            if not await pager.page(self.console, title, lines):
                self.app.push_screen(Reader(title, lines))

        self._look_up(read())

    def action_write(self) -> None:
        runs = tuple(self.targets())
        if runs:
            self.prompt.say(Cell(f" writing {plural(len(runs), 'run')}", Role.DIM))
            self._look_up(self._write(runs))

    async def _write(self, runs: Sequence[Ref]) -> None:
        from tui.gateway import exports, twins

        written = [await exports.write(self.gateway.door, run) for run in runs]
        failed = [each for each in written if not each.ok]
        told = (failed or written)[-1]
        what = f"write {runs[0]}" if len(runs) == 1 else f"write {plural(len(runs), 'run')}"
        twin = twins.export([run.raw for run in runs], told.path)
        self._say_written(told, what, twin, more=len(written) if not failed else 1)

    def write_group(self, group: GroupRow) -> None:
        """The dead letters of an error to one file."""

        async def write() -> None:
            from tui.gateway import exports, twins

            told = await exports.write_group(self.gateway.door, group.key)
            twin = twins.export_errors(group.key.raw, told.path)
            self._say_written(told, f"write the dead letters of {group.key}", twin)

        self.prompt.say(Cell(f" writing {plural(group.count, 'run')}", Role.DIM))
        self._look_up(write())

    def _say_written(self, told: Written, what: str, twin: str, *, more: int = 1) -> None:
        """Say it, and keep it in the log: a file was left."""
        of = f", {more} runs in all" if more > 1 else ""
        where = f": {told.path}" if told.ok else ""
        self.gateway.verbs.note(what, f"{told.said}{of}{where}", ok=told.ok, twin=twin)
        path = cut_head(told.path, self.size.width - 4, ellipsis=self.console.glyphs.ellipsis)
        role = Role.DONE if told.ok else Role.FAILED
        self.prompt.say(Cell(f" {told.said}{of}", role), explain=(Cell(f"   {path}", Role.DIM),))

    def _look_up(self, work: Coroutine[object, object, None]) -> None:
        """Do what needs the database first; where it can't be had, say so."""

        async def guarded() -> None:
            try:
                await work
            except (Missing, Unreachable) as error:
                self.prompt.say(Cell(f" {error}", Role.FAILED))

        self.run_worker(guarded(), group="look-up", exclusive=False)
