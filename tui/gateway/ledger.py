"""What a run has paid models so far and what it hears from one: followed at no more than one statement a look."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Literal

from sagewai.models.call import Budget, Call, Spent, Tail
from sagewai.models.run import Run
from sagewai.models.status import RunStatus
from tui.gateway.calls import SHOWN, call_lines, live_lines
from tui.gateway.follow import Read
from tui.gateway.shape import Shaper
from tui.payload import Line

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

_PAGE = 500
"""Calls read at once: the console draws in between."""

_TURNS = 3
"""Looks at a running run of which one reads what it has spent, the others what it hears."""

_Part = Literal["calls", "spent", "budget", "tail"]


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
        self._spent_at: Hashable = None
        self._calls_at: Hashable = None
        self._last = 0
        self._told: tuple[Line, ...] = ()
        self._told_of: Hashable = None
        self._knows_budget = False
        self._turn = 0

    async def look(self, read: Read, run: Run, *, calls: bool) -> None:
        """Read what most likely has changed, by at most one statement; the calls themselves only where asked."""
        at = (run.status, run.token, run.steps_done, run.attempt)
        if run.status is not RunStatus.RUNNING:
            self.tail = None
        due = self._due(run, at, calls=calls)
        if due == "calls":
            await self.read_calls(read)
            self._calls_at = (at, self.spent)
        elif due == "spent":
            self.spent = await read(lambda store: store.spent(self.run_id))
            self._spent_at = at
        elif due == "budget":
            self.budget = await read(lambda store: store.get_budget(self.run_id))
            self._knows_budget = True
        elif due == "tail":
            tail = await read(lambda store: store.tail_of(self.run_id))
            self.tail = tail if tail is not None and tail.step == run.step else None

    async def read_calls(self, read: Read) -> None:
        """Read the calls that were recorded since the last time, page by page: the first time all of them, of which
        the latest are kept."""
        while True:
            new = await read(self._next_calls)
            if new:
                self._last = new[-1].id
            self.counted += len(new)
            self.calls = (*(self.calls or ()), *new)[-SHOWN:]
            if len(new) < _PAGE:
                return

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

    def _due(self, run: Run, at: Hashable, *, calls: bool) -> _Part | None:
        if calls and self._calls_at != (at, self.spent):
            return "calls"
        if self._spent_at != at:
            return "spent"
        if self.spent is not None and self.spent.calls and not self._knows_budget:
            return "budget"
        if run.status is not RunStatus.RUNNING:
            return None
        self._turn += 1
        return "tail" if self._turn % _TURNS else "spent"
