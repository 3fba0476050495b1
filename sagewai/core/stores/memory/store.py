"""The store contract over the tables: every method is one transaction under one lock."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Literal

from sagewai.core.codec import MAX_PAYLOAD
from sagewai.core.stores.base import Claimed, Routes, Store, StoreInfo, Ticked, Topic
from sagewai.core.stores.journal import SpendingBy
from sagewai.core.stores.memory import attention as attending
from sagewai.core.stores.memory import (
    claim,
    decisions,
    fork,
    journal,
    moves,
    operations,
    pages,
    submit,
    sweep,
    views,
    waits,
)
from sagewai.core.stores.memory import sessions as holders
from sagewai.core.stores.memory.bulk import MemoryBulks
from sagewai.core.stores.memory.hints import Hints
from sagewai.core.stores.memory.retention import MemoryRetention
from sagewai.core.stores.memory.state import State
from sagewai.core.transitions import Operation
from sagewai.errors import DeadLetterNotFound
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention, DecisionRequest
from sagewai.models.call import Budget, Call, CallRecord, Spending, Spent, Tail
from sagewai.models.history import Attempt, AuditEntry, DeadLetter, ErrorGroup, Event
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, Page, RunQuery
from sagewai.models.run import (
    ForkSpec,
    Inserted,
    LabelValue,
    LeasedRun,
    Run,
    RunHead,
    RunOutcome,
    RunSpec,
    StepInfo,
)
from sagewai.models.session import Beat, Counts, Glance, Minute, PoolOverview, Session, SessionSpec
from sagewai.models.status import Ask, RunStatus
from sagewai.models.transition import Transition
from sagewai.models.wait import Signal, Wait


class InMemoryStore(MemoryBulks, MemoryRetention, Store):
    """Runs that live as long as this object. ``clock`` gives the store's time in seconds since the epoch."""

    def __init__(self, *, payload_limit: int = MAX_PAYLOAD, clock: Callable[[], float] = time.time) -> None:
        self.payload_limit = payload_limit
        self._clock = clock
        self._lock = Lock()
        self._state = State()
        self._hints = Hints()

    @contextmanager
    def _transaction(self) -> Iterator[State]:
        """The tables, for one caller at a time, at one moment; hints go out when the lock is free again."""
        with self._lock:
            state = self._state
            state.now = self._clock()
            try:
                yield state
            finally:
                heard, state.heard = state.heard, set()
        self._hints.tell(heard)

    # -- life -----------------------------------------------------------------------------------------------------

    async def initialize(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close: the runs stay until this object goes."""

    async def info(self) -> StoreInfo:
        server = f"{platform.python_implementation()} {platform.python_version()}"
        return StoreInfo(kind="memory", url="memory://", schema=0, expected=0, server=server)

    async def free_space(self) -> None:
        """It lives on no disk."""

    async def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    async def wait(self, topic: Topic, timeout: float) -> bool:
        return await self._hints.wait(topic, timeout)

    # -- submitting -----------------------------------------------------------------------------------------------

    async def insert_runs(self, specs: Sequence[RunSpec], *, session: int | None = None) -> list[Inserted]:
        with self._transaction() as state:
            return submit.insert_runs(state, specs, session)

    async def fork_run(self, spec: ForkSpec) -> Run:
        with self._transaction() as state:
            return views.run_view(state, fork.fork_run(state, spec))

    # -- sessions -------------------------------------------------------------------------------------------------

    async def open_session(self, spec: SessionSpec) -> int:
        with self._transaction() as state:
            return holders.open_session(state, spec)

    async def heartbeat(
        self, session: int, *, status: Literal["active", "draining", "paused"] = "active"
    ) -> Beat:
        with self._transaction() as state:
            return holders.heartbeat(state, session, status)

    async def close_session(self, session: int) -> None:
        with self._transaction() as state:
            holders.close_session(state, session)

    async def lapse_sessions(self, sessions: Sequence[int]) -> int:
        with self._transaction() as state:
            return holders.lapse_sessions(state, sessions)

    async def list_sessions(self, *, live_only: bool = False, limit: int = 500) -> list[Session]:
        with self._transaction() as state:
            return views.sessions_view(state, live_only, limit)

    async def ask_session(self, session: int, ask: Ask, actor: Actor, reason: str) -> Session:
        with self._transaction() as state:
            return views.session_view(state, holders.ask_session(state, session, ask, actor, reason))

    async def ask_pool(self, pool: str, ask: Ask, actor: Actor, reason: str = "") -> int:
        with self._transaction() as state:
            return holders.ask_pool(state, pool, ask, actor, reason)

    # -- claiming -------------------------------------------------------------------------------------------------

    async def resolve_routes(
        self, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
    ) -> Routes:
        with self._transaction() as state:
            return claim.resolve_routes(state, pool, labels, workflows)

    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        with self._transaction() as state:
            return claim.claim(state, session, routes, limit)

    async def claim_run(self, session: int, run_id: str) -> LeasedRun | None:
        with self._transaction() as state:
            return claim.claim_run(state, session, run_id)

    async def assign(self, run_id: str, session: int, seconds: float, actor: Actor) -> bool:
        with self._transaction() as state:
            return claim.assign(state, run_id, session, seconds, actor)

    # -- the owner's moves ----------------------------------------------------------------------------------------

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        with self._transaction() as state:
            return moves.record(state, transitions)

    async def heads(self, keys: Sequence[int]) -> dict[int, RunHead]:
        with self._transaction() as state:
            runs = [state.runs[key] for key in keys if key in state.runs]
            return {run.key: RunHead(run.token, run.rev, run.status) for run in runs}

    # -- calls inside steps ---------------------------------------------------------------------------------------

    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        with self._transaction() as state:
            return journal.record_calls(state, calls)

    async def calls_of(
        self, run_id: str, seq: int | None = None, *, after: int = 0, limit: int | None = None
    ) -> list[Call]:
        with self._transaction() as state:
            run = state.by_id.get(run_id)
            calls = run.calls.values() if run else ()
            return [call for call in calls if seq in (None, call.seq) and call.id > after][:limit]

    async def spent(self, run_id: str) -> Spent:
        with self._transaction() as state:
            return state.run(run_id).spent

    async def spending(self, by: SpendingBy, *, days: int | None = None, limit: int = 500) -> list[Spending]:
        with self._transaction() as state:
            return journal.spending(state, by, days, limit)

    async def get_budget(self, run_id: str) -> Budget | None:
        with self._transaction() as state:
            return state.run(run_id).budget

    async def write_tails(self, tails: Mapping[int, tuple[str, str, str]]) -> None:
        with self._transaction() as state:
            journal.write_tails(state, tails)

    async def tail_of(self, run_id: str) -> Tail | None:
        with self._transaction() as state:
            return journal.tail_of(state.run(run_id))

    # -- sweeping -------------------------------------------------------------------------------------------------

    async def tick(self, limit: int = 500) -> Ticked:
        with self._transaction() as state:
            return sweep.tick(state, limit)

    # -- people ---------------------------------------------------------------------------------------------------

    async def decide(self, request: DecisionRequest) -> Approval:
        with self._transaction() as state:
            return views.approval_view(state, decisions.decide(state, request))

    async def attend(
        self, approval_id: int, attention: Attention, actor: Actor, *, seconds: float = 0.0, text: str = ""
    ) -> Approval:
        with self._transaction() as state:
            return views.approval_view(
                state, attending.attend(state, approval_id, attention, actor, seconds, text)
            )

    async def signal(self, run_id: str, name: str, payload: str, actor: Actor) -> Signal:
        with self._transaction() as state:
            return views.signal_view(state, waits.signal(state, run_id, name, payload, actor))

    async def operate(
        self,
        run_id: str,
        operation: Operation,
        actor: Actor,
        reason: str = "",
        *,
        priority: int | None = None,
    ) -> Run:
        with self._transaction() as state:
            return views.run_view(
                state, operations.operate(state, run_id, operation, actor, reason, priority)
            )

    # -- reading --------------------------------------------------------------------------------------------------

    async def get_run(self, run_id: str) -> Run:
        with self._transaction() as state:
            return views.run_view(state, state.run(run_id))

    async def get_outcome(self, run_id: str) -> RunOutcome:
        with self._transaction() as state:
            return views.outcome_view(state, state.run(run_id))

    async def get_input(self, run_id: str) -> str:
        with self._transaction() as state:
            return state.run(run_id).input

    async def get_results(self, run_id: str) -> dict[str, str]:
        with self._transaction() as state:
            return dict(state.run(run_id).results)

    async def get_steps(self, run_id: str) -> tuple[StepInfo, ...]:
        with self._transaction() as state:
            definition = state.run(run_id).definition
            return tuple(definition.steps) if definition else ()

    async def get_attempts(self, run_id: str) -> list[Attempt]:
        with self._transaction() as state:
            return list(state.run(run_id).attempts)

    async def get_events(
        self, run_id: str | None = None, *, after: int = 0, limit: int = 1_000
    ) -> list[Event]:
        with self._transaction() as state:
            if run_id is None:
                return [event for event in reversed(state.by_people) if event.id > after][:limit]
            return [event for event in state.run(run_id).events if event.id > after][:limit]

    async def list_runs(self, query: RunQuery) -> Page[Run]:
        with self._transaction() as state:
            return pages.list_runs(state, query)

    async def get_approval(self, approval_id: int) -> Approval:
        with self._transaction() as state:
            return views.approval_view(state, state.approval(approval_id))

    async def list_approvals(self, query: ApprovalQuery) -> Page[Approval]:
        with self._transaction() as state:
            return pages.list_approvals(state, query)

    async def approvals_of(self, run_id: str, step: str | None = None) -> list[Approval]:
        with self._transaction() as state:
            run = state.by_id.get(run_id)
            rows = run.approvals if run else []
            return [views.approval_view(state, row) for row in rows if step in (None, row.request.step)]

    async def waits_of(self, run_id: str, step: str | None = None) -> list[Wait]:
        with self._transaction() as state:
            run = state.by_id.get(run_id)
            rows = run.waits if run else []
            return [views.wait_view(state, row) for row in rows if step in (None, row.request.step)]

    async def signals_of(self, run_id: str) -> list[Signal]:
        with self._transaction() as state:
            return [views.signal_view(state, row) for row in state.run(run_id).signals]

    async def list_audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        with self._transaction() as state:
            return state.audit[after : after + limit]

    async def get_dead_letter(self, run_id: str) -> DeadLetter:
        with self._transaction() as state:
            run = state.by_id.get(run_id)
            if run is None or run.key not in state.dead:
                raise DeadLetterNotFound(f"run {run_id!r} has no dead letter")
            return state.dead[run.key][1]

    async def list_dead_letters(self, query: DeadLetterQuery) -> Page[DeadLetter]:
        with self._transaction() as state:
            return pages.list_dead_letters(state, query)

    async def group_dead_letters(self, limit: int = 100) -> list[ErrorGroup]:
        with self._transaction() as state:
            return pages.group_dead_letters(state, limit)

    async def counts(self) -> Counts:
        with self._transaction() as state:
            return views.counts_view(state)

    async def rates(self, minutes: int = 60) -> list[Minute]:
        with self._transaction() as state:
            return views.rates_view(state, minutes)

    async def list_pools(self) -> list[PoolOverview]:
        with self._transaction() as state:
            return views.pools_view(state)

    async def glance(self) -> Glance:
        with self._transaction() as state:
            return views.glance_view(state)

    async def held_by(self, session: int, limit: int = 100) -> list[Run]:
        with self._transaction() as state:
            return views.held_view(state, session, limit)
