"""A run that is being watched: its history is append-only, so each look reads only what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from sagewai.models.history import Attempt, Event
from sagewai.models.run import Run, StepInfo

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

T = TypeVar("T")
Affords: TypeAlias = Callable[[int], bool]
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
        self._attempts_at: Hashable = None
        self._reading = asyncio.Lock()

    @property
    def origin(self) -> datetime:
        """When the run was submitted: its first event."""
        return self.events[0].at if self.events else datetime.now(UTC)

    def costs(self, run: Run) -> int:
        """Statements that :meth:`catch_up` sends, where the run has no more than a page of new events."""
        return 1 + self._lacks_steps(run) + self.lags(run)

    def lags(self, run: Run) -> bool:
        """Whether attempts may have ended since they were read."""
        return self._attempts_at != _attempts_at(run)

    async def catch_up(self, read: Read, run: Run, affords: Affords = lambda _: True) -> None:
        """Read what happened up to ``run``, as it was read before, and the events since. A page of events more is read
        only where a look ``affords`` it."""
        async with self._reading:
            await self._fill(read, run)
            await self._hear(read, affords)

    async def fill(self, read: Read, run: Run) -> None:
        """Read steps and attempts, where they can have changed: two statements at most."""
        async with self._reading:
            await self._fill(read, run)

    async def hear(self, read: Read) -> None:
        """Read the events that are new, and nothing else: one statement."""
        async with self._reading:
            await self._hear(read)

    async def _fill(self, read: Read, run: Run) -> None:
        if self._lacks_steps(run):
            self.steps = await read(lambda store: store.get_steps(self.run_id))
        if self.lags(run):
            self.attempts = tuple(await read(lambda store: store.get_attempts(self.run_id)))
            self._attempts_at = _attempts_at(run)

    def _lacks_steps(self, run: Run) -> bool:
        """They are declared once, by the first code of the run that is seen."""
        return not self.steps and run.steps_total > 0

    async def _hear(self, read: Read, affords: Affords = lambda _: True) -> None:
        while True:
            new = await read(self._next_events)
            self.events += new
            if len(new) < _PAGE or not affords(1):
                return

    async def _next_events(self, store: Store) -> list[Event]:
        after = self.events[-1].id if self.events else 0
        return await store.get_events(self.run_id, after=after, limit=_PAGE)


def _attempts_at(run: Run) -> Hashable:
    """Whatever writes an attempt changes one of these in the same transaction."""
    return run.status, run.changed_at, run.token, run.steps_done, run.attempt
