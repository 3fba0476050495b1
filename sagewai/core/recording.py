"""The calls of one attempt of a step: those recorded before are answered from the record, new ones are recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sagewai.core.budget import RunBudget
from sagewai.core.calling import Asked, Kept, Made
from sagewai.core.codec import digest
from sagewai.core.context import Notes, Records, StepContext
from sagewai.core.outage import answered
from sagewai.core.stores.base import Store
from sagewai.core.verdict import Verdict
from sagewai.errors import AnswerUnusable, LeaseLost, StepError, Suspension
from sagewai.models.call import Call, CallKind, CallRecord
from sagewai.models.run import LeasedRun

T = TypeVar("T")

RecordCall = Callable[[CallRecord], Verdict[str | None]]


class Hears(Protocol):
    """Is told what a model says in a run while it says it."""

    def hear(self, key: int, step: str, name: str, piece: str) -> None: ...


async def recorded(step: StepContext, asked: Asked, make: Callable[[], Awaitable[Made]]) -> Kept:
    """The recorded response of this call; ``make`` makes the call where there is none.

    A call finds its response under its own position, else under another one where the same was asked in the same
    branch under the same name: so what is asked side by side may arrive in any order. Raises what ``make`` raises, and
    LeaseLost, ResultNotStorable, BudgetExceeded, StepError once the attempt is over; a budget may suspend the run.
    """
    found = await _at_home(step, step.calls.find(asked))
    if found is not None:
        return found
    began = time.monotonic()
    made = await make()
    return await _at_home(step, step.calls.keep(asked, made, time.monotonic() - began))


async def _at_home(step: StepContext, work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` in the run's event loop; a sync step may have one of its own in its thread."""
    if asyncio.get_running_loop() is step.loop:
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, step.loop))


@dataclass(frozen=True, slots=True)
class RunCalls:
    """What the calls of a run have in common, whichever step makes them. ``lost`` is called when one can't be recorded
    because another owner has the run."""

    lease: LeasedRun
    store: Store
    record: RecordCall
    budget: RunBudget
    tails: Hears
    lost: Callable[[], None]


@dataclass(slots=True)
class _Ledger:
    """What an attempt has asked so far: made at its first call, as most attempts make none. What is recorded, by place
    and position; which positions of a name are used, and the highest recorded; what is handed over and not answered."""

    known: dict[tuple[str, str, str, str], dict[int, Call]] = field(default_factory=dict)
    used: dict[tuple[str, str, str], set[int]] = field(default_factory=dict)
    highest: dict[tuple[str, str, str], int] = field(default_factory=dict)
    under_way: set[Verdict[str | None]] = field(default_factory=set)


class StepCalls:
    """Lives as long as its attempt; whatever its body left behind can neither make nor record a call afterwards.

    What was recorded is read once, at the first call; with ``fresh`` nothing can have been. An attempt that fails by
    AnswerUnusable voids what was recorded until then, so that the next one asks anew.
    """

    __slots__ = (
        "_attempt",
        "_fresh",
        "_ledger",
        "_loading",
        "_loop",
        "_notes",
        "_over",
        "_records",
        "_round",
        "_run",
        "_seq",
        "_step",
        "limit",
    )

    def __init__(
        self, run: RunCalls, seq: int, step: str, attempt: int, fresh: bool, notes: Notes, records: Records
    ) -> None:
        self.limit = run.store.payload_limit
        self._run = run
        self._seq = seq
        self._step = step
        self._attempt = attempt
        self._notes = notes
        self._records = records
        self._round = 0
        self._ledger: _Ledger | None = None
        self._loading: asyncio.Task[None] | None = None
        self._fresh = fresh
        self._over = False
        self._loop = asyncio.get_running_loop()

    async def find(self, asked: Asked) -> Kept | None:
        """What is recorded for this call. None: it may be made now."""
        self._require_open()
        ledger = self._begun()
        if not self._fresh:
            if self._loading is None:
                self._loading = asyncio.create_task(self._load())
            await asyncio.shield(self._loading)
        recorded = ledger.known.get(asked.place)
        if recorded:
            position = asked.position if asked.position in recorded else min(recorded)
            self._use(asked, position)
            return Kept(recorded.pop(position).response, position)
        if asked.kind == "model":
            try:
                await self._run.budget.check(asked.model, asked.name, self._step, self._notes)
            except Suspension:
                await self._records.approvals()  # what gates beside it ask is noted too, and waits together
                await asyncio.sleep(0)
                raise
            self._require_open()
        return None

    async def keep(self, asked: Asked, made: Made, latency: float) -> Kept:
        """Record a call that was made; the response that counts."""
        self._require_open()
        position = self._use(asked, asked.position)
        request = asked.shown if len(asked.shown.encode()) <= self.limit else None
        verdict = self._hand_over(
            asked.kind, asked.branch, asked.name, position, asked.digest, request, made, latency
        )
        if asked.kind == "model":
            self._run.budget.add(made.input_tokens, made.output_tokens, made.cost)
        response = await asyncio.shield(verdict)  # it is recorded whoever stops waiting for that
        if response is None:
            raise LeaseLost(
                f"run {self._run.lease.run_id!r}: token {self._run.lease.token} is not the current one any more"
            )
        return Kept(response, position)

    def hear(self, name: str, piece: str) -> None:
        """A model says this right now; for whoever watches."""
        if not self._over and asyncio.get_running_loop() is self._loop:
            self._run.tails.hear(self._run.lease.key, self._step, name, piece)

    # -- the attempt's end ----------------------------------------------------------------------------------------

    def end(self) -> None:
        """The attempt is over. What it handed over before is still recorded."""
        self._over = True

    @property
    def under_way(self) -> frozenset[Verdict[str | None]]:
        """What was handed over and isn't answered yet."""
        return frozenset() if self._ledger is None else frozenset(self._ledger.under_way)

    def void(self, error: BaseException) -> None:
        """Hand over that nothing answers any more what was asked before, if it is the answers that ``error`` is
        about."""
        if self._ledger is not None and _is_unusable(error):
            self._hand_over("void", "", "", 0, digest("void"), None, Made("null"), 0.0)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _begun(self) -> _Ledger:
        if self._ledger is None:
            self._ledger = _Ledger()
        return self._ledger

    def _use(self, asked: Asked, position: int) -> int:
        """The position, or a new one where what was recorded there has answered another call of this attempt."""
        name, ledger = asked.place[:3], self._begun()
        used = ledger.used.setdefault(name, set())
        if position in used:
            position = max(ledger.highest.get(name, 0), *used) + 1
        used.add(position)
        return position

    async def _load(self) -> None:
        lease = self._run.lease
        calls = await answered(lambda: self._run.store.calls_of(lease.run_id, self._seq), lease.run_id)
        self._round = sum(call.kind == "void" for call in calls)
        ledger = self._begun()
        for call in calls:
            if call.round == self._round:
                name = (call.kind, call.branch, call.name)
                ledger.known.setdefault((*name, call.digest), {})[call.position] = call
                ledger.highest[name] = max(ledger.highest.get(name, 0), call.position)

    def _hand_over(
        self,
        kind: CallKind,
        branch: str,
        name: str,
        position: int,
        asked: str,
        request: str | None,
        made: Made,
        latency: float,
    ) -> Verdict[str | None]:
        verdict = self._run.record(
            CallRecord(
                key=self._run.lease.key,
                token=self._run.lease.token,
                seq=self._seq,
                step=self._step,
                attempt=self._attempt,
                branch=branch,
                name=name,
                position=position,
                round=self._round,
                kind=kind,
                digest=asked,
                request=request,
                response=made.response,
                model=made.model,
                input_tokens=made.input_tokens,
                output_tokens=made.output_tokens,
                cost=made.cost,
                latency=latency,
            )
        )
        self._begun().under_way.add(verdict)
        verdict.add_done_callback(self._answered)
        return verdict

    def _answered(self, verdict: Verdict[str | None]) -> None:
        self._begun().under_way.discard(verdict)
        if verdict.exception() is None and verdict.result() is None:
            self._run.lost()

    def _require_open(self) -> None:
        if self._over:
            raise StepError(
                f"attempt {self._attempt} of step {self._step!r} is over: what it left behind calls nobody any more"
            )


def _is_unusable(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(map(_is_unusable, error.exceptions))
    return isinstance(error, AnswerUnusable)
