"""What a reviewer does with the card in front: decide it, edit it, claim, snooze, comment. Bound to that card."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import ClassVar

from sagewai.models.right import Right
from tui import triage
from tui.format import Cell, Role
from tui.gateway import Decided
from tui.screens.editing import Editing, checked
from tui.views import ActionRecord
from tui.widgets.prompt import Question


class Deciding(Editing):
    """What is recorded is about the approval, the digest and the edit that were on screen when the key was pressed."""

    WRITES: ClassVar[Mapping[str, Right]] = {
        "decide": Right.DECIDE,
        "edit": Right.DECIDE,
        "claim": Right.DECIDE,
        "snooze": Right.DECIDE,
        "comment": Right.DECIDE,
    }

    def __init__(self) -> None:
        super().__init__()
        self._conflict: int | None = None

    # -- deciding -----------------------------------------------------------------------------------------------------

    def action_decide(self, verdict: Decided) -> None:
        """Ask for the reason, bound to the card that is on screen: its approval, its digest, the edit of it."""
        card = self.opened
        if card is None or (why := self.not_yet()):
            self.prompt.say(Cell(f" {why if card else 'its content is not on screen yet'}", Role.WAITING))
            return
        reject = verdict == "reject"
        draft = None if reject else self.draft_of(card)

        async def commit(reason: str) -> None:
            record = await self.gateway.verbs.decide(verdict, card, reason, draft)
            if record.ok:
                self.console.hint = ""
                self._drafts.pop((card.key, card.digest), None)
                self.close_card(card)
            else:
                self._conflict = card.key
            self.report(record)

        text = (
            Cell(f" {verdict}", Role.FAILED if reject else Role.DONE),
            Cell(f" {card.run}", Role.STRONG),
            *([] if draft is None else [Cell("  as you edited it", Role.ACCENT)]),
            *([Cell(f"  claimed by {card.claimed}", Role.WAITING)] if card.claim == "other" else []),
            Cell(f"  digest {card.digest}", Role.DIM),
        )
        label = "reason (required)" if reject else "reason (optional)"
        hint = "" if card.claim == "other" else "enter commits, esc leaves"
        self.prompt.ask(Question(text, commit, hint, label, required=reject))

    # -- telling the others -------------------------------------------------------------------------------------------

    def action_claim(self) -> None:
        """Claim it, or give it back."""
        card = self.opened
        if card is not None:
            verbs = self.gateway.verbs
            self._do(verbs.unclaim(card) if card.claim == "mine" else verbs.claim(card))

    def action_snooze(self) -> None:
        """Ask for how long."""
        card = self.opened
        if card is None:
            return

        usual = "0" if card.is_snoozed else triage.SPANS[1]

        async def commit(text: str) -> None:
            seconds = triage.span(text or usual)
            record = await self.gateway.verbs.snooze(card, seconds)
            if record.ok and seconds:
                self.close_card(card)
            self.report(record)

        text = (
            Cell(" snooze", Role.PAUSED),
            Cell(f" {card.run}", Role.STRONG),
            Cell("  for everybody", Role.DIM),
        )
        hint = f"{' '.join(triage.SPANS)} or any; 0 wakes it"
        check = checked(lambda typed: triage.span(typed or usual))
        self.prompt.ask(Question(text, commit, hint, f"for ({usual})", check=check))

    def action_comment(self) -> None:
        card = self.opened
        if card is None:
            return

        async def commit(text: str) -> None:
            self.report(await self.gateway.verbs.comment(card, text))

        text = (Cell(" comment on", Role.ACCENT), Cell(f" {card.run}", Role.STRONG))
        self.prompt.ask(
            Question(
                text, commit, "whoever decides reads it", "remark", check=lambda typed: _not_blank(typed)
            )
        )

    def _do(self, deed: Awaitable[ActionRecord]) -> None:
        async def do() -> None:
            self.report(await deed)

        self.run_worker(do(), group="commit", exclusive=False)


def _not_blank(text: str) -> str:
    return "" if text else "write something"
