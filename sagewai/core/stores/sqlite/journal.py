"""The part of the SQLite store that is about calls inside steps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sagewai.core.stores.journal import Journal, SpendingBy
from sagewai.core.stores.sqlite import calls as recorded
from sagewai.core.stores.sqlite import spending as costs
from sagewai.core.stores.sqlite import tails as heard
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.call import Budget, Call, CallRecord, Spending, Spent, Tail

T = TypeVar("T")


class SQLiteJournal(Journal):
    """Every method is one hop into a thread and one transaction there."""

    @abstractmethod
    async def _read(self, work: Callable[[Transaction], T]) -> T:
        """What ``work`` finds in one snapshot."""

    @abstractmethod
    async def _write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        """Carry out ``work`` in one transaction; unless it is to be ``durable``, a power cut may undo it."""

    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        return await self._write(partial(recorded.record_calls, calls=calls)) if calls else []

    async def calls_of(
        self, run_id: str, seq: int | None = None, *, after: int = 0, limit: int | None = None
    ) -> list[Call]:
        return await self._read(partial(recorded.calls_of, run_id=run_id, seq=seq, after=after, limit=limit))

    async def spent(self, run_id: str) -> Spent:
        return await self._read(partial(costs.spent, run_id=run_id))

    async def spending(self, by: SpendingBy, *, days: int | None = None, limit: int = 500) -> list[Spending]:
        return await self._read(partial(costs.spending, by=by, days=days, limit=limit))

    async def get_budget(self, run_id: str) -> Budget | None:
        return await self._read(partial(costs.get_budget, run_id=run_id))

    async def write_tails(self, tails: Mapping[int, tuple[str, str, str]]) -> None:
        if tails:
            await self._write(partial(heard.write_tails, tails=tails), durable=False)

    async def tail_of(self, run_id: str) -> Tail | None:
        return await self._read(partial(heard.tail_of, run_id=run_id))
