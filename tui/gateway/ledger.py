"""What a run has paid models so far and what it hears from one: followed by no more statements than a look has left."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from sagewai.models.call import Budget, Call, Spent, Tail
from sagewai.models.run import Run
from sagewai.models.status import RunStatus
from tui.gateway.calls import SHOWN, call_lines, live_lines
from tui.gateway.door import Door
from tui.gateway.shape import Shaper
from tui.payload import Line

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

_PAGE = 500
"""Calls read at once: the console draws in between."""


class Ledger:
    """The calls of one run, as far as they have been read. Calls are only ever added, by the step that runs."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.spent: Spent | None = None
        self.budget: Budget | None = None
        self.tail: Tail | None = None
        self.calls: tuple[Call, ...] | None = None
        """The latest; of ``counted`` in all."""
        self.counted = 0
        self._calls_at: Hashable = None
        self._last = 0
        self._told: tuple[Line, ...] = ()
        self._told_of: Hashable = None
        self._knows_budget = False

    async def look(self, door: Door, run: Run, *, calls: bool) -> None:
        """Read what most likely has changed: what the model says, or the budget, where the look under way affords that
        and a statement more; the calls themselves, in as many pages as it affords, only where they are asked for."""
        self.spent = run.spent
        if run.status is not RunStatus.RUNNING:
            self.tail = None
        at = (run.status, run.token, run.steps_done, run.attempt, run.spent)
        if calls and self._calls_at != at:
            if await self.read_calls(door, door.affords):
                self._calls_at = at
        elif door.left < 2:
            return
        elif run.spent.calls and not self._knows_budget:
            self.budget = await door.read(lambda store: store.get_budget(self.run_id))
            self._knows_budget = True
        elif run.status is RunStatus.RUNNING:
            tail = await door.read(lambda store: store.tail_of(self.run_id))
            self.tail = tail if tail is not None and tail.step == run.step else None

    async def read_calls(self, door: Door, affords: Callable[[int], bool] = lambda _: True) -> bool:
        """Read the calls that were recorded since the last time, page by page: the first time all of them, of which
        the latest are kept. False where some are left because ``affords`` said so."""
        while affords(1):
            new = await door.read(self._next_calls)
            if new:
                self._last = new[-1].id
            self.counted += len(new)
            self.calls = (*(self.calls or ()), *new)[-SHOWN:]
            if len(new) < _PAGE:
                return True
        return False

    async def _next_calls(self, store: Store) -> list[Call]:
        return await store.calls_of(self.run_id, after=self._last, limit=_PAGE)

    def lines(self, shaper: Shaper, step: str | None = None) -> tuple[Line, ...]:
        """All of it, as far as it was read, of one step where one is given; the calls are put into words once."""
        calls = self.calls or ()
        told_of = (self.counted, calls[-1].id if calls else 0, step)
        if self._told_of != told_of:
            self._told, self._told_of = call_lines(calls, self.counted, shaper, step), told_of
        live = tuple(live_lines(self.spent, self.budget, self.tail, shaper))
        return (*live, *self._told) if calls or not live else live
