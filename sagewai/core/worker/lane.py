"""Group commit: what gathers while a batch is under way forms the next one, and each waiter gets its own verdict."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from sagewai.core.failpoints import reach
from sagewai.core.failure import told
from sagewai.core.retry import RetryPolicy
from sagewai.core.stores.base import Store
from sagewai.core.verdict import Verdict
from sagewai.errors import StoreRefused, StoreUnavailable

log = logging.getLogger("sagewai.committer")

MAX_ITEMS = 2_000
MAX_BYTES = 1_000_000
"""Of one batch. A larger item goes alone, beside the batches, so that it delays nobody else."""

WORTHWHILE = 32
"""Records that make a batch of their own while another one is under way. A batch costs about 0.5 ms of the server's and
the client's processors whatever is in it, a record in it 0.03 ms: fewer ride along with the next one."""

BACK_OFF = RetryPolicy(delay=0.1, factor=2, max_delay=5, jitter=0.5)
"""Between two tries of a batch whose store doesn't answer."""

CLOSING = "it is being closed: whether this was recorded is unknown"

R = TypeVar("R")
V = TypeVar("V")


@dataclass(slots=True)
class Item(Generic[R, V]):
    """A record on its way, and who waits for it."""

    record: R
    size: int
    verdict: Verdict[V | None]

    def answer(self, verdict: V | None) -> None:
        if not self.verdict.done():
            self.verdict.set_result(verdict)

    def refuse(self, error: Exception) -> None:
        if not self.verdict.done():
            self.verdict.set_exception(error)


class Lane(ABC, Generic[R, V]):
    """One kind of records on their way to one store. A lone one never waits for company."""

    things: str
    """What they are called in a log."""

    one_sided: tuple[type[Exception], ...] = (StoreRefused,)
    """Errors of a batch that are the fault of one record in it: found by halving, so that the others are written."""

    abreast = 1
    """How many batches it has under way at once, so that client and server needn't wait for each other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[Item[R, V]] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._setting_off = False  # one of them hasn't taken its batch yet
        self._alone = True  # the last batch set off with no other under way
        self._large: set[asyncio.Task[None]] = set()

    def record(self, record: R) -> Verdict[V | None]:
        item: Item[R, V] = Item(record, self._size(record), Verdict())
        if item.size > MAX_BYTES:
            task = asyncio.create_task(self._settle([item]))
            self._large.add(task)
            task.add_done_callback(self._large.discard)
        else:
            self._waiting.append(item)
            if not self._setting_off and self._worth_sending(len(self._senders)):
                self._set_off()
        return item.verdict

    def close(self) -> None:
        for task in (*self._senders, *self._large):
            task.cancel()

    @abstractmethod
    def _size(self, record: R) -> int:
        """Roughly how many bytes it adds to a batch."""

    @abstractmethod
    async def _write(self, records: Sequence[R]) -> Sequence[V | None]:
        """What the store says to each, in order."""

    async def _unanswered(
        self, batch: Sequence[Item[R, V]], error: StoreUnavailable, failures: int
    ) -> Sequence[Item[R, V]]:
        """Of a batch whose reply was lost, for the how-manieth time, what is to be sent again now: all, for records of
        which a second writing changes nothing. The others are answered. What it raises, all are refused with."""
        await self._back_off(failures, error, len(batch))
        return batch

    async def _unmatched(self, batch: Sequence[Item[R, V]]) -> None:
        """Answer those to which the store said None."""
        for item in batch:
            item.answer(None)

    def _at_fault(self, record: R, error: Exception) -> Exception:
        """What to tell whoever waits for the one record that can't be written."""
        return error

    def _worth_sending(self, under_way: int) -> bool:
        """Whether what waits makes a batch beside so many others; what doesn't goes when one of them is answered."""
        waiting = len(self._waiting)
        return waiting > 0 and (under_way == 0 or (under_way < self.abreast and waiting >= WORTHWHILE))

    def _set_off(self) -> None:
        self._setting_off = True
        sender = asyncio.create_task(self._drain())
        self._senders.add(sender)
        sender.add_done_callback(self._ended)

    async def _drain(self) -> None:
        self._setting_off = False
        while self._worth_sending(len(self._senders) - 1):
            batch = self._next_batch()
            if self._worth_sending(len(self._senders)):
                self._set_off()
            await self._settle(batch)
        self._senders.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _ended(self, sender: asyncio.Task[None]) -> None:
        """One that ended by itself is gone from the list. A cancelled one leaves records behind."""
        if sender in self._senders:
            self._senders.discard(sender)
            self._setting_off = False
            while self._waiting:
                self._waiting.popleft().refuse(StoreUnavailable(CLOSING))

    def _next_batch(self) -> list[Item[R, V]]:
        """What waits. Half of it, where two batches in a row would go alone: then all records come together, and client
        and server wait for each other; once parted, the halves take turns by themselves."""
        most = MAX_ITEMS
        alone = len(self._senders) == 1
        if alone and self._alone and self.abreast > 1 and len(self._waiting) >= 2 * WORTHWHILE:
            most = min(most, len(self._waiting) // 2)
        self._alone = alone
        batch: list[Item[R, V]] = []
        size = 0
        while self._waiting and len(batch) < most:
            size += self._waiting[0].size
            if batch and size > MAX_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _settle(self, batch: Sequence[Item[R, V]]) -> None:
        """See the batch through; every verdict is set when this returns."""
        try:
            await self._send(batch)
        except BaseException as error:  # nobody may be left waiting, whatever happened here
            for item in batch:
                item.refuse(error if isinstance(error, Exception) else StoreUnavailable(CLOSING))
            if not isinstance(error, Exception):
                raise

    async def _send(self, batch: Sequence[Item[R, V]]) -> None:
        failures = 0
        while batch:
            try:
                reach("before commit")
                verdicts = await self._write([item.record for item in batch])
                reach("after commit")
            except self.one_sided as error:
                await self._bisect(batch, error)
                return
            except StoreUnavailable as error:
                failures += 1
                batch = await self._unanswered(batch, error, failures)
                if failures == 2 and len(batch) > 1:  # perhaps it is the batch that kills the connection
                    await self._halve(batch)
                    return
                continue
            unmatched = [item for item, verdict in zip(batch, verdicts, strict=True) if verdict is None]
            for item, verdict in zip(batch, verdicts, strict=True):
                if verdict is not None:
                    item.answer(verdict)
            await self._unmatched(unmatched)
            return

    async def _bisect(self, batch: Sequence[Item[R, V]], error: Exception) -> None:
        """Find the one at fault."""
        if len(batch) == 1:
            batch[0].refuse(self._at_fault(batch[0].record, error))
        else:
            await self._halve(batch)

    async def _halve(self, batch: Sequence[Item[R, V]]) -> None:
        middle = len(batch) // 2
        await self._send(batch[:middle])
        await self._send(batch[middle:])

    async def _back_off(self, failures: int, error: StoreUnavailable, items: int) -> None:
        delay = BACK_OFF.wait(failures)
        log.warning(
            "%d %s wait for the store (%s); next try in %.1f s", items, self.things, told(error), delay
        )
        await asyncio.sleep(delay)
