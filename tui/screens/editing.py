"""Editing the content of the card in front, or the amount a budget asks for: shown first, decided by another key."""

from __future__ import annotations

from collections.abc import Callable

from tui import triage
from tui.editor import NotEdited
from tui.format import Cell, Role
from tui.gateway import Missing, Unfit, Unreachable
from tui.screens.card import CardScreen
from tui.screens.drafting import drafted
from tui.triage import AnswerError
from tui.views import Card, Draft, Ref
from tui.widgets.prompt import Question


class Editing(CardScreen):
    """Keeps an edit for as long as the approval and the content are what they were."""

    def __init__(self) -> None:
        super().__init__()
        self._drafts: dict[tuple[int, Ref], Draft] = {}

    def action_edit(self) -> None:
        """Let the content be changed, and show what that changes; nothing is decided by it."""
        card = self.opened
        why = self.not_yet()
        if card is not None and card.decidable and not card.editing:
            why = "its gate takes the content as it is: approve it, or reject it with a reason"
        if card is None or why:
            self.prompt.say(Cell(f" {why}", Role.WAITING))
        elif card.editing == "budget":
            self._ask_amount(card)
        else:
            self.run_worker(self._edit(card, None), group="edit", exclusive=True)

    def _ask_amount(self, card: Card) -> None:
        async def commit(text: str) -> None:
            try:
                self._keep(card, self.gateway.allowance(card, triage.amount(text, card.units)))
            except Missing as missing:
                self.prompt.say(Cell(f" {missing}", Role.FAILED))

        units = " and ".join(card.units)
        text = (Cell(" allow how much more?", Role.STRONG), Cell(f"  it bounds {units}", Role.DIM))
        check = checked(lambda typed: triage.amount(typed, card.units))
        self.prompt.ask(Question(text, commit, "enter shows it first", "amount", check=check))

    async def _edit(self, card: Card, text: str | None) -> None:
        """``text`` is what an earlier round made of it."""
        made: str | None = None
        try:
            made = await drafted(self, text or self.gateway.editable(card, self.draft_of(card)))
            draft = None if made is None else await self.gateway.draft(card, made)
        except Unfit as unfit:
            self._ask_again(card, made or "", f"{unfit}")
        except (Missing, Unreachable, NotEdited) as error:
            self.prompt.say(Cell(f" {error}", Role.FAILED))
        else:
            self._keep(card, draft, was_left=made is None)

    def _ask_again(self, card: Card, text: str, why: str) -> None:
        async def commit(_: str) -> None:
            await self._edit(card, text)

        what = (Cell(f" {why}", Role.FAILED),)
        self.prompt.ask(Question(what, commit, label="enter edits it again, esc drops the edit"))

    def _keep(self, card: Card, draft: Draft | None, *, was_left: bool = False) -> None:
        if draft is not None:
            self._drafts[card.key, card.digest] = draft
            approve = self.console.habits.keymap.of("approve", "a")
            said = Cell(
                f" nothing is decided yet: read what changes, then {approve} approves it", Role.ACCENT
            )
        elif was_left:
            said = Cell(" nothing was changed", Role.DIM)
        else:
            self._drafts.pop((card.key, card.digest), None)
            said = Cell(" that is what it says already: nothing was changed", Role.DIM)
        if self.opened is not None and self.opened.key == card.key:
            self.view.show(self.opened, self.draft_of(self.opened))
        self.prompt.say(said)

    def draft_of(self, card: Card) -> Draft | None:
        return self._drafts.get((card.key, card.digest)) if card.decidable else None


def checked(read: Callable[[str], object]) -> Callable[[str], str]:
    """What is wrong with an answer that ``read`` doesn't take."""

    def check(text: str) -> str:
        try:
            read(text)
        except AnswerError as error:
            return str(error)
        return ""

    return check
