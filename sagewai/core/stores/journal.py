"""The part of the store contract that is about calls inside steps: recorded so that none is paid for twice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Literal

from sagewai.models.call import Budget, Call, CallRecord, Spending, Spent, Tail

SpendingBy = Literal["workflow", "model", "day"]


class Journal(ABC):
    """What every store keeps of calls. The rules at the head of :mod:`sagewai.core.stores.base` hold here too."""

    @abstractmethod
    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        """Record calls of any runs, any number of each, all in one transaction; gives the response that counts for
        each, in order: its own, or that of the one recorded earlier under the same identity, which stays as it is. None
        means that the token isn't that of a running run: nothing of that call was written.

        Runs are locked in order of their keys. Calls of kind ``model`` are added to what their day (UTC), workflow and
        model have cost, in the same transaction. ``rev`` stays. Raises StoreRefused when the database refuses
        somebody's data: nothing was written.
        """

    @abstractmethod
    async def calls_of(
        self, run_id: str, seq: int | None = None, *, after: int = 0, limit: int | None = None
    ) -> list[Call]:
        """Every recorded call of a run (of one step), in the order they were recorded; none of a run that doesn't
        exist. Those with an id above ``after``, at most ``limit``, which is at least 1."""

    @abstractmethod
    async def spent(self, run_id: str) -> Spent:
        """What the run's model calls have cost so far. Raises RunNotFound."""

    @abstractmethod
    async def spending(self, by: SpendingBy, *, days: int | None = None, limit: int = 500) -> list[Spending]:
        """Kept sums, not counted rows, of the last ``days`` days (today included; None: all): by workflow or model the
        dearest first, by day the newest first."""

    @abstractmethod
    async def get_budget(self, run_id: str) -> Budget | None:
        """What the run was submitted with (``RunSpec.budget``), or the source of a fork, if anything. Raises
        RunNotFound."""

    @abstractmethod
    async def write_tails(self, tails: Mapping[int, tuple[str, str, str]]) -> None:
        """What runs (by key) are hearing from a model right now: (step, agent, text). Replaces what was there; best
        effort, without a check of tokens, and not durable beyond the process where the database offers that."""

    @abstractmethod
    async def tail_of(self, run_id: str) -> Tail | None:
        """The latest, None for a run that isn't running or has none. Raises RunNotFound."""
