"""What the Approvals screen asks: the inbox, one card, and an edit before it is offered."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sagewai.errors import SagewaiError
from sagewai.models.approval import Approval
from sagewai.models.page import ApprovalQuery
from sagewai.models.session import PoolOverview, Session
from sagewai.models.status import ApprovalStatus
from tui.gateway import cards, drafts, outlook
from tui.gateway.contents import further
from tui.gateway.door import Door, Missing
from tui.gateway.follow import Affords, Followed
from tui.gateway.inbox import approval_row
from tui.triage import Inbox
from tui.views import ApprovalRow, Card, Draft, Ref, Window

SIFTED_AT_ONCE = 500
"""Rows that one statement of a sifted listing reads: some milliseconds of the database's time."""

_SIFT_PAGES = 2
"""Statements that one window of a sifted inbox takes at most."""

_AT_LENGTH = "the edit doesn't fit what the gate asks for: "
"""How the check of an edit begins: a line of 80 has no room for what the reader knows."""


class Unfit(Exception):
    """An edit that can't be offered. The text is safe and says what is wrong with it."""


class Reviewing:
    """The gateway's part for reviewers."""

    door: Door

    def __init__(self) -> None:
        self._pools: tuple[PoolOverview, ...] = ()
        self._sessions: Sequence[Session] = ()
        self._served: Mapping[int, bool] = {}
        """Of the approval that is open: whether a live worker could take its run, which of the others isn't known."""
        self._reviewed: tuple[cards.Asked, cards.Content, Followed] | None = None

    @abstractmethod
    def _at_hand(self, run_id: str) -> Followed:
        """What is known of a run's history."""

    async def approvals(
        self, cursor: str | None, limit: int, wanted: Inbox | None = None
    ) -> Window[ApprovalRow]:
        """A window of pending approvals, by deadline. Which pools are served is as the counters saw it last."""
        wanted = wanted or Inbox()
        found: list[Approval] = []
        looked = 0
        for _ in range(_SIFT_PAGES if wanted.is_sifted else 1):
            query = ApprovalQuery(
                status=ApprovalStatus.PENDING,
                snoozed=wanted.asleep != "no",
                cursor=cursor,
                limit=SIFTED_AT_ONCE if wanted.is_sifted else limit,
            )
            page = await self.door.read(lambda store, query=query: store.list_approvals(query))  # type: ignore[misc]
            looked += len(page)
            cursor = page.next_cursor
            found += [item for item in page if wanted.keeps(item, self.door.acts_as)]
            if cursor is None or len(found) >= limit:
                break
        served = {pool.pool for pool in self._pools if pool.live_workers and not pool.paused}
        now, me, shaper = self.door.now(), self.door.acts_as, self.door.shaper
        rows = tuple(
            approval_row(item, self._served.get(item.id, item.pool in served), now, me, shaper)
            for item in found
        )
        return Window(rows, cursor, looked, stopped=cursor is not None and len(found) < limit)

    async def card(self, approval_id: int) -> Card:
        """Everything a reviewer reads before deciding, what the run has cost included: whole at once, however many
        statements that takes."""
        approval = await self.door.read(lambda store: store.get_approval(approval_id))
        history = self._at_hand(approval.run_id)
        await history.hear(self.door.read)
        return await self._read(approval_id, history, lambda _: True)

    async def card_again(self) -> Card:
        """The card of the last :meth:`card`, read again if anything has happened to its run since, with today's
        workers; two statements where nothing has, else as many as the look affords: the rest with the next one."""
        if self._reviewed is None:
            raise Missing("no approval is open")
        asked, content, history = self._reviewed
        await history.hear(self.door.read)
        if len(history.events) > len(asked.events):
            return await self._read(asked.approval.id, history, self.door.affords)
        if history.lags(asked.run) and self.door.affords(1):
            await history.fill(self.door.read, asked.run)
            asked = replace(asked, steps=history.steps, attempts=history.attempts)
            self._reviewed = asked, content, history
        return await self._drawn(asked, content, self.door.affords)

    async def _read(self, approval_id: int, history: Followed, affords: Affords) -> Card:
        """The events were read first: what happens meanwhile is news to the next look, not missed by it."""
        run_id, events = history.run_id, tuple(history.events)
        run = await self.door.read(lambda store: store.get_run(run_id))
        others = tuple(await self.door.read(lambda store: store.approvals_of(run_id)))
        approval = next((each for each in others if each.id == approval_id), None)
        if approval is None:
            raise Missing(f"approval {approval_id} isn't there any more")
        if affords(2):
            await history.fill(self.door.read, run)
        asked = cards.Asked(approval, run, history.steps, history.attempts, events, others)
        seen, shaper = self.door.sees_payloads, self.door.shaper
        content = await asyncio.to_thread(cards.content, asked, shaper, seen=seen)
        self._reviewed = asked, content, history
        return await self._drawn(asked, content, affords)

    async def _drawn(self, asked: cards.Asked, content: cards.Content, affords: Affords) -> Card:
        if affords(1):
            self._sessions = await self.door.read(lambda store: store.list_sessions(live_only=True))
        paused = {pool.pool for pool in self._pools if pool.paused}
        self._served = {asked.approval.id: bool(outlook.able(asked.run, self._sessions, paused))}
        door = self.door
        return cards.card(
            asked,
            content,
            self._sessions,
            paused,
            door.now(),
            door.acts_as,
            door.shaper,
            seen=door.sees_payloads,
        )

    async def pending_approval(self, run: Ref) -> int | None:
        """The id of the run's first pending approval."""
        query = ApprovalQuery(status=ApprovalStatus.PENDING, run_id=run.raw, limit=1)
        page = await self.door.read(lambda store: store.list_approvals(query))
        return page.items[0].id if page.items else None

    # -- edits --------------------------------------------------------------------------------------------------------

    def editable(self, card: Card, draft: Draft | None = None) -> str:
        """The content of the card on screen, or what was made of it so far, for an editor: harmless as text, the same
        as JSON. Raises Missing."""
        text = draft.payload.raw if draft is not None else self._approval_of(card).context or "null"
        return drafts.editable(text, ascii_only=self.door.shaper.scribe.ascii)

    async def draft(self, card: Card, text: str) -> Draft | None:
        """The edited content, as the gate's schema takes it; None if it is what it was. Raises Unfit, Missing."""
        approval, shaper = self._approval_of(card), self.door.shaper
        limit = (await self.door.opened()).payload_limit
        try:
            return await asyncio.to_thread(drafts.draft, approval, card.digest, text, limit, shaper)
        except (SagewaiError, RecursionError) as error:
            raise Unfit(self.door.said(error).removeprefix(_AT_LENGTH)) from error

    def allowance(self, card: Card, amount: dict[str, float | int]) -> Draft | None:
        """Another amount than the budget's own. Raises Missing."""
        approval = self._approval_of(card)
        return drafts.allowance(approval, card.digest, amount, further(approval), self.door.shaper)

    def _approval_of(self, card: Card) -> Approval:
        reviewed = None if self._reviewed is None else self._reviewed[0].approval
        if reviewed is None or (reviewed.id, reviewed.digest) != (card.key, card.digest.raw):
            raise Missing("its content is not on screen any more")
        return reviewed
