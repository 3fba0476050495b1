"""A worker's part in bulk jobs: a few items with each sweep, where its store's user may operate on runs."""

from __future__ import annotations

import time

from sagewai.core.commands import SWEPT_ITEMS, advance_bulk
from sagewai.core.stores.base import Store
from sagewai.errors import NotPermitted
from sagewai.models.right import Right

_ASK_EVERY = 60.0
"""Seconds between two looks at what this store's user may do."""


class BulkHand:
    """Carries out items of bulk jobs. Whoever lacks the right leaves them to others, and says nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._may = False
        self._asked_at = float("-inf")

    async def advance(self) -> bool:
        """A bounded batch; True if another would find work at once."""
        if time.monotonic() - self._asked_at > _ASK_EVERY:
            self._may = Right.OPERATE in (await self._store.get_identity()).rights
            self._asked_at = time.monotonic()
        if not self._may:
            return False
        try:
            return await advance_bulk(self._store) == SWEPT_ITEMS
        except NotPermitted:  # it was taken away since
            self._may = False
            return False
