"""The inbox: what waits for a decision, by deadline, and how many of them somebody snoozed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import Cell, Role, plural
from tui.keymap import keymap_of
from tui.views import ApprovalRow
from tui.widgets.action_log import ActionLog
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.keyset import Source
from tui.widgets.table import Table

COLUMNS = (
    Column("due", "DUE", 6, rank=3),
    Column("run", "RUN", 12, weight=3, most=36, keep="tail"),
    Column("workflow", "WORKFLOW", 10, weight=3, most=40, rank=4),
    Column("step", "STEP", 10, weight=2, most=30, rank=1),
    Column("age", "AGE", 4, align="right", rank=5),
    Column("who", "WHO", 12, weight=4, most=28, rank=2),
    Column("worker", "WORKER", 6, rank=6),
    Column("pool", "POOL", 7, weight=1, most=16, rank=7),
)


class InboxView(Vertical):
    """A line about the list, the list, and on wide terminals the action log below it."""

    def __init__(self, source: Source[ApprovalRow], log: ActionLog) -> None:
        super().__init__(id="inbox")
        self.table = Table[ApprovalRow](COLUMNS, source, id="rows", empty=_NOTHING)
        self._about = Bar(id="about")
        self._log = log

    def compose(self) -> ComposeResult:
        yield self._about
        yield self.table
        yield self._log

    def make_room(self, *, narrow: bool) -> None:
        """A short inbox leaves its lines to the card; on a wide terminal they stand side by side."""
        self.styles.height = 2 + max(3, min(len(self.table.rows), 5)) if narrow else "1fr"

    def say(self, waiting: int, words: str) -> None:
        """``waiting`` in all, whatever the filter's ``words`` leave."""
        first, last, more = self.table.in_view
        role = Role.WAITING if waiting else Role.DIM
        left = [Cell(f" {plural(waiting, 'approval')} waiting", role), *self._asleep(waiting)]
        if words:
            left = [Cell(" /", Role.ACCENT), Cell(words, Role.STRONG)]
        self._about.show(left, [Cell(f"by deadline  {first}-{last}{'+' if more else ''} ", Role.DIM)])
        self.table.show_empty(_NO_MATCH if words else _NOTHING)

    def _asleep(self, waiting: int) -> Sequence[Cell]:
        """How many of them are snoozed: those that the inbox leaves out, once it is at hand as a whole."""
        _, _, more = self.table.in_view
        asleep = 0 if more else waiting - self.table.length
        shows = keymap_of(self.app).line("filter", "/", "snoozed")
        return [Cell(f", {asleep} snoozed: {shows}", Role.PAUSED)] if asleep > 0 else []


_NOTHING: Sequence[Cell] = (
    Cell("nothing waits for a decision", Role.STRONG),
    Cell("A step that calls gate.request_approval() shows up here.", Role.DIM),
)
_NO_MATCH: Sequence[Cell] = (Cell("nothing matches; esc shows all that wait", Role.DIM),)
