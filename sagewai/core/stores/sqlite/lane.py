"""One thread with a connection of its own, which does what an event loop hands over, in that order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import TypeVar

from sagewai.core.stores.sqlite.connection import Connection
from sagewai.errors import StoreUnavailable

T = TypeVar("T")

LINGER = 0.02
"""Seconds that the thread waits for another job. Through the executor each would cost 20 µs more; without an end, the
process would wait for it at its own."""

Connect = Callable[[bool], Connection]
"""Opens a connection; given True, it brings an older schema up to date instead of refusing it."""


class Lane:
    """The connection is opened by the first job."""

    def __init__(self, name: str, connect: Connect) -> None:
        self._connect = connect
        self._connection: Connection | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._jobs: deque[Callable[[], None]] = deque()
        self._lock = Lock()
        self._news = Lock()  # free when a job has come
        self._news.acquire()
        self._at_work = False
        self._ended = False

    async def run(self, job: Callable[[Connection], T], *, migrate: bool = False) -> T:
        """What the job returns or raises; it is done even if nobody waits for that any more."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            try:
                result = job(self._opened(migrate))
            except BaseException as error:
                _tell(loop, _refuse, answer, error)
            else:
                _tell(loop, _settle, answer, result)

        if not self._put(work):
            raise StoreUnavailable("the store was closed: call it again")
        return await answer

    def hand_over(self, job: Callable[[Connection], object]) -> None:
        """Have the job done, without waiting for it; not at all once the end was asked for."""

        def work() -> None:
            with suppress(Exception):
                job(self._opened(False))

        self._put(work)

    def end(self, last: Callable[[Connection], None] | None = None) -> Future[None]:
        """Do what was handed over, and ``last`` if there is a connection; then close it and end the thread."""
        ended: Future[None] = Future()

        def work() -> None:
            try:
                self._close(last)
            except BaseException as error:
                ended.set_exception(error)
            else:
                ended.set_result(None)

        if not self._put(work, last=True):
            ended.set_result(None)
        self._executor.shutdown(wait=False)
        return ended

    def _put(self, work: Callable[[], None], *, last: bool = False) -> bool:
        with self._lock:
            if self._ended:
                return False
            self._ended = last
            if not self._at_work:
                self._executor.submit(self._work)
                self._at_work = True
            self._jobs.append(work)
            if self._news.locked():
                self._news.release()
        return True

    def _work(self) -> None:
        """Waits at a lock and not at a queue: interrupted after its time, as by a signal in a process that was stopped
        and goes on, a SimpleQueue waits for ever, and the process for its thread."""
        while True:
            while self._jobs:
                self._jobs.popleft()()
            came = not self._ended and self._news.acquire(timeout=LINGER)
            with self._lock:
                if not came and not self._jobs:
                    self._at_work = False
                    return

    def _opened(self, migrate: bool) -> Connection:
        if self._connection is None:
            self._connection = self._connect(migrate)
        return self._connection

    def _close(self, last: Callable[[Connection], None] | None) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if last is not None:
                last(connection)
            connection.close()


def _tell(loop: asyncio.AbstractEventLoop, how: Callable[..., None], *what: object) -> None:
    with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
        loop.call_soon_threadsafe(how, *what)


def _settle(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)


def _refuse(answer: asyncio.Future[T], error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)
