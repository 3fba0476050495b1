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

    def compose(self) -> ComposeResult:
        yield Bar(id="preview-title")
        yield Timeline(id="preview-timeline", with_legend=False)
        yield Pane(id="preview-facts")
        yield Bar(id="preview-log-title")
        yield Pane(id="preview-log")

    def on_mount(self) -> None:
        for widget in self.query(Pane):
            widget.can_focus = False
        self.query_one(Timeline).can_focus = False
        self.query_one("#preview-log-title", Bar).show([Cell(" what you did here", Role.DIM)])

    @property
    def is_wanted(self) -> bool:
        """Whether it is in sight."""
        return self.is_mounted and self.size.width > 0

    def show(self, view: RunView | None) -> None:
        """Draw a run, or nothing."""
        title = self.query_one("#preview-title", Bar)
        timeline = self.query_one(Timeline)
        if view is None:
            title.show(())
            timeline.show(None)
            self.query_one("#preview-facts", Pane).show(())
            return
        row = view.row
        title.show([Cell(" "), row.cells["state"], Cell("  "), Cell(row.key.text, Role.STRONG)])
        timeline.show(view.history)
        timeline.styles.height = max(2, min(len(view.history.lanes) + 1, 12))
        facts = [Line(fact.value.text, fact.value.role, head=f" {fact.name:>9}  ") for fact in view.facts]
        notes = [Line(note.text, note.role, head=" ", hang=" ") for note in view.notes]
        self.query_one("#preview-facts", Pane).show((*notes, *([Line()] if notes else []), *facts))

    def show_log(self, log: Sequence[ActionRecord]) -> None:
        """Draw what was done from this console, newest first."""
        lines = []
        for record in reversed(log):
            role = Role.PLAIN if record.ok else Role.FAILED
            lines.append(
                Line(f"{record.what}: {record.outcome}", role, head=f" {clock(record.at)}  ", hang=" " * 9)
            )
            lines.append(Line(record.twin, Role.DIM, head=" " * 9, hang=" " * 11))
        self.query_one("#preview-log", Pane).show(lines or (Line("nothing yet", Role.DIM, head=" "),))
