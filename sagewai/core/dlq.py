"""DeadLetterQueue: runs that failed for good, kept for a person's judgement."""

from __future__ import annotations

from sagewai.core import commands
from sagewai.core.actors import as_actor
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.history import DeadLetter, ErrorGroup
from sagewai.models.page import DeadLetterQuery, Page
from sagewai.models.run import Run


class DeadLetterQueue:
    """A run becomes a dead letter in the same transaction that fails it."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def list_entries(
        self,
        *,
        error_type: str | None = None,
        workflow: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[DeadLetter]:
        """One page, newest first; it iterates."""
        query = DeadLetterQuery(error_type=error_type, workflow=workflow, cursor=cursor, limit=limit)
        return await self.store.list_dead_letters(query)

    async def groups(self) -> list[ErrorGroup]:
        """Dead letters by error type, the largest group first."""
        return await self.store.group_dead_letters()

    async def get_entry(self, run_id: str) -> DeadLetter:
        """Raises DeadLetterNotFound."""
        return await self.store.get_dead_letter(run_id)

    async def retry_entry(self, run_id: str, *, actor: Actor | str | None = None, reason: str = "") -> Run:
        """The same run goes on from its first step without a checkpoint. Raises DeadLetterNotFound."""
        await self.get_entry(run_id)
        return await commands.retry(self.store, run_id, actor=as_actor(actor), reason=reason)

    async def discard_entry(self, run_id: str, *, actor: Actor | str | None = None, reason: str = "") -> Run:
        """Remove the letter; the run stays failed. Raises DeadLetterNotFound."""
        await self.get_entry(run_id)
        return await commands.discard(self.store, run_id, actor=as_actor(actor), reason=reason)
