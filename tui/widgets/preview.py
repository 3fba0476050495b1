"""What a wide terminal shows beside a listing: the run under the cursor, and the action log below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.widgets.action_log import ActionLog
from tui.widgets.bar import Bar

if TYPE_CHECKING:
    from tui.views import RunView
    from tui.widgets.shown_run import ShownRun


class Preview(Vertical):
    """Hidden on narrow terminals, and then nothing is read for it; nearly empty until it is seen."""

    def __init__(self, log: ActionLog) -> None:
        super().__init__()
        self._heading = Bar(id="preview-title")
        self._log = log
        self._run: ShownRun | None = None

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._log

    @property
    def is_wanted(self) -> bool:
        """Whether it is in sight."""
        return self.is_mounted and self.size.width > 0

    def show(self, view: RunView | None) -> None:
        """Draw a run, or nothing."""
        if self._run is None:
            self._run = self._made()
        self._run.show(view)

    def _made(self) -> ShownRun:
        from tui.widgets.shown_run import ShownRun

        run = ShownRun(self._heading)
        self.mount(*run.widgets, after=self._heading)
        return run
