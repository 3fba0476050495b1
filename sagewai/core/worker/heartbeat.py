"""The heartbeat: a thread with an event loop and a connection of its own, so that no step can hold it up."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Literal

from sagewai.core.failure import describe
from sagewai.core.stores.base import Store
from sagewai.errors import StoreError
from sagewai.models.session import Beat

log = logging.getLogger("sagewai.heartbeat")

DEAF_LEASES = 10
"""After this many leases in which the owner's loop hasn't ticked, the heartbeat stops: a dead loop holds no run."""

PATIENCE = 5.0
"""Seconds that the end of the thread is waited for."""

LAG_WARNING = 1.0
"""Seconds of delay of the owner's loop, or of this thread, from which a warning is logged."""


class Heartbeat:
    """Renews one session's lease every ``interval`` seconds and hands each Beat to ``on_beat`` in the owner's loop.

    ``on_beat(beat, sent)``: ``sent`` is ``time.monotonic()`` from before the store was asked, so that the owner can
    tell what the store could not yet know.
    """

    def __init__(
        self,
        store: Store,
        session: int,
        *,
        interval: float,
        lease_ttl: float,
        on_beat: Callable[[Beat, float], None],
        status: Callable[[], Literal["active", "draining", "paused"]],
    ) -> None:
        self._store = store
        self._session = session
        self._interval = interval
        self._lease_ttl = lease_ttl
        self._on_beat = on_beat
        self._status = status
        self._owner = asyncio.get_running_loop()
        self._ticked = time.monotonic()
        self._stopped = threading.Event()
        self._nudge: Callable[[], object] = lambda: None
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"sagewai-heartbeat-{session}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """End the thread and what it opened. One that hangs in a call to its store is left to the call's time-out."""
        self._stopped.set()
        self._nudge()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ended.wait()
        except TimeoutError:
            log.warning("session %d: its heartbeat hangs in the store; it ends with that call", self._session)

    def _run(self) -> None:
        try:
            asyncio.run(self._beat_until_stopped())
        except Exception as error:
            info = describe(error)  # redacted, unlike what logging would print
            log.error("the heartbeat of session %d ended: %s: %s", self._session, info.type, info.message)
        self._tell(self._end)

    async def _beat_until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        wake = asyncio.Event()

        def nudge() -> None:
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:  # this loop has ended already
                return

        self._nudge = nudge
        try:
            while not self._stopped.is_set():
                wake.clear()
                if not await self._beat():
                    return
                began = time.monotonic()
                try:
                    async with asyncio.timeout(self._interval * random.uniform(0.85, 1.0)):
                        await wake.wait()
                except TimeoutError:
                    pass
                self._explain(time.monotonic() - began - self._interval)
        finally:
            await self._store.close()

    def _explain(self, late: float) -> None:
        """This thread should have run ``late`` seconds ago. No loop of this process could run meanwhile: what the
        owner's is accused of doesn't count that time."""
        if late > max(LAG_WARNING, self._interval):
            self._ticked += late
            log.warning(
                "session %d: this process stood still for %.1f s: a step held the GIL, or the process was stopped",
                *(self._session, late),
            )

    async def _beat(self) -> bool:
        """One beat; False when there is nobody left to beat for."""
        silent = time.monotonic() - self._ticked
        if silent > DEAF_LEASES * self._lease_ttl:
            log.error(
                "session %d: its event loop hasn't run for %.0f s; letting its runs go", self._session, silent
            )
            return False
        if silent > self._interval + max(LAG_WARNING, self._interval):
            log.warning("session %d: its event loop is blocked, for %.1f s now", self._session, silent)
        sent = time.monotonic()
        try:
            self._owner.call_soon_threadsafe(self._tick)
        except RuntimeError:  # the owner's loop is closed: nobody is left to finish what the session holds
            await self._store.close_session(self._session)
            return False
        try:
            beat = await self._store.heartbeat(self._session, status=self._status())
        except StoreError as error:
            log.warning("session %d: no heartbeat (%s)", self._session, error)
            return True
        except (
            Exception
        ) as error:  # one beat may fail for whatever reason; without any, every run here would be lost
            info = describe(error)
            log.error("session %d: no heartbeat: %s: %s", self._session, info.type, info.message)
            return True
        if beat.alive:  # if not, _end tells the owner
            self._tell(lambda: self._deliver(beat, sent))
        return beat.alive

    def _tell(self, what: Callable[[], None]) -> None:
        """Run ``what`` in the owner's loop, where that still is one."""
        try:
            self._owner.call_soon_threadsafe(what)
        except RuntimeError:
            return

    def _tick(self) -> None:
        """The owner's loop runs, whether the store answers or not."""
        self._ticked = time.monotonic()

    def _deliver(self, beat: Beat, sent: float) -> None:
        if not self._stopped.is_set():
            self._on_beat(beat, sent)

    def _end(self) -> None:
        """Nothing renews the session any more: unless that was asked for, its owner must not go on with it."""
        self._ended.set()
        if not self._stopped.is_set():
            self._on_beat(Beat(alive=False, asked=None, held=()), time.monotonic())
