"""A run that is being watched: its history is append-only, so each look reads only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from sagewai.models.history import Attempt, Event
from sagewai.models.run import StepInfo

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

T = TypeVar("T")
_PAGE = 1_000


class Read(Protocol):
    """How the gateway asks the store."""

    async def __call__(self, call: Callable[[Store], Awaitable[T]], /) -> T: ...


class Followed:
    """The declared steps, attempts and events of one run, as far as they have been read."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.steps: tuple[StepInfo, ...] = ()
        self.attempts: tuple[Attempt, ...] = ()
        self.events: list[Event] = []
        self._reading = asyncio.Lock()

    @property
    def origin(self) -> datetime:
        """When the run was submitted: its first event."""
        return self.events[0].at if self.events else datetime.now(UTC)

    async def catch_up(self, read: Read) -> None:
        """Read what happened since the last time: two statements, three until the run's code has been seen."""
        async with self._reading:
            if not self.steps:
                self.steps = await read(lambda store: store.get_steps(self.run_id))
            self.attempts = tuple(await read(lambda store: store.get_attempts(self.run_id)))
            await self._hear(read)

    async def hear(self, read: Read) -> None:
        """Read the events that are new, and nothing else: one statement."""
        async with self._reading:
            await self._hear(read)

    async def _hear(self, read: Read) -> None:
        while True:
            new = await read(self._next_events)
            self.events += new
            if len(new) < _PAGE:
                return

    async def _next_events(self, store: Store) -> list[Event]:
        after = self.events[-1].id if self.events else 0
        return await store.get_events(self.run_id, after=after, limit=_PAGE)
