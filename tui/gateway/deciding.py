"""What a reviewer can do about an approval: decide it as it was shown, or tell the others something about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sagewai.errors import ApprovalAlreadyDecided
from sagewai.models.approval import Approval
from sagewai.models.status import ApprovalStatus
from tui.format import stamp
from tui.gateway import twins
from tui.gateway.quorum import progress
from tui.gateway.recorded import Recorded
from tui.triage import spelled
from tui.views import ActionRecord, Card, Draft

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

CLAIM = 600.0
"""Seconds that a claim lasts; as long as the command's."""


class Deciding(Recorded):
    """The verbs about approvals, each pinned to the approval of a card."""

    async def decide(
        self, verdict: twins.Decided, card: Card, reason: str, draft: Draft | None = None
    ) -> ActionRecord:
        """Approve or reject exactly what ``card`` shows; with a ``draft``, approve that in its place."""
        from sagewai.core import commands
        from sagewai.core.codec import decode

        payload = None if draft is None else draft.payload.raw

        async def act(store: Store) -> Approval:
            if verdict == "approve":
                return await commands.approve(
                    store,
                    card.run.raw,
                    actor=self._door.actor,
                    reason=reason,
                    approval_id=card.key,
                    digest=card.digest.raw,
                    payload=None if payload is None else decode(payload),
                    shared=self._shared,
                )
            return await commands.reject(
                store,
                card.run.raw,
                actor=self._door.actor,
                reason=reason,
                approval_id=card.key,
                digest=card.digest.raw,
                shared=self._shared,
            )

        def told(decided: Approval) -> str:
            if decided.status is ApprovalStatus.PENDING:
                return f"done, {progress(decided)} of those needed"
            return "done"

        twin = twins.decide(verdict, card.run.raw, card.key, card.digest.raw, reason, payload)
        edited = "" if draft is None else ", edited"
        return await self._act(
            f"{verdict} {card.run}{edited}", twin, act, told, lambda why: refusal(why, card, self._door.now())
        )

    async def claim(self, card: Card) -> ActionRecord:
        """Tell the others that one looks at it."""
        from sagewai.core import commands

        return await self._act(
            f"claim {card.run}",
            twins.attend("claim", card.run.raw, card.key, **{"for": spelled(CLAIM)}),
            lambda store: commands.claim(store, card.key, actor=self._door.actor, seconds=CLAIM),
            lambda claimed: f"yours until {claimed.claimed_until:%H:%M}Z",
            lambda why: refusal(why, card, self._door.now()),
        )

    async def unclaim(self, card: Card) -> ActionRecord:
        """Give it back."""
        from sagewai.core import commands

        return await self._act(
            f"release {card.run}",
            twins.attend("release", card.run.raw, card.key),
            lambda store: commands.unclaim(store, card.key, actor=self._door.actor),
            refused=lambda why: refusal(why, card, self._door.now()),
        )

    async def snooze(self, card: Card, seconds: float) -> ActionRecord:
        """Take it out of everybody's inbox for a while; 0 puts it back."""
        from sagewai.core import commands

        return await self._act(
            f"{'snooze' if seconds else 'wake'} {card.run}",
            twins.attend("snooze", card.run.raw, card.key, **{"for": spelled(seconds)}),
            lambda store: commands.snooze(store, card.key, actor=self._door.actor, seconds=seconds),
            lambda slept: f"back at {slept.snoozed_until:%H:%M}Z" if slept.snoozed_until else "done",
            lambda why: refusal(why, card, self._door.now()),
        )

    async def comment(self, card: Card, text: str) -> ActionRecord:
        """Leave a remark for whoever decides."""
        from sagewai.core import commands

        return await self._act(
            f"comment on {card.run}",
            twins.comment(card.run.raw, card.key, text),
            lambda store: commands.comment(store, card.key, text, actor=self._door.actor),
        )


def refusal(why: Exception, card: Card, now: datetime) -> str:
    """Why nothing could be done about the approval on the card, for a line that names its run already: what was decided
    and when, then by whom, so that of all that no more than a long name's end has no room."""
    if isinstance(why, ApprovalAlreadyDecided) and why.decided_at is not None:
        verdict = "approved" if why.verdict == "approve" else "rejected"
        is_today = why.decided_at.date() == now.date()
        when = f"{why.decided_at:%H:%M:%SZ}" if is_today else stamp(why.decided_at)
        return f"{verdict} already at {when}, by {why.reviewer}"
    text, name = str(why), f"approval {card.key} of run {card.run.raw!r}"
    if not text.startswith(name):
        return text
    rest = text.removeprefix(name)
    return rest.removeprefix(": ") if rest.startswith(": ") else f"it{rest}"
