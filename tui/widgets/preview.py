"""What a wide terminal shows beside a listing: the run under the cursor, and the action log below it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import Cell, Role, clock
from tui.payload import Line
from tui.views import ActionRecord, RunView
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane
from tui.widgets.timeline import Timeline


class Preview(Vertical):
    """Hidden on narrow terminals, and then nothing is read for it."""

    def __init__(self) -> None:
        super().__init__()
        self._heading = Bar(id="preview-title")
        self._timeline = Timeline(id="preview-timeline", with_legend=False)
        self._facts = Pane(id="preview-facts")
        self._log_heading = Bar(id="preview-log-title")
        self._log = Pane(id="preview-log")

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self._timeline
        yield self._facts
        yield self._log_heading
        yield self._log

    def on_mount(self) -> None:
        for widget in (self._timeline, self._facts, self._log):
            widget.can_focus = False
        self._log_heading.show([Cell(" what you did here", Role.DIM)])

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
        facts = [Line(fact.value.text, fact.value.role, head=f" {fact.name:>9}  ") for fact in view.facts]
        notes = [Line(note.text, note.role, head=" ", hang=" ") for note in view.notes]
        self._facts.show((*notes, *([Line()] if notes else []), *facts))

    def show_log(self, log: Sequence[ActionRecord]) -> None:
        """Draw what was done from this console, newest first."""
        lines = []
        for record in reversed(log):
            role = Role.PLAIN if record.ok else Role.FAILED
            lines.append(
                Line(f"{record.what}: {record.outcome}", role, head=f" {clock(record.at)}  ", hang=" " * 9)
            )
            lines.append(Line(record.twin, Role.DIM, head=" " * 9, hang=" " * 11))
        self._log.show(lines or (Line("nothing yet", Role.DIM, head=" "),))
