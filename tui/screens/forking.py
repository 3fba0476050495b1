"""Fork: what a new run would copy and run again, its input to be edited, and only then the fork."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from sagewai.models.right import Right
from tui.editor import NotEdited
from tui.format import Cell, Role
from tui.gateway import steering
from tui.gateway.drafts import editable
from tui.gateway.forks import ForkPlan
from tui.screens.drafting import drafted
from tui.screens.keys import key
from tui.screens.sheet import Sheet
from tui.widgets.prompt import Question


class ForkSheet(Sheet):
    """Bound to its plan: one run, one step, one id for the new run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("f,enter", "fork", "fork", shown=True, shown_as="f"),
        key("e", "edit", "edit the input", shown=True),
    ]

    def __init__(self, plan: ForkPlan) -> None:
        where = "" if plan.step is None else f" from {plan.step}"
        super().__init__(f"fork {plan.run}{where}")
        self._plan = plan
        self._wrong = ""  # what was typed and couldn't be taken: it isn't lost

    def draw(self) -> None:
        self.show(steering.fork_lines(self.console.gateway.door, self._plan))
        self.pane.focus()

    def action_edit(self) -> None:
        if self._plan.input is None:
            self.prompt.say(
                Cell(" this role may not see the input, so it can't be edited here", Role.WAITING)
            )
            return
        text = self._wrong or editable(self._plan.edited or self._plan.input)
        self.run_worker(self._edit(text), group="edit", exclusive=True)

    async def _edit(self, text: str) -> None:
        try:
            made = await drafted(self, text)
        except NotEdited as error:
            self.prompt.say(Cell(f" {error}", Role.FAILED))
            return
        if made is None:
            self.prompt.say(Cell(" the input is as it was", Role.DIM))
            return
        self._plan, mistake = steering.edit_input(self.console.gateway.door, self._plan, made)
        self._wrong = made if mistake else ""
        if mistake:
            edit = self.console.habits.keymap.of("edit", "e")
            again = Cell(f" the input is as it was; {edit} edits what you wrote again", Role.DIM)
            self.prompt.say(Cell(f" {mistake}", Role.FAILED), explain=(again,))
        else:
            self.prompt.say()
        self.draw()

    def action_fork(self) -> None:
        door = self.console.gateway.door
        if self._plan.refused or not door.may(Right.OPERATE):
            self.prompt.say(Cell(f" {self._plan.refused or 'this console may not fork'}", Role.FAILED))
            return
        plan = self._plan

        async def commit(reason: str) -> None:
            record = await self.console.gateway.verbs.fork(plan, reason)
            self.dismiss()
            if record.ok:
                self.console.open_run(plan.new)
            self.console.report(record)

        what = (Cell(f" fork {plan.run} as {plan.new}", Role.STRONG),)
        self.prompt.ask(Question(what, commit, "enter forks, esc leaves", "why?"))
