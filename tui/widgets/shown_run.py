"""One run as a wide terminal shows it beside a listing: where it stands, its timeline, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from tui.format import Cell, Role
from tui.payload import Line
from tui.views import Fact, RunView
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane
from tui.widgets.timeline import Timeline


class ShownRun:
    """``widgets`` are to be placed below the ``heading``, one below the other."""

    def __init__(self, heading: Bar) -> None:
        self._heading = heading
        self._timeline = Timeline(id="preview-timeline", with_legend=False)
        self._facts = Pane(id="preview-facts")
        self._timeline.can_focus = self._facts.can_focus = False

    @property
    def widgets(self) -> Sequence[Widget]:
        return self._timeline, self._facts

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
