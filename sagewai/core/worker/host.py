"""A session and the runs it holds: opened once, kept alive by its heartbeat, each run driven in a task of its own."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sagewai.core.context import carry
from sagewai.core.defaults import use
from sagewai.core.execution import Execution, Finished, Stop
from sagewai.core.failure import describe, known_secrets, told
from sagewai.core.signature import WorkflowPlan
from sagewai.core.stores.base import Store
from sagewai.core.worker.bulk import BulkHand
from sagewai.core.worker.committer import Committer, Submits
from sagewai.core.worker.heartbeat import Heartbeat
from sagewai.core.worker.process import proven_dead, this_process
from sagewai.core.worker.tails import Tails
from sagewai.errors import LeaseLost, StoreError
from sagewai.models.run import Definition, Inserted, LabelValue, LeasedRun, RunSpec
from sagewai.models.session import Beat, Held, SessionKind, SessionSpec
from sagewai.models.status import Ask, Outcome
from sagewai.models.transition import Move, Transition

if TYPE_CHECKING:
    from sagewai.models.worker import WorkerCredentials

log = logging.getLogger("sagewai.worker")

SWEEP_EVERY = 1.0
"""Seconds between sweeps."""

GRACE = 5.0
"""Seconds a step gets to end after it was cancelled or timed out, unless the lease is shorter."""


@dataclass(slots=True)
class _Hold:
    execution: Execution
    task: asyncio.Task[Finished]
    since: float


class Host:
    """Executes leased runs under one session. Belongs to the event loop it was opened in."""

    def __init__(
        self,
        store: Store,
        *,
        name: str,
        kind: SessionKind,
        pool: str = "default",
        labels: Mapping[str, LabelValue] | None = None,
        definitions: tuple[Definition, ...] = (),
        max_concurrent: int = 1,
        heartbeat_interval: float = 10.0,
        lease_ttl: float | None = None,
        credentials: WorkerCredentials | None = None,
        on_ask: Callable[[Ask], None] | None = None,
    ) -> None:
        self.store = store
        self.lease_ttl = lease_ttl or 3 * heartbeat_interval
        self.status: Literal["active", "draining", "paused"] = "active"
        self.crowded = False
        self.committer = Committer(store)
        self.tails = Tails(store, self._secrets)
        self.freed = asyncio.Event()
        self._spec = SessionSpec(
            name=name,
            kind=kind,
            process=this_process(),
            lease_ttl=self.lease_ttl,
            pool=pool,
            labels=dict(labels or {}),
            definitions=definitions,
            max_concurrent=max_concurrent,
        )
        self._interval = heartbeat_interval
        self._credentials = credentials
        self._on_ask = on_ask
        self._holds: dict[int, _Hold] = {}
        self._strangers: dict[tuple[int, int], frozenset[object]] = {}
        self._claims: set[object] = set()
        self._submits: Submits | None = None
        self._swept = time.monotonic()
        self._bulk_jobs = BulkHand(store)
        self._session: int | None = None
        self._heartbeat: Heartbeat | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self.keeper: asyncio.Task[None] | None = None

    # -- session --------------------------------------------------------------------------------------------------

    async def session(self) -> int:
        """The id of the live session; opened by its heartbeat when there is none. Cancelling one who waits for that
        changes nothing for the others."""
        if self._session is not None:
            return self._session
        if self._heartbeat is None:
            self._heartbeat = Heartbeat(
                self.store,
                self._spec,
                interval=self._interval,
                on_beat=self._hear,
                status=self._shown_status,
            )
            self._heartbeat.start()
        heartbeat = self._heartbeat
        try:
            session = await heartbeat.session()
        except Exception:
            if self._heartbeat is heartbeat:  # whoever asks next tries again
                self._heartbeat = None
            raise
        if self._heartbeat is heartbeat:
            self._session = session
        return session

    @property
    def claims(self) -> bool:
        """Whether it takes new runs: nobody asked it to stop, and its store's disk has room."""
        return self.status == "active" and not self.crowded

    def _shown_status(self) -> Literal["active", "draining", "paused"]:
        """What the store is told: one without room for more is shown as paused."""
        return "paused" if self.status == "active" and self.crowded else self.status

    async def close(self) -> None:
        """Hand back what is still held, and let the heartbeat close the session and end. A store that doesn't answer
        holds this up for some seconds: then the session lapses by itself."""
        self.stop_all(Stop.RELEASE)
        idle = asyncio.create_task(self.idle())
        await asyncio.wait(
            {idle}, timeout=2 * min(self.lease_ttl, GRACE)
        )  # steps that are left behind take half
        self.committer.close()
        if self._submits is not None:
            self._submits.close()
        self.tails.close()
        await idle
        heartbeat, self._heartbeat, self._session = self._heartbeat, None, None
        if heartbeat is not None:
            await heartbeat.stop()

    # -- runs -----------------------------------------------------------------------------------------------------

    @property
    def held(self) -> int:
        return len(self._holds)

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """Around every claim: what the heartbeat doesn't recognize while one is under way may be its result."""
        claim = object()
        self._claims.add(claim)
        try:
            yield
        finally:
            self._claims.discard(claim)

    async def submit(self, spec: RunSpec) -> Inserted:
        """Record a run that this session holds at once, together with whatever else is submitted meanwhile. Raises as
        :class:`~sagewai.core.worker.committer.Submits` says."""
        with self.claiming():
            session = await self.session()
            if self._submits is None or self._submits.session != session:
                self._submits = Submits(self.store, session)
            return await self._submits.insert(spec)

    def start(self, lease: LeasedRun, plan: WorkflowPlan) -> asyncio.Task[Finished]:
        """Drive a leased run in a task of its own, which ends with how this hold of the run ended."""
        execution = Execution(
            lease,
            plan,
            store=self.store,
            record=self.committer.record,
            record_call=self.committer.record_call,
            tails=self.tails,
            grace=min(self.lease_ttl, GRACE),
        )
        context = copy_context()  # the caller's stays as it was
        context.run(self._bind)
        task = asyncio.create_task(execution.run(), name=f"run {lease.run_id}", context=context)
        self._holds[lease.key] = _Hold(execution, task, time.monotonic())
        if lease.asked is Ask.CANCEL:
            execution.stop(Stop.CANCEL)
        task.add_done_callback(lambda done: self._let_go(lease, done))
        return task

    def _bind(self) -> None:
        """Give a run's context what its steps find without naming it."""
        use(self.store)
        if self._spec.kind == "worker":  # a script's run inside a worker's step has that worker's
            carry(self._credentials)

    def stop_all(self, reason: Stop) -> None:
        for hold in list(self._holds.values()):
            hold.execution.stop(reason)

    async def idle(self) -> None:
        """Wait until nothing is held."""
        while self._holds:
            await asyncio.wait([hold.task for hold in self._holds.values()])
            await asyncio.sleep(0)

    def _let_go(self, lease: LeasedRun, task: asyncio.Task[Finished]) -> None:
        hold = self._holds.get(lease.key)
        if hold is not None and hold.task is task:
            del self._holds[lease.key]
            self.tails.forget(lease.key)
        self.freed.set()
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, LeaseLost):
            log.warning("%s", told(error))
        elif error is not None:
            info = describe(error)  # redacted, unlike the traceback that logging would print
            log.error(
                "run %s: its execution broke off: %s: %s\n%s",
                lease.run_id,
                info.type,
                info.message,
                info.traceback,
            )

    def _secrets(self) -> list[str]:
        own = [] if self._credentials is None else self._credentials.secrets()
        return [*own, *known_secrets()]

    # -- what the heartbeat heard ---------------------------------------------------------------------------------

    def _hear(self, beat: Beat, sent: float) -> None:
        if not beat.alive:
            log.warning("session %s lapsed: what it held belongs to others now", self._session)
            self.stop_all(Stop.LOST)
            self._session = self._heartbeat = None
            self.freed.set()
            return
        held = {run.key: run for run in beat.held}
        for key, hold in list(self._holds.items()):
            run = held.get(key)
            if hold.since < sent and (run is None or run.token != hold.execution.lease.token):
                self._verify(key, hold)
            elif run is not None and run.asked is Ask.CANCEL:
                hold.execution.stop(Stop.CANCEL)
        strangers: dict[tuple[int, int], frozenset[object]] = {}
        for run in beat.held:
            if run.key in self._holds:
                continue
            seen = self._strangers.get((run.key, run.token))
            strangers[run.key, run.token] = frozenset(self._claims) if seen is None else seen
            if seen is not None and not seen & self._claims:  # no claim is left that could still bring it
                self._chore(self._release(run))
        self._strangers = strangers
        if beat.asked is not None and self._on_ask is not None:
            self._on_ask(beat.asked)

    def _verify(self, key: int, hold: _Hold) -> None:
        """The store didn't name a run that is held here: it was taken over, or has come to rest just now."""

        async def look() -> None:
            head = (await self.store.heads([key])).get(key)
            if head is None or head.token != hold.execution.lease.token:
                hold.execution.stop(Stop.LOST)

        self._chore(look())

    async def _release(self, run: Held) -> None:
        """Hand back a run that the store believes to be held here but nobody here knows."""
        head = (await self.store.heads([run.key])).get(run.key)
        if head is None or head.token != run.token or run.key in self._holds:
            return
        shown = await self.store.get_run(run.run_id)
        await self.committer.record(
            Transition(
                key=run.key,
                token=head.token,
                rev=head.rev,
                move=Move.RELEASED,
                outcome=Outcome.RELEASED,
                seq=shown.steps_done,
                step=shown.step or "",
                attempt=shown.attempt,
                next_step=shown.step,
            )
        )
        log.warning("run %s was held without anybody driving it; handed back", run.run_id)

    def _chore(self, work: Coroutine[object, object, None]) -> None:
        async def quietly() -> None:
            try:
                await work
            except StoreError as error:
                log.warning("session %s: %s", self._session, told(error))

        task = asyncio.create_task(quietly())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    # -- others ---------------------------------------------------------------------------------------------------

    async def sweep_if_due(self) -> None:
        """Sweep, unless somebody did through this host within the last second or so."""
        now = time.monotonic()
        if now - self._swept >= SWEEP_EVERY * random.uniform(0.75, 1.25):
            self._swept = now
            await self.session()
            await self.sweep()

    async def sweep(self) -> bool:
        """Do what time has made due, here and for processes of this host that are proven dead; True if more is due."""
        sessions = await self.store.list_sessions(live_only=True)
        dead = [
            session.id for session in sessions if session.id != self._session and proven_dead(session.process)
        ]
        if dead:
            await self.store.lapse_sessions(dead)
        ticked = await self.store.tick()
        return await self._bulk_jobs.advance() or ticked.more
