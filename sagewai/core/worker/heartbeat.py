"""The heartbeat: a thread with an event loop and a connection of its own, in which a session opens, lives and ends.

No step can hold it up, and the end of its owner's event loop doesn't cut it off: what was opened is always closed.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Literal

from sagewai.core.failure import describe, told
from sagewai.core.stores.base import Store
from sagewai.errors import StoreError, StoreUnavailable
from sagewai.models.session import Beat, SessionSpec

log = logging.getLogger("sagewai.heartbeat")

DEAF_LEASES = 10
"""After this many leases in which the owner's loop hasn't ticked, the heartbeat stops: a dead loop holds no run."""

PATIENCE = 5.0
"""Seconds that the end of the thread is waited for."""

LAG_WARNING = 1.0
"""Seconds of delay of the owner's loop, or of this thread, from which a warning is logged."""

PULSE = 0.5
"""Seconds between two looks at whether this thread runs."""

LISTEN = 1.0
"""Seconds between two looks, at most, at whether the owner's loop runs."""


class Heartbeat:
    """Opens a session, renews its lease every ``interval`` seconds and closes it; hands each Beat to ``on_beat`` in the
    owner's loop.

    ``on_beat(beat, sent)``: ``sent`` is ``time.monotonic()`` from before the store was asked, so that the owner can
    tell what the store could not yet know.
    """

    def __init__(
        self,
        store: Store,
        spec: SessionSpec,
        *,
        interval: float,
        on_beat: Callable[[Beat, float], None],
        status: Callable[[], Literal["active", "draining", "paused"]],
    ) -> None:
        self._store = store
        self._spec = spec
        self._interval = interval
        self._on_beat = on_beat
        self._status = status
        self._owner = asyncio.get_running_loop()
        self._session = 0
        self._opened: asyncio.Future[int] = self._owner.create_future()
        self._opened.add_done_callback(
            lambda opened: opened.cancelled() or opened.exception()
        )  # somebody looked
        self._ticked = time.monotonic()
        self._lags = False
        self._stopped = threading.Event()
        self._nudge: Callable[[], object] = lambda: None
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"sagewai-heartbeat-{spec.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def session(self) -> int:
        """The session's id, once it is open. Raises what opening it raised."""
        return await asyncio.shield(self._opened)

    async def stop(self) -> None:
        """Close the session, open or just being opened, and end the thread. One that hangs in a call to its store is
        left to the call's time-out; its session lapses by itself."""
        self._stopped.set()
        self._nudge()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._ended.wait()
        except TimeoutError:
            log.warning("session %d: the store holds its end up; it ends with that call", self._session)

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except Exception as error:
            info = describe(error)  # redacted, unlike what logging would print
            log.error("the heartbeat of session %d ended: %s: %s", self._session, info.type, info.message)
        self._tell(self._end)

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        wake = asyncio.Event()

        def nudge() -> None:
            try:
                loop.call_soon_threadsafe(wake.set)
            except RuntimeError:  # this loop has ended already
                return

        self._nudge = nudge
        try:
            if await self._open():
                feeling = asyncio.create_task(self._feel())
                try:
                    await self._beat_until_stopped(wake)
                finally:
                    feeling.cancel()
        finally:
            await self._store.close()

    async def _open(self) -> bool:
        try:
            self._session = await self._store.open_session(self._spec)
        except Exception as error:
            failure = error
            self._stopped.set()  # there is no session whose end the owner must hear of
            self._tell(lambda: self._settle(failure))
            return False
        self._tell(lambda: self._settle(None))
        return True

    async def _beat_until_stopped(self, wake: asyncio.Event) -> None:
        due = 0.0
        while not self._stopped.is_set():
            wake.clear()
            if not self._listen():  # nobody is left to finish what the session holds
                break
            now = time.monotonic()
            if now >= due:
                due = now + self._interval * random.uniform(0.85, 1.0)
                if not await self._beat():
                    return
            try:
                async with asyncio.timeout(min(LISTEN, max(0.0, due - time.monotonic()))):
                    await wake.wait()
            except TimeoutError:
                pass
        try:
            await self._store.close_session(self._session)
        except StoreError as error:
            log.warning(
                "session %d will lapse by itself: it couldn't be closed (%s)", self._session, told(error)
            )

    async def _feel(self) -> None:
        """Notice when not even this thread ran, whatever its beat is waiting for. No loop of this process could run
        meanwhile: what the owner's is accused of doesn't count that time."""
        while True:
            felt = time.monotonic()
            await asyncio.sleep(PULSE)
            late = time.monotonic() - felt - PULSE
            if late <= LAG_WARNING:
                continue
            self._ticked = min(self._ticked + late, time.monotonic())
            log.warning(
                "session %d: this process stood still for %.1f s: a step held the GIL, or the process was stopped",
                self._session,
                late,
            )

    def _listen(self) -> bool:
        """Ask the owner's loop for a sign of life, and tell of a long silence, once; False when the loop is closed."""
        silent = time.monotonic() - self._ticked
        if not self._lags and silent > LISTEN + LAG_WARNING:
            self._lags = True
            log.warning(
                "session %d: its event loop is blocked, for %.1f s now",
                self._session,
                silent,
            )
        asked = time.monotonic()
        try:
            self._owner.call_soon_threadsafe(lambda: self._tick(asked))
        except RuntimeError:
            return False
        return True

    async def _beat(self) -> bool:
        """One beat; False when the session is over, or to be left to its lapse."""
        silent = time.monotonic() - self._ticked
        if silent > DEAF_LEASES * self._spec.lease_ttl:
            log.error(
                "session %d: its event loop hasn't run for %.0f s; letting its runs go", self._session, silent
            )
            return False
        sent = time.monotonic()
        try:
            beat = await self._store.heartbeat(self._session, status=self._status())
        except StoreError as error:
            log.warning("session %d: no heartbeat (%s)", self._session, told(error))
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

    def _settle(self, failure: Exception | None) -> None:
        if self._opened.done():
            return
        if failure is None:
            self._opened.set_result(self._session)
        else:
            self._opened.set_exception(failure)

    def _tick(self, asked: float) -> None:
        """The owner's loop runs, whether the store answers or not."""
        now = time.monotonic()
        if self._ticked < asked and now - asked > LAG_WARNING:  # the first of those that waited for the loop
            log.warning(
                "session %d: its event loop was blocked for %.1f s or more: blocking code belongs into sync steps",
                self._session,
                now - asked,
            )
        self._ticked = now
        self._lags = False

    def _deliver(self, beat: Beat, sent: float) -> None:
        if not self._stopped.is_set():
            self._on_beat(beat, sent)

    def _end(self) -> None:
        """Nothing renews the session any more: unless that was asked for, its owner must not go on with it."""
        self._ended.set()
        if not self._opened.done():
            self._opened.set_exception(StoreUnavailable("the session ended before it was open"))
        if not self._stopped.is_set():
            self._on_beat(Beat(alive=False, asked=None, held=()), time.monotonic())
