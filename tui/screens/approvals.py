"""Approvals: the inbox by deadline, and the card of one with its whole content. Only here a decision is made."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from tui import triage
from tui.filters import FilterError
from tui.format import Cell, Role
from tui.gateway import Missing
from tui.screens.deciding import Deciding
from tui.screens.keys import key
from tui.triage import Inbox
from tui.views import ApprovalRow, Card, Window
from tui.widgets.inbox import InboxView
from tui.widgets.prompt import Question
from tui.widgets.table import Table


class ApprovalsScreen(Deciding):
    """What waits for a person."""

    MODE = "approvals"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("a", "decide('approve')", "approve", shown=True),
        key("x", "decide('reject')", "reject", shown=True),
        key("e", "edit", "edit", shown=True),
        key("d", "compare", "diff", shown=True),
        key("enter,tab", "read", "read all", shown=True, shown_as="enter"),
        key("n", "next", "next", shown=True),
        key("c", "claim", "claim", shown=True),
        key("z", "snooze", "snooze", shown=True),
        key("i", "comment", "comment for whoever decides"),
        key("o", "open_run", "open run", shown=True),
        key("t", "turn", "content as a table, or what it is made of"),
        key("slash", "filter", "filter: snoozed, mine, free, wf: pool:", shown_as="/"),
        key("v", "pager", "read it in your pager"),
        key("y", "copy", "copy the run's id; once more: the digest"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.filter = Inbox()
        self.inbox = InboxView(self._source, self.action_log)
        self.table = self.inbox.table

    def compose_body(self) -> ComposeResult:
        with Container(id="body"):
            yield self.inbox
            yield self.view

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus()

    def beside(self) -> Widget:
        return self.table

    async def _source(self, cursor: str | None, limit: int) -> Window[ApprovalRow]:
        return await self.gateway.approvals(cursor, limit, self.filter)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        wanted = self.console.take_wanted_approval()
        await self.table.look()
        if wanted is not None:
            self._wanted = wanted
            self.table.select(wanted)
        self.inbox.make_room(narrow=not self.has_class("-wide"))
        self._say()
        if self._wanted is None and self.table.row is not None:
            self._wanted = self.table.row.key
        await self._show_card()

    async def _show_card(self) -> None:
        """The card stays with the approval it was opened for, whatever the list does; only a key opens another."""
        wanted, shown = self._wanted, self.view.card
        if wanted is None:
            return
        try:
            fresh = shown is None or shown.key != wanted or self._conflict == wanted
            card = await (self.gateway.card(wanted) if fresh else self.gateway.card_again())
        except Missing:
            self._wanted = None
            self.view.clear()
            raise
        if wanted == self._wanted:
            self._draw(card, shown)

    def _draw(self, card: Card, shown: Card | None) -> None:
        """Draw it, and say so where somebody else has settled what is being read."""
        self.view.show(card, self.draft_of(card))
        if card.decidable:
            self._conflict = None
            return
        if shown is not None and shown.key == card.key and shown.decidable and self._conflict is None:
            self.prompt.say(Cell(f" {card.run}: {card.facts[0].value.text}", Role.WAITING))
        if self._conflict == card.key or (shown is not None and shown.key == card.key and shown.decidable):
            self.view.compare(bool(card.difference))
        self._conflict = None

    def _say(self) -> None:
        self.inbox.say(0 if self.totals is None else self.totals.approvals, self.filter.text)

    def on_table_moved(self, event: Table.Moved) -> None:
        self._say()
        if event.by_hand and self.table.row is not None:
            self._wanted = self.table.row.key
            self.poke()

    def label(self, binding: Binding) -> str:
        """Keys are shown where they do something; approve says what is left to read, where that is asked for."""
        card, name = self.view.card, binding.action.partition("(")[0]
        if (name == "edit" and not (card and card.editing)) or (
            name == "compare" and not (card and card.compared)
        ):
            return ""
        if name in {"decide", "claim", "snooze"} and card is not None and not card.decidable:
            return ""
        if name == "claim" and card is not None and card.claim == "mine":
            return "release"
        asks = card is not None and card.decidable and card.read_to_end
        if binding.key == "a" and asks and self.view.left:
            return f"{binding.description} ({self.view.left} left)"
        return super().label(binding)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_next(self) -> None:
        """The next one, by deadline, that waits for this reviewer too; behind the last comes the first."""
        card, keys = self.view.card, [row.key for row in self.table.rows]
        if card is not None and card.successor is not None and card.successor in keys:
            self._open(keys.index(card.successor))
            return
        at = keys.index(self._wanted) if self._wanted in keys else -1
        order = [*range(at + 1, len(keys)), *range(at + 1)]
        following = next((place for place in order if not self.table.rows[place].is_answered), None)
        if following is None or following == at:
            self.prompt.say(Cell(" no other one waits for you", Role.DIM))
        else:
            self._open(following)

    def _open(self, place: int) -> None:
        self.table.select(self.table.rows[place].key)
        self.table.action_step(0)  # reads on where the rows at hand come to their end
        self._wanted = self.table.rows[place].key
        self.poke()

    def action_filter(self) -> None:
        async def commit(text: str) -> None:
            self.apply(text)

        hint = "snoozed all mine free wf: pool: or an id"
        text = f"{self.filter.text} " if self.filter.text else ""
        what, recall = (Cell(" show only", Role.STRONG),), self.console.recall("/ approvals")
        self.prompt.ask(
            Question(what, commit, hint, "/", initial=text, complete=triage.completions, recall=recall)
        )

    def apply(self, text: str) -> None:
        """List what a filter leaves."""
        try:
            self.filter = triage.parse(text)
        except FilterError as error:
            self.prompt.say(Cell(f" {self.gateway.door.shaper.short(str(error))}", Role.FAILED))
            return
        self._wanted = None
        self.table.show_source(self._source)
        self.poke()

    def leave(self) -> bool:
        """Esc: drop the edit, then the difference; give the inbox its place back; forget the filter."""
        card = self.view.card
        if card is not None and self._drafts.pop((card.key, card.digest), None) is not None:
            self.view.show(card, None)
            self.prompt.say(Cell(" the edit is dropped", Role.DIM))
        elif self.view.compares:
            self.view.compare(False)
        elif self.has_class("-reading"):
            self.action_read()
        elif self.filter.text:
            self.apply("")
        else:
            return False
        return True
