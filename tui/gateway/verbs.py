"""What an operator can do, each pinned to an id.

A verb never raises for what a store may say: it gives a record of what came of it, which also goes into the action log
beside its headless twin.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from sagewai.errors import SagewaiError, StoreUnavailable
from tui.gateway import twins
from tui.gateway.door import Door
from tui.views import ActionRecord, Card, Ref

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

_KEPT = 200


class Verbs:
    """The operator's verbs on one store, and the log of what they did. ``shared``: this process executes runs with the
    console's rights, so its decisions count for nothing where a gate asks for several reviewers."""

    def __init__(self, door: Door, *, shared: bool = False) -> None:
        self._door = door
        self._shared = shared
        self.log: deque[ActionRecord] = deque(maxlen=_KEPT)

    async def decide(self, verdict: twins.Decided, card: Card, reason: str) -> ActionRecord:
        """Approve or reject exactly what ``card`` shows."""
        from sagewai.core import commands

        async def act(store: Store) -> object:
            if verdict == "approve":
                return await commands.approve(
                    store,
                    card.run.raw,
                    actor=self._door.actor,
                    reason=reason,
                    approval_id=card.key,
                    digest=card.digest.raw,
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

        twin = twins.decide(verdict, card.run.raw, card.key, card.digest.raw, reason)
        return await self._act(f"{verdict} {card.run}", twin, act)

    async def operate(self, verb: twins.RunVerb, run: Ref, reason: str = "") -> ActionRecord:
        """Cancel, pause, resume, retry or discard one run."""
        from sagewai.core import commands

        command = {
            "cancel": commands.cancel,
            "pause": commands.pause,
            "resume": commands.resume,
            "retry": commands.retry,
            "discard": commands.discard,
        }[verb]
        return await self._act(
            f"{verb} {run}",
            twins.operate(verb, run.raw, reason),
            lambda store: command(store, run.raw, actor=self._door.actor, reason=reason),
        )

    async def ask_worker(self, verb: twins.WorkerVerb, session: int, name: Ref) -> ActionRecord:
        """Ask one worker to drain, pause or resume."""
        from sagewai.core import commands

        command = {
            "drain": commands.drain_worker,
            "pause": commands.pause_worker,
            "resume": commands.resume_worker,
        }[verb]
        return await self._act(
            f"{verb} worker {name}",
            twins.worker(verb, name.raw),
            lambda store: command(store, session, actor=self._door.actor),
        )

    async def _act(self, what: str, twin: str, act: Callable[[Store], Awaitable[object]]) -> ActionRecord:
        ok, outcome = False, "refused: this console is read-only"
        if not self._door.read_only:
            try:
                await act(await self._door.opened())
                ok, outcome = True, "done"
            except StoreUnavailable as error:
                outcome = f"unknown: {self._door.said(error)}; look before you try again"
            except (SagewaiError, OSError) as error:
                outcome = self._door.said(error)
        record = ActionRecord(self._door.now(), what, outcome, ok, self._door.shaper.short(twin))
        self.log.append(record)
        return record
