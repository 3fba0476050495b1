"""One leased run driven through its steps: each result is recorded before the next step begins."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TypeVar

from sagewai.core.attempt import Body, BodyResult
from sagewai.core.budget import RunBudget
from sagewai.core.context import Notes, StepContext
from sagewai.core.failpoints import reach
from sagewai.core.failure import describe, error_text, told
from sagewai.core.outage import answered
from sagewai.core.recording import Hears, RecordCall, RunCalls, StepCalls
from sagewai.core.records import StepRecords
from sagewai.core.retry import IN_PLACE
from sagewai.core.signature import StepPlan, WorkflowPlan, prefix_route
from sagewai.core.stores.base import Store
from sagewai.core.verdict import Verdict
from sagewai.errors import DefinitionChanged, LeaseLost, NonRetryableError, StepTimeout
from sagewai.models.approval import ApprovalRequest
from sagewai.models.run import LeasedRun
from sagewai.models.status import Outcome, RunStatus
from sagewai.models.transition import Move, Transition
from sagewai.models.wait import WaitRequest

log = logging.getLogger("sagewai.execution")

T = TypeVar("T")
Record = Callable[[Transition], Verdict[RunStatus | None]]


_BEFORE = {move: f"before {move.name}" for move in Move}
_AFTER = {move: f"after {move.name}" for move in Move}


class Stop(Enum):
    """Why an execution is told to stop before its run rests."""

    LOST = "lost"  # another owner holds the run: write nothing
    CANCEL = "cancel"  # somebody asked for it
    RELEASE = "release"  # drain, or the caller went away: hand the run back


@dataclass(frozen=True, slots=True)
class Finished:
    """How this owner's hold of the run ended. ``result`` is the last step's JSON text (completed only), ``error`` what
    failed the run, rejected it, or refused to go on with it (DefinitionChanged)."""

    status: RunStatus
    result: str | None = None
    error: BaseException | None = None
    step: str | None = None


@dataclass(slots=True)
class _Progress:
    """The mutable part: where the run stands under this lease."""

    rev: int
    seq: int
    attempt: int
    results: dict[str, str] = field(default_factory=dict)


class Execution:
    """Drives one run under one token until it rests, is let go, or the lease is lost (LeaseLost)."""

    def __init__(
        self,
        lease: LeasedRun,
        plan: WorkflowPlan,
        *,
        store: Store,
        record: Record,
        record_call: RecordCall,
        tails: Hears,
        grace: float,
    ) -> None:
        self.lease = lease
        self._plan = plan
        self._store = store
        self._record = record
        self._grace = grace
        budget = RunBudget(store, lease.run_id, lease.workflow, plan.budget)
        self._run_calls = RunCalls(lease, store, record_call, budget, tails, partial(self.stop, Stop.LOST))
        self._at = _Progress(lease.rev, lease.seq, lease.attempt, dict(lease.results))
        self._stop: Stop | None = None
        self._stopped = asyncio.Event()
        self._body: Body | None = None
        self._calls: StepCalls | None = None

    def stop(self, reason: Stop) -> None:
        """Cancel the step's task and end as ``reason`` says. A step already being recorded is recorded first."""
        if self._stop is None or reason is Stop.LOST:
            self._stop = reason
        self._stopped.set()
        if self._body is not None:
            self._body.cancel()

    async def run(self) -> Finished:
        """Raises LeaseLost when another owner took over; whatever else happens is recorded and returned. Cancelling the
        task that awaits this hands the run back first."""
        try:
            return await self._run()
        except asyncio.CancelledError:
            step = self._plan.steps[min(self._at.seq, len(self._plan.steps) - 1)]
            await self._let_go(step.name, self._stop or Stop.RELEASE)
            raise

    async def _run(self) -> Finished:
        changed = self._plan.mismatch(tuple(self._at.results))
        if changed is not None:
            return await self._refuse(changed)
        while True:
            step = self._plan.steps[self._at.seq]
            if self._stop is not None:
                return await self._let_go(step.name, self._stop)
            context = self._context(step)
            result = await self._attempt(step, context)
            if self._stop is not None and (result.cancelled or self._stop is Stop.LOST):
                return await self._let_go(step.name, self._stop)
            finished = await self._conclude(step, context.notes, result)
            if finished is not None:
                return finished

    # -- one attempt ----------------------------------------------------------------------------------------------

    def _begin_calls(self, step: StepPlan, notes: Notes, records: StepRecords) -> StepCalls:
        lease, at = self.lease, self._at
        fresh = at.attempt == 1 and (at.seq > lease.seq or lease.token == 1)  # nobody began it before
        self._calls = StepCalls(self._run_calls, at.seq, step.name, at.attempt, fresh, notes, records)
        return self._calls

    def _context(self, step: StepPlan) -> StepContext:
        lease, notes = self.lease, Notes()
        records = StepRecords(self._store, lease.run_id, step.name)
        return StepContext(
            run_id=lease.run_id,
            workflow=lease.workflow,
            step=step.name,
            attempt=self._at.attempt,
            max_attempts=step.max_attempts,
            token=lease.token,
            pool=lease.pool,
            labels=lease.labels,
            tags=lease.tags,
            records=records,
            calls=self._begin_calls(step, notes, records),
            loop=asyncio.get_running_loop(),
            notes=notes,
        )

    async def _attempt(self, step: StepPlan, context: StepContext) -> BodyResult:
        try:
            args, kwargs = step.arguments(self.lease.input, self._at.results)
        except Exception as error:  # a validator is the user's code: it can raise anything
            return BodyResult(error=error)
        self._body = Body(step.function, step.is_async, args, kwargs, context)
        try:
            reach("step begins")
            result = await self._body.run(timeout=step.timeout, grace=self._grace)
            reach("step ended")
        finally:
            self._body = None
            if self._calls is not None:
                self._calls.end()
        if result.error is None and not result.cancelled and not context.notes:
            try:
                text = step.result.dump(
                    result.value, what=f"the result of step {step.name!r}", limit=self._store.payload_limit
                )
            except Exception as error:  # as above: a serializer
                return BodyResult(error=error)
            return BodyResult(value=text)
        return result

    async def _conclude(self, step: StepPlan, notes: Notes, result: BodyResult) -> Finished | None:
        """Record how the attempt ended; None while the run goes on here. What was noted counts more than what the body
        returned or raised."""
        try:
            if notes:
                return await self._heed(step, notes)
            if result.error is not None:
                return await self._fail(step, result.error)
            return await self._advance(step, str(result.value))
        except (
            NonRetryableError
        ) as refused:  # the database took its neighbours' transitions, but not this one
            return await self._fail(step, refused)

    async def _heed(self, step: StepPlan, notes: Notes) -> Finished | None:
        if notes.fatal is not None:
            return await self._fail(step, notes.fatal)
        if notes.rejection is not None:
            error = describe(notes.rejection)
            status = await self._write(step.name, Move.REJECTED, Outcome.REJECTED, error=error_text(error))
            return Finished(status, error=notes.rejection, step=step.name)
        status = await self._write(
            step.name, Move.PARK, Outcome.SUSPENDED, requests=notes.requests, waits=notes.waits
        )
        return Finished(status, step=step.name)

    async def _advance(self, step: StepPlan, text: str) -> Finished | None:
        last = self._at.seq + 1 == len(self._plan.steps)
        following = None if last else self._plan.steps[self._at.seq + 1].name
        move = Move.COMPLETED if last else Move.STEP_DONE
        status = await self._write(step.name, move, Outcome.COMPLETED, result=text, next_step=following)
        if last:
            return Finished(status, result=text)
        self._at.results[step.name] = text
        self._at.seq += 1
        self._at.attempt = 1
        return None if status is RunStatus.RUNNING else Finished(status, step=following)

    async def _fail(self, step: StepPlan, error: BaseException) -> Finished | None:
        if self._calls is not None:
            self._calls.void(error)
        if isinstance(error, NonRetryableError) or self._at.attempt >= step.max_attempts:
            return await self._fail_for_good(step, error)
        delay = step.policy.wait(self._at.attempt)
        move = Move.RETRY if delay <= IN_PLACE else Move.RETRY_LATER
        text = error_text(describe(error))
        status = await self._write(
            step.name, move, _outcome(error), error=text, next_step=step.name, delay=delay
        )
        self._at.attempt += 1
        if status is not RunStatus.RUNNING:
            return Finished(status, error=error, step=step.name)
        await self._sleep(delay)
        return None

    async def _fail_for_good(self, step: StepPlan, error: BaseException) -> Finished:
        info = describe(error)
        log.warning("run %s: step %s failed for good: %s", self.lease.run_id, step.name, info.type)
        status = await self._write(step.name, Move.FAILED, _outcome(error), error=error_text(info))
        return Finished(status, error=error, step=step.name)

    async def _sleep(self, delay: float) -> None:
        """Back-off in place, under the lease; a stop ends it."""
        try:
            async with asyncio.timeout(delay):
                await self._stopped.wait()
        except TimeoutError:
            return

    async def _let_go(self, step: str, reason: Stop) -> Finished:
        if reason is Stop.LOST:
            raise self._lost()
        if reason is Stop.CANCEL:
            status = await self._write(step, Move.CANCELLED, Outcome.CANCELLED)
        else:
            status = await self._write(step, Move.RELEASED, Outcome.RELEASED, next_step=step)
        return Finished(status, step=step)

    async def _refuse(self, changed: str) -> Finished:
        """Hand a run of other code back, to where only code with its recorded steps finds it."""
        run = await answered(lambda: self._store.get_run(self.lease.run_id), self.lease.run_id)
        step = run.step or ""
        if self._stop is not None:
            return await self._let_go(step, self._stop)
        error = DefinitionChanged(
            f"run {self.lease.run_id!r} {changed}: it waits for a worker with the code it began with",
            run_id=self.lease.run_id,
        )
        log.warning("%s", told(error))
        status = await self._write(
            step,
            Move.REFUSED,
            Outcome.RELEASED,
            error=error_text(describe(error)),
            next_step=run.step,
            route_version=prefix_route(self.lease.workflow, run.version, tuple(self._at.results)),
        )
        return Finished(status, error=error, step=run.step)

    def _lost(self) -> LeaseLost:
        return LeaseLost(
            f"run {self.lease.run_id!r}: token {self.lease.token} is not the current one any more"
        )

    async def _write(
        self,
        step: str,
        move: Move,
        outcome: Outcome,
        *,
        result: str | None = None,
        error: str | None = None,
        next_step: str | None = None,
        delay: float = 0.0,
        requests: tuple[ApprovalRequest, ...] = (),
        waits: tuple[WaitRequest, ...] = (),
        route_version: str = "",
    ) -> RunStatus:
        lease, at = self.lease, self._at
        transition = Transition(  # by position, as one is made for every step: by name takes twice as long
            lease.key,
            lease.token,
            at.rev,
            move,
            outcome,
            at.seq,
            step,
            at.attempt,
            result,
            error,
            next_step,
            delay,
            lease.wakeups,
            requests,
            waits,
            route_version,
        )
        if self._calls is not None:
            calls, self._calls = self._calls, None
            if calls.under_way:
                await self._see_through(calls)
        reach(_BEFORE[move])
        verdict = self._record(transition)
        try:
            status = await verdict
        except asyncio.CancelledError:
            status = self._put_off(verdict)
        reach(_AFTER[move])
        if status is None:
            raise self._lost()
        at.rev += 1
        return status

    async def _see_through(self, calls: StepCalls) -> None:
        """A transition comes after the calls of its run: they need the token that it may give up."""
        for verdict in calls.under_way:
            try:
                lost = await verdict is None
            except asyncio.CancelledError:
                lost = self._put_off(verdict) is None
            except Exception:  # whoever made the call has been told
                lost = False
            if lost:
                raise self._lost()

    def _put_off(self, verdict: Verdict[T]) -> T:
        """A cancellation arrived during a recording, which is shielded from it: it takes effect now that the verdict is
        there. Of one run there is never a second transition under way."""
        self._stop = self._stop or Stop.RELEASE
        self._stopped.set()
        return verdict.result()


def _outcome(error: BaseException) -> Outcome:
    return Outcome.TIMED_OUT if isinstance(error, StepTimeout) else Outcome.FAILED
