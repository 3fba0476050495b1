"""What can be done to runs wherever they are listed or shown; each question is bound to its runs when it is asked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from sagewai.models.right import Right
from tui import pager
from tui.format import Cell, Role, plural
from tui.gateway import Missing, RunVerb, Unreachable, exports, steering, versus
from tui.gateway.choosing import Chosen
from tui.payload import Line
from tui.screens.bulking import BulkActions
from tui.screens.comparing import CompareSheet
from tui.screens.forking import ForkSheet
from tui.screens.keys import key
from tui.screens.sheet import Reader
from tui.text import cut_head
from tui.views import Ref
from tui.widgets.prompt import Question

RUN_KEYS: tuple[BindingType, ...] = (
    key("a", "decide('approve')", "approve", shown=True),
    key("x", "decide('reject')", "reject", shown=True),
    key("r", "retry", "retry", shown=True),
    key("C", "cancel", "cancel", shown=True),
    key("P", "hold", "pause", shown=True),
    key("D", "discard", "discard"),
    key("f", "fork", "fork"),
    key("b", "jobs", "bulk jobs"),
    key("v", "pager", "read it in your pager"),
    key("w", "write", "write it to a file, as JSON"),
    key("y", "copy", "copy the id"),
)


class RunActions(BulkActions):
    """A screen on which runs can be acted on."""

    WRITES: ClassVar[Mapping[str, Right]] = {
        "decide": Right.DECIDE,
        "retry": Right.OPERATE,
        "cancel": Right.OPERATE,
        "hold": Right.OPERATE,
        "discard": Right.OPERATE,
        "fork": Right.OPERATE,
    }

    @abstractmethod
    def targets(self) -> Sequence[Ref]:
        """The runs an action is about: the marked ones, else the one under the cursor."""

    def is_held(self) -> bool:
        """Whether pause/resume should resume."""
        return False

    def label(self, binding: Binding) -> str:
        return "resume" if binding.action == "hold" and self.is_held() else super().label(binding)

    def hidden(self) -> int:
        """How many of the marked runs aren't in the listing."""
        return 0

    def step(self) -> Ref | None:
        """The step that was chosen, to fork from."""
        return None

    async def reading(self) -> tuple[str, Sequence[Line]]:
        """What a pager is to show, and its title: all about the run. Raises Missing, Unreachable."""
        run = self.targets()[0]
        return run.text, await exports.told(self.gateway, run)

    def action_decide(self, verdict: str) -> None:
        """Only the card decides: go there."""
        runs = self.targets()
        if len(runs) == 1:
            self.console.open_approval(runs[0])
        elif runs:
            self.prompt.say(
                Cell(
                    f" each approval is read on its own card: unmark {plural(len(runs), 'run')}", Role.WAITING
                )
            )

    def action_retry(self) -> None:
        self._do("retry", sure=True)

    def action_hold(self) -> None:
        self._do("resume" if self.is_held() else "pause", sure=True)

    def action_cancel(self) -> None:
        self._do("cancel", sure=False)

    def action_discard(self) -> None:
        self._do("discard", sure=False)

    def action_copy(self) -> None:
        runs = self.targets()
        if len(runs) == 1:
            self.prompt.say(self.console.copy(runs[0]))

    def action_fork(self) -> None:
        runs = self.targets()
        if len(runs) != 1:
            self.prompt.say(Cell(" fork one run at a time: choose one, unmark the others", Role.WAITING))
            return
        run, step = runs[0], self.step()

        async def ask() -> None:
            plan = await steering.plan_fork(self.gateway.door, run, step)
            self.app.push_screen(ForkSheet(plan))

        self._look_up(ask())

    def compare(self, left: Ref, right: Ref) -> None:
        """Hold two runs against each other."""

        async def read() -> None:
            self.app.push_screen(CompareSheet(await versus.compare(self.gateway.door, left, right)))

        self._look_up(read())

    def action_pager(self) -> None:
        if not self.targets() and self.many() is None:
            return

        async def read() -> None:
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
        written = [await exports.write(self.gateway.door, run) for run in runs]
        failed = [each for each in written if not each.ok]
        self._say_written((failed or written)[-1], more=len(written) if not failed else 1)

    def _say_written(self, told: exports.Written, *, more: int = 1) -> None:
        of = f", {more} runs in all" if more > 1 else ""
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

    def many(self) -> Chosen | None:
        runs = tuple(self.targets())
        return Chosen("marked run", runs=runs, hidden=self.hidden()) if len(runs) > 1 else None

    def _do(self, verb: RunVerb, *, sure: bool) -> None:
        """To one run at once where it can be taken back; ask first otherwise. To several by a job."""
        chosen = self.many()
        if chosen is not None:
            self.begin(verb, chosen)
            return
        runs = self.targets()
        if not runs:
            return
        run = runs[0]

        async def commit(_: str) -> None:
            self.report(await self.gateway.verbs.operate(verb, run))

        if sure:
            self.run_worker(commit(""), group="commit", exclusive=False)
        else:
            self.prompt.confirm(Question((Cell(f" {verb} {run}?", Role.STRONG),), commit))
