"""Group commit: batches, bisection, oversized items, replies that never came; of transitions, and of calls."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sagewai import DurableWorkflow, InMemoryStore, ResultNotStorable
from sagewai.core.worker.committer import Committer, Submits
from sagewai.core.worker.lane import MAX_ITEMS, WORTHWHILE
from sagewai.core.worker.process import this_process
from sagewai.errors import StoreRefused, StoreUnavailable
from sagewai.models.call import CallRecord
from sagewai.models.page import RunQuery
from sagewai.models.run import Inserted, RunSpec
from sagewai.models.session import SessionSpec
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition


class Recording(InMemoryStore):
    """The reference store with faults between it and its caller."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.lose_replies = 0
        self.lose_requests = 0
        self.refuse: set[str] = set()

    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        self.batches.append(len(calls))
        if self.lose_requests:
            self.lose_requests -= 1
            raise StoreUnavailable("cut before the write")
        if any(call.response in self.refuse for call in calls):
            raise StoreRefused("invalid byte")
        answer = await super().record_calls(calls)
        if self.lose_replies:
            self.lose_replies -= 1
            raise StoreUnavailable("cut after the write")
        await asyncio.sleep(0)
        return answer

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        self.batches.append(len(transitions))
        if self.lose_requests:
            self.lose_requests -= 1
            raise StoreUnavailable("cut before the write")
        if any(item.result in self.refuse for item in transitions):
            raise StoreRefused("invalid byte")
        answer = await super().record(transitions)
        if self.lose_replies:
            self.lose_replies -= 1
            raise StoreUnavailable("cut after the write")
        await asyncio.sleep(0)
        return answer


async def leased(store: InMemoryStore, count: int) -> list[Transition]:
    session = await store.open_session(
        SessionSpec(name="w", kind="script", process=this_process(), lease_ttl=60, max_concurrent=count)
    )
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    specs = [wf._spec(store, None, {"n": n}) for n in range(count)]
    inserted = await store.insert_runs(specs, session=session)
    moves = []
    for item in inserted:
        assert item.lease is not None
        lease = item.lease
        moves.append(
            Transition(
                lease.key,
                lease.token,
                lease.rev,
                Move.COMPLETED,
                Outcome.COMPLETED,
                0,
                "one",
                1,
                result=f'"{lease.key}"',
            )
        )
    return moves


async def test_what_gathers_while_a_batch_is_under_way_is_written_together() -> None:
    store = Recording()
    committer = Committer(store)
    moves = await leased(store, 300)
    statuses = await asyncio.gather(*(committer.record(move) for move in moves))
    assert statuses == [RunStatus.COMPLETED] * 300
    assert len(store.batches) <= 2


class Beside(Recording):
    """One that works beside its client, and answers when it is let."""

    writes_abreast = 2

    def __init__(self) -> None:
        super().__init__()
        self.under_way = 0
        self.open = asyncio.Semaphore(0)

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        self.under_way += 1
        try:
            await self.open.acquire()
            return await super().record(transitions)
        finally:
            self.under_way -= 1


async def turns(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_where_the_store_works_beside_its_client_two_halves_are_under_way_at_once() -> None:
    store = Beside()
    committer = Committer(store)
    moves = await leased(store, 100)
    verdicts = [committer.record(move) for move in moves]
    await turns()
    assert store.under_way == 2
    store.open.release()
    store.open.release()
    assert await asyncio.gather(*verdicts) == [RunStatus.COMPLETED] * 100
    assert store.batches == [50, 50]


async def test_what_is_parted_once_isnt_parted_again_unless_it_goes_alone_twice() -> None:
    store = Beside()
    committer = Committer(store)
    moves = await leased(store, 8 * WORTHWHILE)
    store.open = asyncio.Semaphore(100)
    for since, until in ((0, 4), (4, 6), (6, 8)):
        await asyncio.gather(*map(committer.record, moves[since * WORTHWHILE : until * WORTHWHILE]))
    assert store.batches == [2 * WORTHWHILE, 2 * WORTHWHILE, 2 * WORTHWHILE, WORTHWHILE, WORTHWHILE]


async def test_few_records_wait_for_company_while_a_batch_is_under_way() -> None:
    store = Beside()
    committer = Committer(store)
    moves = await leased(store, WORTHWHILE + 1)
    verdicts = [committer.record(moves[0])]
    await turns()
    verdicts += [committer.record(move) for move in moves[1:-1]]
    await turns()
    assert store.under_way == 1
    verdicts.append(committer.record(moves[-1]))
    await turns()
    assert store.under_way == 2
    store.open.release()
    store.open.release()
    assert await asyncio.gather(*verdicts) == [RunStatus.COMPLETED] * len(moves)
    assert store.batches == [1, WORTHWHILE]


async def test_there_is_never_a_third_and_what_waited_goes_with_the_first_answer() -> None:
    store = Beside()
    committer = Committer(store)
    moves = await leased(store, 4 * WORTHWHILE)
    verdicts = [committer.record(move) for move in moves[: 2 * WORTHWHILE]]
    await turns()
    verdicts += [committer.record(move) for move in moves[2 * WORTHWHILE :]]
    await turns()
    assert store.under_way == 2
    store.open.release()
    await turns()
    assert store.under_way == 2
    for _ in range(2):
        store.open.release()
    assert await asyncio.gather(*verdicts) == [RunStatus.COMPLETED] * len(moves)
    assert store.batches == [WORTHWHILE, WORTHWHILE, 2 * WORTHWHILE]


async def test_closing_refuses_what_is_under_way_what_waits_and_what_has_only_just_come() -> None:
    store = Beside()
    committer = Committer(store)
    moves = await leased(store, 2 * WORTHWHILE + 6)
    verdicts = [committer.record(move) for move in moves[:-6]]
    await turns()
    verdicts += [committer.record(move) for move in moves[-6:-1]]
    await turns()
    committer.close()
    await turns()
    late = committer.record(moves[-1])
    committer.close()
    _, unanswered = await asyncio.wait([*verdicts, late], timeout=1)
    assert not unanswered
    for verdict in (*verdicts, late):
        with pytest.raises(StoreUnavailable, match="closed"):
            verdict.result()


async def test_a_submit_that_nobody_waits_for_any_more_is_refused_in_silence() -> None:
    class Stuck(InMemoryStore):
        async def insert_runs(
            self, specs: Sequence[RunSpec], *, session: int | None = None
        ) -> list[Inserted]:
            await asyncio.Event().wait()
            raise AssertionError("never")

    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    store = Stuck()
    wf = DurableWorkflow("flow", store)
    wf.step("one")(lambda n: n)
    lane = Submits(store)
    waiting = asyncio.create_task(lane.insert(wf._spec(store, None, {"n": 1})))
    await turns()
    waiting.cancel()
    await asyncio.wait([waiting])
    lane.close()
    await turns()
    del waiting, lane
    gc.collect()
    assert complaints == []


async def test_a_batch_has_a_limit() -> None:
    store = Recording()
    committer = Committer(store)
    moves = await leased(store, MAX_ITEMS + 5)
    await asyncio.gather(*(committer.record(move) for move in moves))
    assert max(store.batches) <= MAX_ITEMS


async def test_one_refused_item_fails_alone() -> None:
    store = Recording()
    committer = Committer(store)
    moves = await leased(store, 50)
    store.refuse = {str(moves[17].result)}
    results = await asyncio.gather(*(committer.record(move) for move in moves), return_exceptions=True)
    assert isinstance(results[17], ResultNotStorable)
    assert [status for at, status in enumerate(results) if at != 17] == [RunStatus.COMPLETED] * 49


@pytest.mark.parametrize("fault", ["lose_replies", "lose_requests"])
@pytest.mark.parametrize("times", [1, 3])
async def test_an_unanswered_write_is_read_back_and_never_made_twice(fault: str, times: int) -> None:
    store = Recording()
    committer = Committer(store)
    moves = await leased(store, 20)
    setattr(store, fault, times)
    statuses = await asyncio.gather(*(committer.record(move) for move in moves))
    assert statuses == [RunStatus.COMPLETED] * 20
    for run in (await store.list_runs(RunQuery())).items:
        assert [item.outcome for item in await store.get_attempts(run.run_id)] == [Outcome.COMPLETED]


async def test_a_stale_token_is_told_so() -> None:
    store = Recording()
    committer = Committer(store)
    (move,) = await leased(store, 1)
    stale = Transition(
        move.key, move.token + 1, move.rev, Move.COMPLETED, Outcome.COMPLETED, 0, "one", 1, result="1"
    )
    assert await committer.record(stale) is None


async def test_an_oversized_item_goes_alone_beside_the_others() -> None:
    store = Recording()
    committer = Committer(store)
    moves = await leased(store, 10)
    big = moves[0]
    large = Transition(
        big.key,
        big.token,
        big.rev,
        Move.COMPLETED,
        Outcome.COMPLETED,
        0,
        "one",
        1,
        result='"' + "x" * 1_500_000 + '"',
    )
    await asyncio.gather(committer.record(large), *(committer.record(move) for move in moves[1:]))
    assert 1 in store.batches
    assert sum(store.batches) == 10


# -- calls ------------------------------------------------------------------------------------------------------------


async def calls_of_one_run(store: InMemoryStore, count: int) -> list[CallRecord]:
    (move,) = await leased(store, 1)
    return [
        CallRecord(
            move.key, move.token, 0, "one", 1, "", "charge", position, 0, "once", "d", None, f'"{position}"'
        )
        for position in range(1, count + 1)
    ]


async def test_any_number_of_calls_of_one_run_is_written_together() -> None:
    store = Recording()
    committer = Committer(store)
    calls = await calls_of_one_run(store, 300)
    assert await asyncio.gather(*map(committer.record_call, calls)) == [call.response for call in calls]
    assert len(store.batches) <= 2


@pytest.mark.parametrize("fault", ["lose_replies", "lose_requests"])
@pytest.mark.parametrize("times", [1, 3])
async def test_a_call_whose_record_is_unanswered_is_sent_again_and_recorded_once(
    fault: str, times: int
) -> None:
    store = Recording()
    committer = Committer(store)
    calls = await calls_of_one_run(store, 20)
    setattr(store, fault, times)
    assert await asyncio.gather(*map(committer.record_call, calls)) == [call.response for call in calls]
    (run,) = (await store.list_runs(RunQuery())).items
    assert len(await store.calls_of(run.run_id)) == 20


async def test_one_refused_call_fails_alone() -> None:
    store = Recording()
    committer = Committer(store)
    calls = await calls_of_one_run(store, 50)
    store.refuse = {calls[17].response}
    results = await asyncio.gather(*map(committer.record_call, calls), return_exceptions=True)
    assert isinstance(results[17], ResultNotStorable)
    assert [result for at, result in enumerate(results) if at != 17] == [
        call.response for at, call in enumerate(calls) if at != 17
    ]


async def test_a_large_call_goes_alone_and_one_of_a_stale_token_is_told_so() -> None:
    store = Recording()
    committer = Committer(store)
    large, *others = await calls_of_one_run(store, 10)
    large = replace(large, response='"' + "x" * 1_500_000 + '"')
    stale = replace(others[-1], token=others[-1].token + 1)
    results = await asyncio.gather(*map(committer.record_call, [large, *others[:-1], stale]))
    assert results == [large.response, *(call.response for call in others[:-1]), None]
    assert 1 in store.batches
