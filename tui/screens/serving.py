"""The keys for any worker and any pool, steered through the database: drain, pause, resume."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from textual.binding import BindingType

from sagewai.models.right import Right
from tui.format import Cell, Role
from tui.gateway import WorkerVerb
from tui.screens.keys import key
from tui.screens.local import LocalActions
from tui.views import PoolRow, WorkerRow
from tui.widgets.prompt import Question

SERVING_KEYS: tuple[BindingType, ...] = (
    key("d", "drain", "drain", shown=True),
    key("P", "hold", "pause/resume", shown=True),
)
_THEN: Mapping[tuple[WorkerVerb, bool], str] = {
    ("drain", False): "it finishes what it holds, then stops",
    ("drain", True): "each worker of it finishes what it holds, then stops",
    ("pause", True): "no worker takes anything from it until it is resumed",
}
"""What a verb means, asked of a worker or of a whole pool, where it asks first."""


class ServingActions(LocalActions):
    """A screen on which a worker, or a pool, can be asked for something."""

    WRITES: ClassVar[Mapping[str, Right]] = {"drain": Right.OPERATE, "hold": Right.OPERATE}

    @abstractmethod
    def target(self) -> PoolRow | WorkerRow | None:
        """The pool or the worker under the cursor."""

    def action_drain(self) -> None:
        self._ask("drain")

    def action_hold(self) -> None:
        row = self.target()
        self._ask("resume" if row is not None and row.paused else "pause")

    def _ask(self, verb: WorkerVerb) -> None:
        """Bound to what is under the cursor now."""
        row, verbs = self.target(), self.gateway.verbs
        if row is None:
            return
        session = row.session if isinstance(row, WorkerRow) else None
        if isinstance(row, WorkerRow) and session is None:
            self.prompt.say(Cell(f" {self._why_unknown(row)}", Role.WAITING))
            return

        async def commit(_: str) -> None:
            if isinstance(row, PoolRow):
                self.report(await verbs.ask_pool(verb, row.key))
            elif session is not None:
                self.report(await verbs.ask_worker(verb, session, row.name))

        whom = f"pool {row.key}" if isinstance(row, PoolRow) else f"{row.name}"
        then = _THEN.get((verb, isinstance(row, PoolRow)))
        if then is None:
            self.run_worker(commit(""), group="commit", exclusive=False)
        else:
            text = (Cell(f" {verb} {whom}?", Role.STRONG), Cell(f"  {then}", Role.DIM))
            self.prompt.confirm(Question(text, commit))

    def _why_unknown(self, row: WorkerRow) -> str:
        """Why the store can't ask a local worker for anything, and what helps."""
        keys = self.console.habits.keymap
        if row.local is not None and self.console.locals.is_over(row.local):
            return f"{row.name} has ended already: {keys.of('more', '+')} starts it again"
        return f"{row.name} isn't known to the store yet: {keys.of('stop-local', 'K')} stops it"
