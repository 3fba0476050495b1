"""What can be done to runs wherever they are listed or shown; each question is bound to its runs when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from sagewai.models.right import Right
from tui.format import Cell, Role, plural
from tui.gateway import RunVerb
from tui.screens.keys import key
from tui.screens.taking import Taking
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.gateway.choosing import Chosen
    from tui.views import Ref

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


class RunActions(Taking):
    """A screen on which runs can be acted on."""

    WRITES: ClassVar[Mapping[str, Right]] = {
        "decide": Right.DECIDE,
        "retry": Right.OPERATE,
        "cancel": Right.OPERATE,
        "hold": Right.OPERATE,
        "discard": Right.OPERATE,
        "fork": Right.OPERATE,
    }

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

    def action_fork(self) -> None:
        runs = self.targets()
        if len(runs) != 1:
            self.prompt.say(Cell(" fork one run at a time: choose one, unmark the others", Role.WAITING))
            return
        run, step = runs[0], self.step()

        async def ask() -> None:
            from tui.gateway import steering
            from tui.screens.forking import ForkSheet

            plan = await steering.plan_fork(self.gateway.door, run, step)
            self.app.push_screen(ForkSheet(plan))

        self._look_up(ask())

    def compare(self, left: Ref, right: Ref) -> None:
        """Hold two runs against each other."""

        async def read() -> None:
            from tui.gateway import versus
            from tui.screens.comparing import CompareSheet

            self.app.push_screen(CompareSheet(await versus.compare(self.gateway.door, left, right)))

        self._look_up(read())

    def many(self) -> Chosen | None:
        from tui.gateway.choosing import Chosen

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
