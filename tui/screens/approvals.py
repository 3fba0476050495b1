"""Approvals: the inbox by deadline, and the card of one with its whole content. Only here a decision is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical

from sagewai.models.right import Right
from tui.format import Cell, Role, plural
from tui.gateway import Decided, Missing
from tui.payload import Line
from tui.screens.base import ConsoleScreen
from tui.screens.keys import key
from tui.views import ApprovalRow, Card, Window
from tui.widgets.bar import Bar
from tui.widgets.columns import Column
from tui.widgets.pane import Pane
from tui.widgets.prompt import Question
from tui.widgets.table import Table

COLUMNS = (
    Column("due", "DUE", 6, rank=4),
    Column("run", "RUN", 12, weight=3, most=36, keep="tail"),
    Column("workflow", "WORKFLOW", 16, weight=3, most=40, rank=2),
    Column("step", "STEP", 10, weight=2, most=30, rank=1),
    Column("age", "AGE", 4, align="right", rank=3),
    Column("worker", "WORKER", 6, rank=5),
    Column("pool", "POOL", 7, weight=1, most=16, rank=6),
)


class ApprovalsScreen(ConsoleScreen):
    """What waits for a person."""

    MODE = "approvals"
    WRITES: ClassVar[Mapping[str, Right]] = {"decide": Right.DECIDE}
    BINDINGS: ClassVar[list[BindingType]] = [
        key("a", "decide('approve')", "approve", shown=True),
        key("x", "decide('reject')", "reject", shown=True),
        key("enter,tab", "read", "read all", shown=True, shown_as="enter"),
        key("o", "open_run", "open run", shown=True),
        key("t", "turn", "content as a table, or what it is made of"),
        key("y", "copy", "copy the run's id"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._card: Card | None = None
        self._plain = False
        self._wanted: int | None = None
        self.table = Table[ApprovalRow](COLUMNS, self._source, id="rows", empty=_NOTHING)
        self.inbox = Vertical(id="inbox")
        self._about = Bar(id="about")
        self._heading = Bar(id="card-title")
        self.content = Pane(id="card-content")

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            with self.inbox:
                yield self._about
                yield self.table
            with Vertical(id="card"):
                yield self._heading
                yield self.content

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus()
        self._heading.show([Cell(" nothing is open", Role.DIM)])

    async def _source(self, cursor: str | None, limit: int) -> Window[ApprovalRow]:
        return await self.gateway.approvals(cursor, limit)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        wanted = self.console.take_wanted_approval()
        await self.table.look()
        if wanted is not None:
            self._wanted = wanted
            self.table.select(wanted)
        self._make_room()
        self._say_about()
        if self._wanted is None and self._card is None and self.table.row is not None:
            self._wanted = self.table.row.key
        await self._show_card()

    def _make_room(self) -> None:
        """A short inbox leaves its lines to the card; on a wide terminal they stand side by side."""
        narrow = not self.has_class("-wide")
        self.inbox.styles.height = 2 + max(3, min(len(self.table.rows), 5)) if narrow else "1fr"

    async def _show_card(self) -> None:
        """The card stays with the approval it was opened for, whatever the list does; only a key opens another."""
        key = self._wanted
        if key is None:
            return
        listed = next((row for row in self.table.rows if row.key == key), None)
        fresh = self._card is None or self._card.key != key or (listed is None and self._card.decidable)
        try:
            card = await (self.gateway.card(key) if fresh else self.gateway.card_again())
        except Missing:
            self._card, self._wanted = None, None
            raise
        if key == self._wanted:
            self._draw(card)

    def _draw(self, card: Card) -> None:
        same = self._card is not None and self._card.key == card.key
        self._card = card
        self._plain = self._plain and same
        gap = Cell("  ")
        self._heading.show([Cell(" "), *[cell for part in card.title for cell in (part, gap)]])
        lines = [
            Line(fact.value.text, fact.value.role, f" {fact.name:>8}  ", " " * 11) for fact in card.facts
        ]
        content = card.plain if self._plain else card.content
        rule = self.console.glyphs.rule
        lines.append(Line())
        lines += [Line(line.text, line.role, f" {line.head}", f" {line.hang}") for line in content]
        if card.before:
            lines += [Line(), Line("what happened before", Role.DIM, head=f" {rule * 2} ")]
            lines += [Line(line.text, line.role, f" {line.head}", f" {line.hang}") for line in card.before]
        self.content.show(lines, keep_place=same)

    def _say_about(self) -> None:
        first, last, more = self.table.in_view
        waiting = 0 if self.totals is None else self.totals.approvals
        self._about.show(
            [Cell(f" {plural(waiting, 'approval')} waiting", Role.WAITING if waiting else Role.DIM)],
            [Cell(f"by deadline, oldest first  {first}-{last}{'+' if more else ''} ", Role.DIM)],
        )

    def on_table_moved(self, event: Table.Moved) -> None:
        self._say_about()
        if event.by_hand and self.table.row is not None:
            self._wanted = self.table.row.key
            self.poke()

    # -- acting -------------------------------------------------------------------------------------------------------

    def action_decide(self, verdict: Decided) -> None:
        """Ask for the reason, bound to the card that is on screen: its approval and its digest."""
        card = self._card
        if card is None or card.key != self._wanted:
            self.prompt.say(Cell(" its content is not on screen yet", Role.WAITING))
            return
        if not card.decidable:
            self.prompt.say(Cell(" this can't be decided any more: see its state", Role.FAILED))
            return

        async def commit(reason: str) -> None:
            record = await self.gateway.verbs.decide(verdict, card, reason)
            if record.ok:
                self.console.hint = ""
            if self._card is card or (self._card is not None and self._card.key == card.key):
                self._card = None
                self._wanted = None if record.ok else card.key
            self.report(record)

        role = Role.DONE if verdict == "approve" else Role.FAILED
        reject = verdict == "reject"
        text = (
            Cell(f" {verdict}", role),
            Cell(f" {card.run}", Role.STRONG),
            Cell(f"  digest {card.digest}", Role.DIM),
        )
        label = "reason (required)" if reject else "reason (optional)"
        self.prompt.ask(Question(text, commit, "enter commits, esc leaves", label, required=reject))

    def action_read(self) -> None:
        """Give the card the whole height, or take it back."""
        reading = not self.has_class("-reading")
        if reading and self.table.row is not None:
            self._wanted = self.table.row.key
            self.poke()
        self.set_class(reading, "-reading")
        self.set_focus(self.content if reading else self.table)

    def action_turn(self) -> None:
        """Show the content as it is, where it is shown as a table; and back."""
        if self._card is not None:
            self._plain = not self._plain
            self._draw(self._card)

    def action_open_run(self) -> None:
        if self._card is not None:
            self.console.open_run(self._card.run)

    def action_copy(self) -> None:
        if self._card is not None:
            self.prompt.say(self.console.copy(self._card.run))

    def leave(self) -> bool:
        """Esc: give the inbox back its place."""
        if self.has_class("-reading"):
            self.action_read()
            return True
        return False


_NOTHING: Sequence[Cell] = (
    Cell("nothing waits for a decision", Role.STRONG),
    Cell("A step that calls gate.request_approval() shows up here.", Role.DIM),
)
