"""PostgresStore: the contract, each method handed to the room it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sagewai.core.codec import MAX_PAYLOAD
from sagewai.core.stores.base import Claimed, Routes, Store, StoreInfo, Ticked, Topic
from sagewai.core.stores.journal import SpendingBy
from sagewai.core.stores.migrations import migrations
from sagewai.core.stores.postgres import (
    attending,
    auditing,
    claiming,
    deciding,
    forking,
    identity,
    journaling,
    listing,
    operating,
    reading,
    recording,
    roles,
    schema,
    sessions,
    submitting,
    sweeping,
    waiting,
)
from sagewai.core.stores.postgres.bulks import PostgresBulks
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.hints import Hints
from sagewai.core.stores.postgres.names import Names
from sagewai.core.stores.postgres.retention import PostgresRetention
from sagewai.core.stores.postgres.target import read_target
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention, DecisionRequest
from sagewai.models.call import Budget, Call, CallRecord, Spending, Spent, Tail
from sagewai.models.history import Attempt, AuditEntry, DeadLetter, ErrorGroup, Event
from sagewai.models.page import ApprovalQuery, DeadLetterQuery, Page, RunQuery
from sagewai.models.right import Identity
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

POOL_SIZE = 8
STATEMENTS = 200


class PostgresStore(PostgresBulks, PostgresRetention, Store):
    """Runs in a PostgreSQL database, in its schema ``sagewai``; any number of processes may share it.

    ``pool_size`` connections at most per event loop, ``command_timeout`` and ``acquire_timeout`` in seconds.
    ``statement_cache_size`` 0 is for PgBouncer's transaction pooling; the URL may say so too
    (``?statement_cache_size=0``, ``?pool_size=20``) and then wins. Connections to other hosts verify the server's
    certificate unless the URL has an ``sslmode``.
    """

    writes_abreast = 2

    def __init__(
        self,
        database_url: str,
        *,
        payload_limit: int = MAX_PAYLOAD,
        pool_size: int = POOL_SIZE,
        command_timeout: float = 30.0,
        acquire_timeout: float = 10.0,
        statement_cache_size: int = STATEMENTS,
    ) -> None:
        """Raises StoreURLError for a URL that can't be read; nothing is opened yet."""
        target = read_target(database_url)
        pool_size = target.options.get("pool_size", pool_size)
        if pool_size < 1:
            raise InvalidOptionError(f"pool_size is {pool_size}: it must be at least 1")
        self.payload_limit = payload_limit
        self._database = Database(
            target,
            pool_size=pool_size,
            command_timeout=command_timeout,
            acquire_timeout=acquire_timeout,
            statement_cache_size=target.options.get("statement_cache_size", statement_cache_size),
        )
        self._hints = Hints(self._database)
        self._names = Names(self._database)
        self._verified = False
        self._identity: Identity | None = None  # as it was when first needed; the database judges each time

    def __repr__(self) -> str:
        return f"PostgresStore({self._database.target.shown!r})"

    async def _open(self) -> Database:
        """The database, with its schema in place: looked at by the first call of any method."""
        if not self._verified:
            await schema.require(self._database)
            self._verified = True
        return self._database

    # -- life -----------------------------------------------------------------------------------------------------

    async def initialize(self) -> None:
        await schema.migrate(self._database)
        self._verified = True

    async def close(self) -> None:
        await self._hints.close()
        await self._database.close()

    async def info(self) -> StoreInfo:
        found, server = await schema.look(self._database)
        return StoreInfo(
            kind="postgres",
            url=self._database.target.shown,
            schema=max(found, default=0),
            expected=schema.newest(migrations("postgres")),
            server=f"PostgreSQL {server}",
        )

    async def get_identity(self) -> Identity:
        return await identity.get_identity(await self._open())

    async def plan_roles(self, prefix: str) -> tuple[str, ...]:
        return await roles.plan_roles(await self._open(), prefix)

    async def apply_roles(self, prefix: str) -> tuple[str, ...]:
        return await roles.apply_roles(await self._open(), prefix)

    async def free_space(self) -> float | None:
        return None  # the disk is the server's, and no role of ours may look at it

    async def now(self) -> datetime:
        row = await (await self._open()).fetchrow("select clock_timestamp() as now")
        assert row is not None
        now: datetime = row["now"]
        return now

    async def wait(self, topic: Topic, timeout: float) -> bool:
        return await self._hints.wait(topic, timeout)

    # -- submitting -----------------------------------------------------------------------------------------------

    async def insert_runs(self, specs: Sequence[RunSpec], *, session: int | None = None) -> list[Inserted]:
        return await submitting.insert_runs(await self._open(), self._names, specs, session)

    async def fork_run(self, spec: ForkSpec) -> Run:
        return await forking.fork_run(await self._open(), self._names, spec)

    # -- sessions -------------------------------------------------------------------------------------------------

    async def open_session(self, spec: SessionSpec) -> int:
        return await sessions.open_session(await self._open(), self._names, spec)

    async def heartbeat(
        self, session: int, *, status: Literal["active", "draining", "paused"] = "active"
    ) -> Beat:
        return await sessions.heartbeat(await self._open(), session, status)

    async def close_session(self, session: int) -> None:
        await sessions.close_session(await self._open(), session)

    async def lapse_sessions(self, sessions_: Sequence[int]) -> int:
        return await sessions.lapse_sessions(await self._open(), sessions_)

    async def list_sessions(self, *, live_only: bool = False, limit: int = 500) -> list[Session]:
        return await sessions.list_sessions(await self._open(), live_only, limit)

    async def ask_session(self, session: int, ask: Ask, actor: Actor, reason: str) -> Session:
        return await sessions.ask_session(await self._open(), session, ask, actor, reason)

    async def ask_pool(self, pool: str, ask: Ask, actor: Actor, reason: str = "") -> int:
        return await sessions.ask_pool(await self._open(), pool, ask, actor, reason)

    # -- claiming -------------------------------------------------------------------------------------------------

    async def resolve_routes(
        self, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
    ) -> Routes:
        return await claiming.resolve_routes(await self._open(), pool, labels, workflows)

    async def claim(self, session: int, routes: Sequence[int], limit: int) -> Claimed:
        return await claiming.claim(await self._open(), self._names, session, routes, limit)

    async def claim_run(self, session: int, run_id: str) -> LeasedRun | None:
        return await claiming.claim_run(await self._open(), session, run_id)

    async def assign(self, run_id: str, session: int, seconds: float, actor: Actor) -> bool:
        return await claiming.assign(await self._open(), run_id, session, seconds, actor)

    # -- the owner's moves ----------------------------------------------------------------------------------------

    async def record(self, transitions: Sequence[Transition]) -> list[RunStatus | None]:
        return await recording.record(await self._open(), self._names, transitions)

    async def heads(self, keys: Sequence[int]) -> dict[int, RunHead]:
        return await recording.heads(await self._open(), keys)

    # -- calls inside steps ---------------------------------------------------------------------------------------

    async def record_calls(self, calls: Sequence[CallRecord]) -> list[str | None]:
        return await journaling.record_calls(await self._open(), calls)

    async def calls_of(
        self, run_id: str, seq: int | None = None, *, after: int = 0, limit: int | None = None
    ) -> list[Call]:
        return await journaling.calls_of(await self._open(), run_id, seq, after, limit)

    async def spent(self, run_id: str) -> Spent:
        return await journaling.spent(await self._open(), run_id)

    async def spending(self, by: SpendingBy, *, days: int | None = None, limit: int = 500) -> list[Spending]:
        return await journaling.spending(await self._open(), by, days, limit)

    async def get_budget(self, run_id: str) -> Budget | None:
        return await journaling.get_budget(await self._open(), run_id)

    async def write_tails(self, tails: Mapping[int, tuple[str, str, str]]) -> None:
        await journaling.write_tails(await self._open(), tails)

    async def tail_of(self, run_id: str) -> Tail | None:
        return await journaling.tail_of(await self._open(), run_id)

    # -- sweeping -------------------------------------------------------------------------------------------------

    async def tick(self, limit: int = 500) -> Ticked:
        return await sweeping.tick(await self._open(), limit)

    # -- people ---------------------------------------------------------------------------------------------------

    async def decide(self, request: DecisionRequest) -> Approval:
        return await deciding.decide(await self._open(), request)

    async def attend(
        self, approval_id: int, attention: Attention, actor: Actor, *, seconds: float = 0.0, text: str = ""
    ) -> Approval:
        return await attending.attend(await self._open(), approval_id, attention, actor, seconds, text)

    async def signal(self, run_id: str, name: str, payload: str, actor: Actor) -> Signal:
        return await waiting.signal(await self._open(), run_id, name, payload, actor)

    async def operate(
        self,
        run_id: str,
        operation: Operation,
        actor: Actor,
        reason: str = "",
        *,
        priority: int | None = None,
    ) -> Run:
        database = await self._open()
        if self._identity is None:
            self._identity = await identity.get_identity(database)
        by = identity.sign(self._identity, actor)
        return await operating.operate(database, run_id, operation, by, reason, priority)

    # -- reading --------------------------------------------------------------------------------------------------

    async def get_run(self, run_id: str) -> Run:
        return await operating.get_run(await self._open(), run_id)

    async def get_outcome(self, run_id: str) -> RunOutcome:
        return await reading.get_outcome(await self._open(), run_id)

    async def get_input(self, run_id: str) -> str:
        return await reading.get_input(await self._open(), run_id)

    async def get_results(self, run_id: str) -> dict[str, str]:
        return await reading.get_results(await self._open(), run_id)

    async def get_steps(self, run_id: str) -> tuple[StepInfo, ...]:
        return await reading.get_steps(await self._open(), run_id)

    async def get_attempts(self, run_id: str) -> list[Attempt]:
        return await reading.get_attempts(await self._open(), run_id)

    async def get_events(
        self, run_id: str | None = None, *, after: int = 0, limit: int = 1_000
    ) -> list[Event]:
        return await reading.get_events(await self._open(), run_id, after, limit)

    async def list_runs(self, query: RunQuery) -> Page[Run]:
        return await listing.list_runs(await self._open(), query)

    async def get_approval(self, approval_id: int) -> Approval:
        return await deciding.get_approval(await self._open(), approval_id)

    async def list_approvals(self, query: ApprovalQuery) -> Page[Approval]:
        return await listing.list_approvals(await self._open(), query)

    async def approvals_of(self, run_id: str, step: str | None = None) -> list[Approval]:
        return await reading.approvals_of(await self._open(), run_id, step)

    async def waits_of(self, run_id: str, step: str | None = None) -> list[Wait]:
        return await waiting.waits_of(await self._open(), run_id, step)

    async def signals_of(self, run_id: str) -> list[Signal]:
        return await waiting.signals_of(await self._open(), run_id)

    async def list_audit(self, *, after: int = 0, limit: int = 1_000) -> list[AuditEntry]:
        return await auditing.list_audit(await self._open(), after, limit)

    async def get_dead_letter(self, run_id: str) -> DeadLetter:
        return await reading.get_dead_letter(await self._open(), run_id)

    async def list_dead_letters(self, query: DeadLetterQuery) -> Page[DeadLetter]:
        return await listing.list_dead_letters(await self._open(), query)

    async def group_dead_letters(self, limit: int = 100) -> list[ErrorGroup]:
        return await listing.group_dead_letters(await self._open(), limit)

    async def counts(self) -> Counts:
        return await reading.counts(await self._open())

    async def rates(self, minutes: int = 60) -> list[Minute]:
        return await reading.rates(await self._open(), minutes)

    async def list_pools(self) -> list[PoolOverview]:
        return await reading.list_pools(await self._open())

    async def glance(self) -> Glance:
        return await reading.glance(await self._open())

    async def held_by(self, session: int, limit: int = 100) -> list[Run]:
        return await listing.held_by(await self._open(), session, limit)
