"""What a wide terminal shows beside a run's tabs: what is known of the run, and the action log below it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.views import RunView
from tui.widgets.action_log import ActionLog
from tui.widgets.pane import Pane
from tui.widgets.shown_run import fact_lines


class AboutRun(Vertical):
    """Hidden on narrow terminals, where the raw tab has the same."""

    def __init__(self, log: ActionLog) -> None:
        super().__init__(id="about-run")
        self._facts = Pane(id="run-facts")
        self._log = log

    def compose(self) -> ComposeResult:
        yield self._facts
        yield self._log

    def on_mount(self) -> None:
        self._facts.can_focus = False

    def show(self, view: RunView | None) -> None:
        """Draw what is known of a run, or nothing."""
        self._facts.show(() if view is None else fact_lines(view.facts))
