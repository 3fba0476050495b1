"""Watches the disk a store lives on: a worker warns when it fills, and claims nothing before it is full."""

from __future__ import annotations

import logging
from enum import Enum

from sagewai.core.failure import told
from sagewai.core.stores.base import Store

log = logging.getLogger("sagewai.worker")

EVERY = 10.0
"""Seconds between two looks."""

WARN_AT = 0.10
"""Free share of the disk from which a warning is logged."""

STOP_AT = 0.05
"""Free share from which nothing is claimed: what is held can still be recorded."""


class Room(Enum):
    """What the free share of a disk means for a worker."""

    ENOUGH = "enough"
    LITTLE = "little"
    NONE = "none"


def room(free: float | None) -> Room:
    """Judge a free share; one that can't be known is enough."""
    if free is None or free > WARN_AT:
        return Room.ENOUGH
    return Room.LITTLE if free > STOP_AT else Room.NONE


class DiskWatch:
    """What a worker knows of its store's disk; says in the log when that changes."""

    def __init__(self, store: Store, worker: str) -> None:
        self._store = store
        self._worker = worker
        self.room = Room.ENOUGH

    async def look(self) -> bool:
        """Look, and tell whether there is room to go on claiming. A look that fails changes nothing."""
        try:
            free = await self._store.free_space()
        except Exception as error:  # whatever it is, it mustn't end the watch
            log.warning("worker %s can't look at its disk (%s)", self._worker, told(error))
            return self.room is not Room.NONE
        before, self.room = self.room, room(free)
        if self.room is not before and free is not None:
            self._say(before, free)
        return self.room is not Room.NONE

    def _say(self, before: Room, free: float) -> None:
        share = 100 * free
        if self.room is Room.NONE:
            log.error("worker %s claims nothing: the store's disk has %.1f %% left", self._worker, share)
        elif self.room is Room.LITTLE:
            again = " and claims again" if before is Room.NONE else ""
            log.warning("worker %s%s: the store's disk has only %.1f %% left", self._worker, again, share)
        else:
            log.warning("worker %s goes on: the store's disk has %.1f %% left", self._worker, share)
