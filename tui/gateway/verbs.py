"""What an operator can do, each pinned to an id.

A verb never raises for what a store may say: it gives a record of what came of it, which also goes into the action log
beside its headless twin.
"""

from __future__ import annotations

from tui.gateway import twins
from tui.gateway.deciding import Deciding
from tui.views import ActionRecord, Ref


class Verbs(Deciding):
    """The operator's verbs on one store."""

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
