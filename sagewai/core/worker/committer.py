"""Group commit: transitions of concurrent runs are written together, and each waiter gets its own verdict."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sagewai.core.failpoints import reach
from sagewai.core.failure import told
from sagewai.core.retry import RetryPolicy
from sagewai.core.stores.base import Store
from sagewai.errors import ResultNotStorable, StoreRefused, StoreUnavailable
from sagewai.models.status import RunStatus
from sagewai.models.transition import Transition

log = logging.getLogger("sagewai.committer")

MAX_ITEMS = 2_000
MAX_BYTES = 1_000_000
"""Of one batch. A larger item goes alone, beside the batches, so that it delays nobody else."""

BACK_OFF = RetryPolicy(delay=0.1, factor=2, max_delay=5, jitter=0.5)
"""Between two tries of a batch whose store doesn't answer."""

CLOSING = "it is being closed: whether this was recorded is unknown"


@dataclass(frozen=True, slots=True)
class _Item:
    transition: Transition
    verdict: asyncio.Future[RunStatus | None]


class Committer:
    """One per event loop and store. Whatever gathers while a batch is under way forms the next one, so a lone run never
    waits for company."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Item] = deque()
        self._flush: asyncio.Task[None] | None = None
        self._large: set[asyncio.Task[None]] = set()

    def record(self, transition: Transition) -> asyncio.Future[RunStatus | None]:
        """The run's status after the move, or None when the lease is lost. Survives lost connections: what became of an
        unanswered write is read back under (token, rev). Raises ResultNotStorable for an item the database refuses."""
        item = _Item(transition, asyncio.get_running_loop().create_future())
        if transition.size > MAX_BYTES:
            task = asyncio.create_task(self._settle([item]))
            self._large.add(task)
            task.add_done_callback(self._large.discard)
        else:
            self._waiting.append(item)
            if self._flush is None or self._flush.done():
                self._flush = asyncio.create_task(self._drain())
        return item.verdict

    def close(self) -> None:
        """Give up what isn't recorded yet: whoever waits for it gets StoreUnavailable. For the end of a session: what
        it holds is handed back with it, or taken over when it has lapsed."""
        for task in (self._flush, *self._large):
            if task is not None:
                task.cancel()

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._settle(self._next_batch())
        finally:  # only a cancellation leaves items behind
            while self._waiting:
                _refuse(self._waiting.popleft(), StoreUnavailable(CLOSING))

    def _next_batch(self) -> list[_Item]:
        batch: list[_Item] = []
        size = 0
        while self._waiting and len(batch) < MAX_ITEMS:
            size += self._waiting[0].transition.size
            if batch and size > MAX_BYTES:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _settle(self, batch: Sequence[_Item]) -> None:
        """See the batch through; every verdict is set when this returns."""
        try:
            await self._send(batch)
        except BaseException as error:  # nobody may be left waiting, whatever happened here
            for item in batch:
                _refuse(item, error if isinstance(error, Exception) else StoreUnavailable(CLOSING))
            if not isinstance(error, Exception):
                raise

    async def _send(self, batch: Sequence[_Item]) -> None:
        failures = 0
        while batch:
            try:
                reach("before commit")
                statuses = await self._store.record([item.transition for item in batch])
                reach("after commit")
            except StoreRefused as error:
                await self._bisect(batch, error)
                return
            except StoreUnavailable as error:
                failures += 1
                await self._back_off(failures, error, len(batch))
                batch = await self._read_back(batch)
                if failures == 2 and len(batch) > 1:  # perhaps it is the batch that kills the connection
                    middle = len(batch) // 2
                    await self._send(batch[:middle])
                    await self._send(batch[middle:])
                    return
                continue
            unmatched = [item for item, status in zip(batch, statuses, strict=True) if status is None]
            for item, status in zip(batch, statuses, strict=True):
                if status is not None:
                    _answer(item, status)
            await self._judge(unmatched)
            return

    async def _judge(self, unmatched: Sequence[_Item]) -> None:
        """A transition that didn't match was recorded by an earlier sending whose reply was lost, or its lease is."""
        for item in await self._read_back(unmatched):
            _answer(item, None)

    async def _read_back(self, batch: Sequence[_Item]) -> list[_Item]:
        """Answer what (token, rev) tells; give back what is still to be sent."""
        failures = 0
        while batch:
            try:
                heads = await self._store.heads([item.transition.key for item in batch])
            except StoreUnavailable as error:
                failures += 1
                await self._back_off(failures, error, len(batch))
                continue
            again: list[_Item] = []
            for item in batch:
                move, head = item.transition, heads.get(item.transition.key)
                if head is not None and (head.token, head.rev) == (move.token, move.rev + 1):
                    _answer(item, head.status)
                elif (
                    head is not None
                    and (head.token, head.rev) == (move.token, move.rev)
                    and head.status is RunStatus.RUNNING
                ):
                    again.append(item)
                else:
                    _answer(item, None)
            return again
        return []

    async def _bisect(self, batch: Sequence[_Item], error: StoreRefused) -> None:
        """Find the one that the database refuses, so that its neighbours are recorded."""
        if len(batch) == 1:
            move = batch[0].transition
            _refuse(
                batch[0],
                ResultNotStorable(f"the database refused what step {move.step!r} wants recorded: {error}"),
            )
            return
        middle = len(batch) // 2
        await self._send(batch[:middle])
        await self._send(batch[middle:])

    async def _back_off(self, failures: int, error: StoreUnavailable, items: int) -> None:
        delay = BACK_OFF.wait(failures)
        log.warning("%d transitions wait for the store (%s); next try in %.1f s", items, told(error), delay)
        await asyncio.sleep(delay)


def _answer(item: _Item, status: RunStatus | None) -> None:
    if not item.verdict.done():
        item.verdict.set_result(status)


def _refuse(item: _Item, error: Exception) -> None:
    if not item.verdict.done():
        item.verdict.set_exception(error)
