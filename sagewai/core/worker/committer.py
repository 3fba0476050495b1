"""Group commit: what concurrent runs want recorded is written together, and each waiter gets its own verdict."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sagewai.core.failpoints import reach
from sagewai.core.failure import told
from sagewai.core.retry import RetryPolicy
from sagewai.core.stores.base import Store
from sagewai.core.verdict import Verdict
from sagewai.errors import ResultNotStorable, StoreRefused, StoreUnavailable
from sagewai.models.call import CallRecord
from sagewai.models.status import RunStatus
from sagewai.models.transition import Transition

log = logging.getLogger("sagewai.committer")

MAX_ITEMS = 2_000
MAX_BYTES = 1_000_000
"""Of one batch. A larger item goes alone, beside the batches, so that it delays nobody else."""

BACK_OFF = RetryPolicy(delay=0.1, factor=2, max_delay=5, jitter=0.5)
"""Between two tries of a batch whose store doesn't answer."""

CLOSING = "it is being closed: whether this was recorded is unknown"

R = TypeVar("R", Transition, CallRecord)
V = TypeVar("V")


class Committer:
    """One per event loop and store, with a lane for transitions and one for calls. They don't wait for each other: that
    a transition comes after the calls of its run is its execution's business."""

    def __init__(self, store: Store) -> None:
        self._transitions = _Transitions(store)
        self._calls = _Calls(store)

    def record(self, transition: Transition) -> Verdict[RunStatus | None]:
        """The run's status after the move, or None when the lease is lost. Survives lost connections: what became of an
        unanswered write is read back under (token, rev). Raises ResultNotStorable for an item the database refuses."""
        return self._transitions.record(transition)

    def record_call(self, call: CallRecord) -> Verdict[str | None]:
        """The response that counts, this one's or that of an earlier one of its identity, or None when the lease is
        lost. Any number of calls of one run may be under way; an unanswered write is made again. Raises
        ResultNotStorable as above."""
        return self._calls.record(call)

    def close(self) -> None:
        """Give up what isn't recorded yet: whoever waits for it gets StoreUnavailable. For the end of a session: what
        it holds is handed back with it, or taken over when it has lapsed."""
        self._transitions.close()
        self._calls.close()


@dataclass(frozen=True, slots=True)
class _Item(Generic[R, V]):
    record: R
    verdict: Verdict[V | None]

    def answer(self, verdict: V | None) -> None:
        if not self.verdict.done():
            self.verdict.set_result(verdict)

    def refuse(self, error: Exception) -> None:
        if not self.verdict.done():
            self.verdict.set_exception(error)


class _Lane(ABC, Generic[R, V]):
    """Whatever gathers while a batch is under way forms the next one, so a lone run never waits for company."""

    things: str

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Item[R, V]] = deque()
        self._flush: asyncio.Task[None] | None = None
        self._large: set[asyncio.Task[None]] = set()

    def record(self, record: R) -> Verdict[V | None]:
        item: _Item[R, V] = _Item(record, Verdict())
        if record.size > MAX_BYTES:
            task = asyncio.create_task(self._settle([item]))
            self._large.add(task)
            task.add_done_callback(self._large.discard)
        else:
            self._waiting.append(item)
            if self._flush is None or self._flush.done():
                self._flush = asyncio.create_task(self._drain())
        return item.verdict

    def close(self) -> None:
        for task in (self._flush, *self._large):
            if task is not None:
                task.cancel()

    @abstractmethod
    async def _write(self, records: Sequence[R]) -> Sequence[V | None]:
        """What the store says to each, in order."""

    async def _unanswered(self, batch: Sequence[_Item[R, V]]) -> list[_Item[R, V]]:
        """Of a batch whose reply was lost, what is to be sent again; the others are answered."""
        return list(batch)

    async def _unmatched(self, batch: Sequence[_Item[R, V]]) -> None:
        """Answer those to which the store said None."""
        for item in batch:
            item.answer(None)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._next_batch())
        finally:  # only a cancellation leaves items behind
            while self._waiting:
                self._waiting.popleft().refuse(StoreUnavailable(CLOSING))

    def _next_batch(self) -> list[_Item[R, V]]:
        batch: list[_Item[R, V]] = []
        size = 0
        while self._waiting and len(batch) < MAX_ITEMS:
            size += self._waiting[0].record.size
            if batch and size > MAX_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _settle(self, batch: Sequence[_Item[R, V]]) -> None:
        """See the batch through; every verdict is set when this returns."""
        try:
            await self._send(batch)
        except BaseException as error:  # nobody may be left waiting, whatever happened here
            for item in batch:
                item.refuse(error if isinstance(error, Exception) else StoreUnavailable(CLOSING))
            if not isinstance(error, Exception):
                raise

    async def _send(self, batch: Sequence[_Item[R, V]]) -> None:
        failures = 0
        while batch:
            try:
                reach("before commit")
                verdicts = await self._write([item.record for item in batch])
                reach("after commit")
            except StoreRefused as error:
                await self._bisect(batch, error)
                return
            except StoreUnavailable as error:
                failures += 1
                await self._back_off(failures, error, len(batch))
                batch = await self._unanswered(batch)
                if failures == 2 and len(batch) > 1:  # perhaps it is the batch that kills the connection
                    middle = len(batch) // 2
                    await self._send(batch[:middle])
                    await self._send(batch[middle:])
                    return
                continue
            unmatched = [item for item, verdict in zip(batch, verdicts, strict=True) if verdict is None]
            for item, verdict in zip(batch, verdicts, strict=True):
                if verdict is not None:
                    item.answer(verdict)
            await self._unmatched(unmatched)
            return

    async def _bisect(self, batch: Sequence[_Item[R, V]], error: StoreRefused) -> None:
        """Find the one that the database refuses, so that its neighbours are recorded."""
        if len(batch) == 1:
            step = batch[0].record.step
            batch[0].refuse(
                ResultNotStorable(f"the database refused what step {step!r} wants recorded: {error}")
            )
            return
        middle = len(batch) // 2
        await self._send(batch[:middle])
        await self._send(batch[middle:])

    async def _back_off(self, failures: int, error: StoreUnavailable, items: int) -> None:
        delay = BACK_OFF.wait(failures)
        log.warning(
            "%d %s wait for the store (%s); next try in %.1f s", items, self.things, told(error), delay
        )
        await asyncio.sleep(delay)


class _Calls(_Lane[CallRecord, str]):
    """Recording a call under its identity once more changes nothing, so one without a reply is simply sent again."""

    things = "calls"

    async def _write(self, records: Sequence[CallRecord]) -> Sequence[str | None]:
        return await self._store.record_calls(records)


class _Transitions(_Lane[Transition, RunStatus]):
    """Whether a transition without a reply was recorded is read back: twice it must not be."""

    things = "transitions"

    async def _write(self, records: Sequence[Transition]) -> Sequence[RunStatus | None]:
        return await self._store.record(records)

    async def _unmatched(self, batch: Sequence[_Item[Transition, RunStatus]]) -> None:
        """A transition that didn't match was recorded by an earlier sending whose reply was lost, or its lease is."""
        for item in await self._unanswered(batch):
            item.answer(None)

    async def _unanswered(
        self, batch: Sequence[_Item[Transition, RunStatus]]
    ) -> list[_Item[Transition, RunStatus]]:
        """Answer what (token, rev) tells; give back what is still to be sent."""
        failures = 0
        while batch:
            try:
                heads = await self._store.heads([item.record.key for item in batch])
            except StoreUnavailable as error:
                failures += 1
                await self._back_off(failures, error, len(batch))
                continue
            again: list[_Item[Transition, RunStatus]] = []
            for item in batch:
                move, head = item.record, heads.get(item.record.key)
                if head is not None and (head.token, head.rev) == (move.token, move.rev + 1):
                    item.answer(head.status)
                elif (
                    head is not None
                    and (head.token, head.rev) == (move.token, move.rev)
                    and head.status is RunStatus.RUNNING
                ):
                    again.append(item)
                else:
                    item.answer(None)
            return again
        return []
