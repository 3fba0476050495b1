"""The committer: what the runs of one event loop want recorded, each kind of record in a lane of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from sagewai.core.stores.base import Store
from sagewai.core.verdict import Verdict
from sagewai.core.worker.lane import Item, Lane
from sagewai.errors import LabelError, ResultNotStorable, RunInputMismatch, StoreRefused, StoreUnavailable
from sagewai.models.call import CallRecord
from sagewai.models.run import Inserted, RunSpec
from sagewai.models.status import RunStatus
from sagewai.models.transition import Transition


class Committer:
    """One per event loop and store. Its lanes don't wait for each other: that a transition comes after the calls of its
    run is its execution's business."""

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


class Submits(Lane[RunSpec, Inserted]):
    """Runs that are submitted one by one but at the same time, to be held by ``session`` if there is one. A store that
    doesn't answer refuses them: whoever submits decides whether to do so again. Also raises what
    :meth:`~sagewai.core.stores.base.Store.insert_runs` does."""

    things = "submitted runs"
    one_sided = (StoreRefused, RunInputMismatch, LabelError)

    def __init__(self, store: Store, session: int | None = None) -> None:
        super().__init__(store)
        self.session = session

    async def insert(self, spec: RunSpec) -> Inserted:
        verdict = self.record(spec)
        try:
            return cast(Inserted, await asyncio.shield(verdict))  # who stops waiting may stop at once
        except asyncio.CancelledError:
            verdict.add_done_callback(Verdict.exception)  # nobody else hears it
            raise

    def _size(self, record: RunSpec) -> int:
        return 400 + len(record.input)

    async def _write(self, records: Sequence[RunSpec]) -> Sequence[Inserted]:
        return await self._store.insert_runs(records, session=self.session)

    async def _unanswered(
        self, batch: Sequence[Item[RunSpec, Inserted]], error: StoreUnavailable, failures: int
    ) -> Sequence[Item[RunSpec, Inserted]]:
        raise error


class _Calls(Lane[CallRecord, str]):
    """Recording a call under its identity once more changes nothing, so one without a reply is simply sent again."""

    things = "calls"

    def _size(self, record: CallRecord) -> int:
        return record.size

    async def _write(self, records: Sequence[CallRecord]) -> Sequence[str | None]:
        return await self._store.record_calls(records)

    def _at_fault(self, record: CallRecord, error: Exception) -> Exception:
        return _not_storable(record.step, error)


class _Transitions(Lane[Transition, RunStatus]):
    """Whether a transition without a reply was recorded is read back: twice it must not be."""

    things = "transitions"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.abreast = store.writes_abreast

    def _size(self, record: Transition) -> int:
        return record.size

    async def _write(self, records: Sequence[Transition]) -> Sequence[RunStatus | None]:
        return await self._store.record(records)

    def _at_fault(self, record: Transition, error: Exception) -> Exception:
        return _not_storable(record.step, error)

    async def _unmatched(self, batch: Sequence[Item[Transition, RunStatus]]) -> None:
        """A transition that didn't match was recorded by an earlier sending whose reply was lost, or its lease is."""
        for item in await self._looked_up(batch):
            item.answer(None)

    async def _unanswered(
        self, batch: Sequence[Item[Transition, RunStatus]], error: StoreUnavailable, failures: int
    ) -> Sequence[Item[Transition, RunStatus]]:
        await self._back_off(failures, error, len(batch))
        return await self._looked_up(batch)

    async def _looked_up(
        self, batch: Sequence[Item[Transition, RunStatus]]
    ) -> list[Item[Transition, RunStatus]]:
        """Answer what (token, rev) tells; give back what is still to be sent."""
        failures = 0
        while batch:
            try:
                heads = await self._store.heads([item.record.key for item in batch])
            except StoreUnavailable as error:
                failures += 1
                await self._back_off(failures, error, len(batch))
                continue
            again: list[Item[Transition, RunStatus]] = []
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


def _not_storable(step: str, error: Exception) -> ResultNotStorable:
    return ResultNotStorable(f"the database refused what step {step!r} wants recorded: {error}")
