"""The store contract over a SQLite file: every method is one hop into a thread and one transaction there."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import apsw

from sagewai.core.codec import MAX_PAYLOAD
from sagewai.core.stores.base import Claimed, Routes, Store, StoreInfo, Ticked, Topic
from sagewai.core.stores.sqlite import (
    approvals,
    attend,
    audit,
    claim,
    decide,
    fork,
    location,
    names,
    operate,
    pages,
    pools,
    progress,
    reads,
    record,
    run_list,
    schema,
    submit,
    sweep,
    waits,
)
from sagewai.core.stores.sqlite import sessions as holders
from sagewai.core.stores.sqlite.bulks import SQLiteBulks
from sagewai.core.stores.sqlite.connection import PATIENCE, Arrivals, Connection
from sagewai.core.stores.sqlite.journal import SQLiteJournal
from sagewai.core.stores.sqlite.lanes import Lanes
from sagewai.core.stores.sqlite.retention import SQLiteRetention
from sagewai.core.stores.sqlite.rows import read_time
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.core.transitions import Operation
from sagewai.errors import StoreURLError
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention, DecisionRequest
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
from sagewai.models.status import Ask, RunStatus, SessionStatus
from sagewai.models.transition import Transition
from sagewai.models.wait import Signal, Wait

T = TypeVar("T")


class SQLiteStore(SQLiteBulks, SQLiteJournal, SQLiteRetention, Store):
    """Runs in one file, for any number of processes of one machine.

    The file (0600) and its folder (0700) are made where they are missing. ``patience`` is how many seconds a call waits
    for its turn among all writers before it raises StoreUnavailable; ``clock`` gives the store's time in seconds since
    the epoch. Raises StoreURLError for a path that can't name a file.
    """

    writes_abreast = 2  # one is written while the loop, on another processor, prepares the other

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        payload_limit: int = MAX_PAYLOAD,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        text = os.fspath(path)
        if not text.strip() or "\0" in text or text == ":memory:":
            raise StoreURLError(
                f"{text!r} names no file: give a path such as 'runs.db', or use InMemoryStore for runs that may vanish"
            )
        self.payload_limit = payload_limit
        self.path = Path(text).expanduser().absolute()
        self._patience = patience
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: dict[asyncio.AbstractEventLoop, Lanes] = {}
        self._inherited: list[
            Lanes
        ] = []  # a forked child keeps its parent's open: closing them is the parent's

    # -- life -----------------------------------------------------------------------------------------------------

    async def initialize(self) -> None:
        await self._here().migrate()

    async def close(self) -> None:
        with self._lock:
            lanes = self._lanes.pop(asyncio.get_running_loop(), None)
        if lanes is not None and lanes.usable:
            await lanes.close()

    async def info(self) -> StoreInfo:
        return await asyncio.to_thread(self._inspect)

    async def free_space(self) -> float | None:
        return await asyncio.to_thread(location.free_share, self.path)

    async def now(self) -> datetime:
        return read_time(self._time())

    async def wait(self, topic: Topic, timeout: float) -> bool:
        return await self._here().hints.wait(topic, timeout)

    # -- submitting -----------------------------------------------------------------------------------------------

    async def insert_runs(self, specs: Sequence[RunSpec], *, session: int | None = None) -> list[Inserted]:
        return await self._write(partial(submit.insert_runs, specs=specs, session=session))

    async def fork_run(self, spec: ForkSpec) -> Run:
        return await self._write(partial(fork.fork_run, spec=spec))

    # -- sessions -------------------------------------------------------------------------------------------------

    async def open_session(self, spec: SessionSpec) -> int:
        return await self._write(partial(holders.open_session, spec=spec))

    async def heartbeat(
        self, session: int, *, status: Literal["active", "draining", "paused"] = "active"
    ) -> Beat:
        return await self._write(partial(holders.heartbeat, session=session, status=SessionStatus(status)))

    async def close_session(self, session: int) -> None:
        await self._write(partial(holders.close_session, session=session))

    async def lapse_sessions(self, sessions: Sequence[int]) -> int:
        return await self._write(partial(holders.lapse_sessions, sessions=sessions))

    async def list_sessions(self, *, live_only: bool = False, limit: int = 500) -> list[Session]:
        return await self._read(partial(holders.list_sessions, live_only=live_only, limit=limit))

    async def ask_session(self, session: int, ask: Ask, actor: Actor, reason: str) -> Session:
        return await self._write(
            partial(holders.ask_session, session=session, ask=ask, actor=actor, reason=reason)
        )

    async def ask_pool(self, pool: str, ask: Ask, actor: Actor, reason: str = "") -> int:
        return await self._write(partial(pools.ask_pool, pool=pool, ask=ask, actor=actor, reason=reason))

    # -- claiming -------------------------------------------------------------------------------------------------

    async def resolve_routes(
        self, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
    ) -> Routes:
        return await self._read(partial(names.resolve_routes, pool=pool, labels=labels, workflows=workflows))

    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        return await self._here().write_if(
            partial(claim.peek, routes=routes),
            partial(claim.claim, session=session, routes=routes, limit=limit),
        )

    async def claim_run(self, session: int, run_id: str) -> LeasedRun | None:
        return await self._write(partial(claim.claim_run, session=session, run_id=run_id))

    async def assign(self, run_id: str, session: int, seconds: float, actor: Actor) -> bool:
        return await self._write(
            partial(claim.assign, run_id=run_id, session=session, seconds=seconds, actor=actor)
        )

    # -- the owner's moves ----------------------------------------------------------------------------------------

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        return await self._here().write_alone(partial(record.record, transitions=transitions))

    async def heads(self, keys: Sequence[int]) -> dict[int, RunHead]:
        return await self._read(partial(reads.heads, keys=keys))

    # -- sweeping -------------------------------------------------------------------------------------------------

    async def tick(self, limit: int = 500) -> Ticked:
        return await self._here().write_if(sweep.peek, partial(sweep.tick, limit=limit))

    # -- people ---------------------------------------------------------------------------------------------------

    async def decide(self, request: DecisionRequest) -> Approval:
        return await self._write(partial(decide.decide, request=request))

    async def attend(
        self, approval_id: int, attention: Attention, actor: Actor, *, seconds: float = 0.0, text: str = ""
    ) -> Approval:
        return await self._write(
            partial(
                attend.attend,
                approval_id=approval_id,
                attention=attention,
                actor=actor,
                seconds=seconds,
                text=text,
            )
        )

    async def signal(self, run_id: str, name: str, payload: str, actor: Actor) -> Signal:
        return await self._write(
            partial(waits.signal, run_id=run_id, name=name, payload=payload, actor=actor)
        )

    async def operate(
        self,
        run_id: str,
        operation: Operation,
        actor: Actor,
        reason: str = "",
        *,
        priority: int | None = None,
    ) -> Run:
        return await self._write(
            partial(
                operate.operate,
                run_id=run_id,
                operation=operation,
                actor=actor,
                reason=reason,
                priority=priority,
            )
        )

    # -- reading --------------------------------------------------------------------------------------------------

    async def get_run(self, run_id: str) -> Run:
        return await self._read(partial(reads.get_run, run_id=run_id))

    async def get_outcome(self, run_id: str) -> RunOutcome:
        return await self._read(partial(reads.get_outcome, run_id=run_id))

    async def get_input(self, run_id: str) -> str:
        return await self._read(partial(reads.get_input, run_id=run_id))

    async def get_results(self, run_id: str) -> dict[str, str]:
        return await self._read(partial(reads.get_results, run_id=run_id))

    async def get_steps(self, run_id: str) -> tuple[StepInfo, ...]:
        return await self._read(partial(reads.get_steps, run_id=run_id))

    async def get_attempts(self, run_id: str) -> list[Attempt]:
        return await self._read(partial(reads.get_attempts, run_id=run_id))

    async def get_events(
        self, run_id: str | None = None, *, after: int = 0, limit: int = 1_000
    ) -> list[Event]:
        return await self._read(partial(reads.get_events, run_id=run_id, after=after, limit=limit))

    async def list_runs(self, query: RunQuery) -> Page[Run]:
        return await self._read(partial(run_list.list_runs, query=query))

    async def get_approval(self, approval_id: int) -> Approval:
        return await self._read(partial(approvals.get_approval, approval_id=approval_id))

    async def list_approvals(self, query: ApprovalQuery) -> Page[Approval]:
        return await self._read(partial(pages.list_approvals, query=query))

    async def approvals_of(self, run_id: str, step: str | None = None) -> list[Approval]:
        return await self._read(partial(approvals.approvals_of, run_id=run_id, step=step))

    async def waits_of(self, run_id: str, step: str | None = None) -> list[Wait]:
        return await self._read(partial(waits.waits_of, run_id=run_id, step=step))

    async def signals_of(self, run_id: str) -> list[Signal]:
        return await self._read(partial(waits.signals_of, run_id=run_id))

    async def list_audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        return await self._read(partial(audit.list_audit, after=after, limit=limit))

    async def get_dead_letter(self, run_id: str) -> DeadLetter:
        return await self._read(partial(reads.get_dead_letter, run_id=run_id))

    async def list_dead_letters(self, query: DeadLetterQuery) -> Page[DeadLetter]:
        return await self._read(partial(pages.list_dead_letters, query=query))

    async def group_dead_letters(self, limit: int = 100) -> list[ErrorGroup]:
        return await self._read(partial(pages.group_dead_letters, limit=limit))

    async def counts(self) -> Counts:
        return await self._read(reads.counts)

    async def rates(self, minutes: int = 60) -> list[Minute]:
        return await self._read(partial(reads.rates, minutes=minutes))

    async def list_pools(self) -> list[PoolOverview]:
        return await self._read(pools.list_pools)

    async def glance(self) -> Glance:
        return await self._read(pools.glance)

    async def held_by(self, session: int, limit: int = 100) -> list[Run]:
        return await self._read(partial(run_list.held_by, session=session, limit=limit))

    # -- threads --------------------------------------------------------------------------------------------------

    async def _read(self, work: Callable[[Transaction], T]) -> T:
        return await self._here().read(work)

    async def _write(self, work: Callable[[Transaction], T], *, durable: bool = True) -> T:
        return await self._here().write(work, durable=durable)

    def _here(self) -> Lanes:
        """The lanes of this event loop."""
        loop = asyncio.get_running_loop()
        lanes = self._lanes.get(loop)
        return lanes if lanes is not None and lanes.usable else self._enter(loop)

    def _enter(self, loop: asyncio.AbstractEventLoop) -> Lanes:
        lanes = Lanes(loop, self._connect)
        with self._lock:
            over = [each for each in self._lanes if each.is_closed() or each is loop]
            left = [self._lanes.pop(each) for each in over]
            self._lanes[loop] = lanes
            self._inherited += [each for each in left if not each.usable]
        for each in left:
            if each.usable:
                each.abandon()
        return lanes

    def _connect(self, migrate: bool) -> Connection:
        location.prepare(self.path)
        connection = Connection(self.path, clock=self._time, hear=self._hear, patience=self._patience)
        try:
            schema.bring_up(connection, self.path, migrate=migrate)
            connection.transact("begin", progress.prepare)
        except BaseException:
            connection.close()
            raise
        return connection

    def _hear(self, look: Callable[[], Arrivals]) -> None:
        """From a writing thread: every loop in which somebody waits hears at once."""
        waiting = [lanes.hints for lanes in tuple(self._lanes.values()) if lanes.hints.awaited]
        if waiting:
            arrivals = look()
            for hints in waiting:
                hints.hear(arrivals)

    def _time(self) -> int:
        """The one clock of this store: the host's, in microseconds."""
        return int(self._clock() * 1e6)

    def _inspect(self) -> StoreInfo:
        found = 0
        if location.exists(self.path):
            connection = Connection(self.path, clock=self._time, hear=self._hear, patience=self._patience)
            try:
                found = connection.read(partial(schema.recorded, path=self.path))
            finally:
                connection.close()
        return StoreInfo(
            kind="sqlite",
            url=f"sqlite:///{self.path}",
            schema=found,
            expected=schema.expected(),
            server=f"SQLite {apsw.sqlite_lib_version()}",
        )
