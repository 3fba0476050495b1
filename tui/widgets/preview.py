"""What a wide terminal shows beside a listing: the run under the cursor, and the action log below it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import Cell, Role
from tui.payload import Line
from tui.views import Fact, RunView
from tui.widgets.action_log import ActionLog
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane
from tui.widgets.timeline import Timeline


class Preview(Vertical):
    """Hidden on narrow terminals, and then nothing is read for it."""

    def __init__(self, log: ActionLog) -> None:
        super().__init__()
        self._heading = Bar(id="preview-title")
        self._timeline = Timeline(id="preview-timeline", with_legend=False)
        self._facts = Pane(id="preview-facts")
        self._log = log

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._timeline
        yield self._facts
        yield self._log

    def on_mount(self) -> None:
        for widget in (self._timeline, self._facts):
            widget.can_focus = False

    @property
    def is_wanted(self) -> bool:
        """Whether it is in sight."""
        return self.is_mounted and self.size.width > 0

    def show(self, view: RunView | None) -> None:
        """Draw a run, or nothing."""
        if view is None:
            self._heading.show(())
            self._timeline.show(None)
            self._facts.show(())
            return
        row = view.row
        self._heading.show([Cell(" "), row.cells["state"], Cell("  "), Cell(row.key.text, Role.STRONG)])
        self._timeline.show(view.history)
        self._timeline.styles.height = max(2, min(len(view.history.lanes) + 1, 12))
        facts = fact_lines(view.facts)
        notes = [Line(note.text, note.role, head=" ", hang=" ") for note in view.notes]
        self._facts.show((*notes, *([Line()] if notes else []), *facts))


def fact_lines(facts: Sequence[Fact]) -> Sequence[Line]:
    """What is known of a run, a line each."""
    return [Line(fact.value.text, fact.value.role, f" {fact.name:>9}  ", " " * 12) for fact in facts]
