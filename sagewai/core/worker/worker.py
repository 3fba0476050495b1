"""WorkflowWorker: claims ready runs of its pool and labels, executes them, and drains when it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
from collections.abc import Awaitable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sagewai.core.commands import check_text
from sagewai.core.failpoints import reach
from sagewai.core.failure import describe, told
from sagewai.core.labels import encode_labels
from sagewai.core.loading import as_registry
from sagewai.core.retry import RetryPolicy, check_count, check_number
from sagewai.core.stores.base import Routes, Store
from sagewai.core.worker.disk import EVERY, DiskWatch
from sagewai.core.worker.host import SWEEP_EVERY, Host
from sagewai.core.worker.signals import Signals
from sagewai.errors import InvalidOptionError, StoreError, StoreUnavailable
from sagewai.models.run import LabelValue
from sagewai.models.status import Ask

if TYPE_CHECKING:
    from sagewai.core.workflow import DurableWorkflow
    from sagewai.models.worker import WorkerCredentials

log = logging.getLogger("sagewai.worker")

BACK_OFF = RetryPolicy(delay=0.2, factor=2, max_delay=10, jitter=0.5)
"""Between two claims while the store doesn't answer."""


class WorkflowWorker:
    """Executes runs of the registered workflows.

    Takes runs whose pool is equal to ``pool`` and whose labels are contained in ``labels``, at most ``max_concurrent``
    at a time. Waits up to ``poll_interval`` seconds for new ones where no hint arrives; renews its lease every
    ``heartbeat_interval`` seconds, for ``lease_ttl`` (three heartbeats). ``drain_timeout`` is how long ``stop()`` lets
    steps go on before they are cancelled and their runs handed back.
    """

    def __init__(
        self,
        *,
        store: Store,
        workflow_registry: Mapping[str, DurableWorkflow] | Iterable[DurableWorkflow] | DurableWorkflow,
        pool: str = "default",
        labels: Mapping[str, LabelValue] | None = None,
        credentials: WorkerCredentials | None = None,
        poll_interval: float = 2.0,
        heartbeat_interval: float = 10.0,
        lease_ttl: float | None = None,
        max_concurrent: int = 10,
        drain_timeout: float = 30.0,
        name: str | None = None,
    ) -> None:
        encode_labels(labels)
        self.store = store
        self.registry = as_registry(workflow_registry)
        self.pool = check_text("pool", pool, limit=200, empty=False)
        self.labels: dict[str, LabelValue] = dict(labels or {})
        self.credentials = credentials
        self.poll_interval = check_number("poll_interval", poll_interval, low=0.01, high=3_600)
        self.heartbeat_interval = check_number("heartbeat_interval", heartbeat_interval, low=0.05, high=3_600)
        self.lease_ttl = check_number(
            "lease_ttl", 3 * heartbeat_interval if lease_ttl is None else lease_ttl, low=0.1, high=86_400
        )
        if self.lease_ttl <= self.heartbeat_interval:
            raise InvalidOptionError(
                f"lease_ttl is {self.lease_ttl:g} s and heartbeat_interval {self.heartbeat_interval:g} s: a lease must "
                "outlive its heartbeat; three heartbeats are usual"
            )
        self.max_concurrent = check_count("max_concurrent", max_concurrent, low=1, high=10_000)
        self.drain_timeout = check_number("drain_timeout", drain_timeout, low=0.0, high=86_400)
        self.name = check_text(
            "name", name or f"{socket.gethostname()}-{os.getpid()}", limit=200, empty=False
        )
        self._life: _Life | None = None

    @property
    def held(self) -> int:
        """How many runs it executes now."""
        return 0 if self._life is None or self._life.host is None else self._life.host.held

    async def start(self) -> None:
        """Claim and execute until ``stop()``, SIGTERM or SIGINT (where this is the main thread), then drain. A second
        signal doesn't wait for steps. Waits for a database that can't be reached; raises only what makes work
        impossible."""
        if self._life is not None:
            raise InvalidOptionError(f"worker {self.name!r} is running already")
        self._life = life = _Life()
        try:
            with Signals(life.heard):
                await self._live(life)
        finally:
            self._life = None
            life.over.set_result(None)

    async def stop(self) -> None:
        """Drain: claim nothing new, let held steps end (at most ``drain_timeout``), hand the rest back. May be called
        from any thread and event loop, and before ``start()`` is ready; returns when ``start()`` is about to."""
        if self._life is None:
            await asyncio.sleep(0)  # a start() that was made a task just before this call begins
        life = self._life
        if life is None:
            return
        try:
            life.loop.call_soon_threadsafe(life.stop)
        except RuntimeError:  # its loop was closed around it: nothing of it is left
            return
        await asyncio.shield(asyncio.wrap_future(life.over))

    def hurry(self) -> None:
        """As a second signal does: drain without waiting for steps, hand back at once. From any thread."""
        life = self._life
        if life is not None:
            with suppress(RuntimeError):  # its loop was closed around it: nothing of it is left
                life.loop.call_soon_threadsafe(life.hasten)

    async def _live(self, life: _Life) -> None:
        plans = {name: workflow.plan for name, workflow in self.registry.items()}
        await self._initialize(life)
        life.host = host = Host(
            self.store,
            name=self.name,
            kind="worker",
            pool=self.pool,
            labels=self.labels,
            definitions=tuple(replace(plan.definition, workflow=name) for name, plan in plans.items()),
            max_concurrent=self.max_concurrent,
            heartbeat_interval=self.heartbeat_interval,
            lease_ttl=self.lease_ttl,
            credentials=self.credentials,
            on_ask=life.obey,
        )
        disk = DiskWatch(self.store, self.name)
        host.crowded = not await disk.look()
        sweeping = asyncio.create_task(self._sweep(host))
        watching = asyncio.create_task(self._watch(disk, host))
        try:
            await self._claim(life, host)
        finally:
            sweeping.cancel()
            watching.cancel()
            host.status = "draining"
            try:
                await self._drain(life, host)
            finally:
                await host.close()

    async def _initialize(self, life: _Life) -> None:
        failures = 0
        while not life.stopping.is_set():
            try:
                await self.store.initialize()
                return
            except StoreUnavailable as error:
                failures += 1
                await self._back_off(life, failures, error)

    # -- loops ----------------------------------------------------------------------------------------------------

    async def _claim(self, life: _Life, host: Host) -> None:
        routes = Routes((), -1)
        versions = {name: workflow.plan.routes(name) for name, workflow in self.registry.items()}
        failures = 0
        while not life.stopping.is_set():
            host.freed.clear()
            try:
                session = await host.session()
                if routes.newest < 0:
                    routes = await self.store.resolve_routes(self.pool, self.labels, versions)
                free = self.max_concurrent - host.held
                if free > 0 and host.claims:
                    with host.claiming():
                        claimed = await self.store.claim(session, routes.ids, free)
                        if claimed.runs:
                            reach("claimed")
                        for lease in claimed.runs:
                            host.start(lease, self.registry[lease.workflow].plan)
                    failures = 0
                    if claimed.newest_route > routes.newest:
                        routes = Routes((), -1)
                        continue
                    if len(claimed.runs) == free:
                        await host.freed.wait()
                        continue
                await self._wait_for_work(life, host, full=free <= 0)
            except StoreError as error:
                failures += 1
                await self._back_off(life, failures, error)

    async def _wait_for_work(self, life: _Life, host: Host, *, full: bool) -> None:
        """Until a hint, a free place after being full, a stop, or the poll interval with jitter."""
        timeout = self.poll_interval * random.uniform(0.8, 1.2)
        if full or not host.claims:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await host.freed.wait()  # a stop sets it too
        else:
            await life.unless_stopped(self.store.wait("work", timeout))

    async def _sweep(self, host: Host) -> None:
        interval = min(SWEEP_EVERY, self.poll_interval)  # who polls often wants timers as promptly
        more = False
        while True:
            await asyncio.sleep(0 if more else interval * random.uniform(0.75, 1.25))
            try:
                more = await host.sweep()
            except StoreError as error:
                more = False
                log.warning("worker %s can't sweep (%s)", self.name, told(error))
            except Exception as error:  # a sweep that ended here would strand others' runs in silence
                more = False
                info = describe(error)
                log.error("worker %s: its sweep broke off: %s: %s", self.name, info.type, info.message)

    async def _watch(self, disk: DiskWatch, host: Host) -> None:
        interval = min(EVERY, 5 * self.poll_interval)
        while True:
            await asyncio.sleep(interval)
            crowded = not await disk.look()
            if crowded is not host.crowded:
                host.crowded = crowded
                host.freed.set()

    async def _drain(self, life: _Life, host: Host) -> None:
        if not host.held:
            return
        log.info("worker %s drains %d runs", self.name, host.held)
        idle = asyncio.create_task(host.idle())
        hurry = asyncio.create_task(life.hurry.wait())
        try:
            await asyncio.wait({idle, hurry}, timeout=self.drain_timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            idle.cancel()
            hurry.cancel()

    async def _back_off(self, life: _Life, failures: int, error: StoreError) -> None:
        delay = BACK_OFF.wait(failures)
        log.warning("worker %s can't claim (%s); next try in %.1f s", self.name, told(error), delay)
        try:
            async with asyncio.timeout(delay):
                await life.stopping.wait()
        except TimeoutError:
            return


class _Life:
    """One ``start()``, from its call to its end; belongs to the event loop it was made in."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.host: Host | None = None
        self.stopping = asyncio.Event()
        self.hurry = asyncio.Event()
        self._wait: asyncio.Timeout | None = None
        self.over: Future[None] = Future()
        self.over.set_running_or_notify_cancel()  # nobody who waits for it can cancel it

    def stop(self) -> None:
        self.stopping.set()
        if self.host is not None:
            self.host.freed.set()
        if self._wait is not None:
            self._wait.reschedule(self.loop.time())
            self._wait = None

    async def unless_stopped(self, wait: Awaitable[object]) -> None:
        """Until that is over or the worker is told to stop, with no task of its own: each turn of the loop counts on
        the way from a hint to its claim."""
        try:
            async with asyncio.timeout(0 if self.stopping.is_set() else None) as self._wait:
                await wait
        except TimeoutError:
            return
        finally:
            self._wait = None

    def heard(self) -> None:
        """A signal came: the first drains, the next hurries."""
        if self.stopping.is_set():
            self.hasten()
        else:
            self.stop()

    def hasten(self) -> None:
        self.hurry.set()
        self.stop()

    def obey(self, ask: Ask) -> None:
        """An operator asks this worker for something."""
        host = self.host
        if host is None or host.status == "draining":
            return
        if ask is Ask.DRAIN:
            host.status = "draining"
            self.stop()
        elif ask is Ask.PAUSE:
            host.status = "paused"
        elif ask is Ask.RESUME:
            host.status = "active"
        host.freed.set()
