"""Many runs at once: what is chosen is counted and asked for, and becomes a job that outlives the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.gateway import Missing, RunVerb, Unreachable
from tui.screens.base import ConsoleScreen
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.gateway.bulk import BulkPlan
    from tui.gateway.choosing import Chosen
    from tui.views import Ref


class BulkActions(ConsoleScreen):
    """A screen from which bulk jobs are begun."""

    def many(self) -> Chosen | None:
        """The runs that a key is about where they are several, or a group; None where it is about one, or none."""
        return None

    def whole(self) -> Chosen | None:
        """All that is listed, in view or not."""
        return None

    def unmark(self, runs: Sequence[Ref]) -> None:
        """Forget these marks: their runs are in a job's hands."""

    def action_jobs(self) -> None:
        from tui.screens.jobs import JobsSheet

        self.app.push_screen(JobsSheet())

    def bulk(self, verb: RunVerb) -> None:
        """Ask for a job about what is marked, or the group under the cursor, else about all that is listed."""
        chosen = self.many() or self.whole()
        if not self.gateway.door.may(Right.OPERATE):
            self.prompt.say(Cell(f" this console may not {verb} runs", Role.FAILED))
        elif chosen is None:
            self.prompt.say(Cell(" list what it is to be about: in Runs, or in Dead letters", Role.WAITING))
        else:
            self.begin(verb, chosen)

    def begin(self, verb: RunVerb, chosen: Chosen) -> None:
        """Ask whether a job about these runs is to begin. No yes is taken before they have been counted."""

        async def nothing(_: str) -> None: ...

        what = (Cell(f" {verb} them?", Role.STRONG), Cell("  counting", Role.DIM))
        asked = Question(what, nothing, choices={})
        self.prompt.confirm(asked)
        self.run_worker(self._count(asked, verb, chosen), group="count", exclusive=True)

    async def _count(self, asked: Question, verb: RunVerb, chosen: Chosen) -> None:
        from tui import progress

        try:
            plan = await self.gateway.bulk.plan(verb, chosen)
        except (Missing, Unreachable) as error:
            self.prompt.withdraw(asked, Cell(f" {error}", Role.FAILED))
            return
        counts = tuple(progress.by_state(plan.found, self.console.glyphs))
        if not plan.found.possible:
            none = Cell(f" {progress.impossible(verb, plan.found)}", Role.WAITING)
            self.prompt.withdraw(asked, none, explain=counts)
            return

        async def commit(_: str) -> None:
            await self._begin(plan)

        hint = progress.possible(verb, plan.found)
        to = Question((Cell(f" {plan.what}?", Role.STRONG),), commit, hint, more=(*counts, Cell(" ")))
        self.prompt.amend(asked, to)

    async def _begin(self, plan: BulkPlan) -> None:
        record = await self.gateway.verbs.start_bulk(plan, self.gateway.bulk.begun)
        if not record.ok:
            self.report(record)
            return
        self.unmark(plan.chosen.runs)
        self.draw_frame()
