"""A supervised local worker: a child process that is started again when it crashes, and drained when it is to end."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Literal

from tui.local.child import Child
from tui.local.files import FileTail
from tui.local.order import Order
from tui.local.pace import Pace
from tui.text import Scribe

State = Literal["starting", "on", "draining", "backing off", "stopped", "ended", "detached"]
"""``on`` once its session is known; ``stopped``: it crashed too often, and starts again only when asked to."""

_STORE_AWAY = 5
"""What ``sagewai`` ends with where the store doesn't answer: no fault of the worker's."""


class Supervised:
    """One worker, under one name, whatever processes carry it. A thread of its own waits for each of them; the methods
    may be called from any other, and return at once."""

    def __init__(
        self, number: int, name: str, order: Order, store_url: str, log: Path, scribe: Scribe, pace: Pace
    ) -> None:
        self.number = number
        self.name = name
        self.order = order
        self.tail = FileTail(log, scribe)
        self.why = ""
        self._url = store_url
        self._pace = pace
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._child: Child | None = None
        self._session: int | None = None
        self._state: State = "starting"
        self._gone = threading.Event()
        """No thread supervises it. Joining that thread instead would lose count of it where ctrl+c breaks in."""
        self._gone.set()
        self.start()

    @property
    def state(self) -> State:
        return self._state

    @property
    def is_over(self) -> bool:
        """Whether no process carries it, nor will by itself."""
        return self._state in {"stopped", "ended", "detached"}

    @property
    def pid(self) -> int | None:
        """None while no process carries it."""
        child = self._child
        return None if child is None else child.pid

    @property
    def session(self) -> int | None:
        """Its session in the store, once somebody has looked it up; None when it is over."""
        return None if self.pid is None else self._session

    def found(self, pid: int, session: int) -> None:
        """The process with this pid has opened this session."""
        with self._lock:
            if self.pid == pid:
                self._session = session
                if self._state == "starting":
                    self._state = "on"

    def start(self) -> None:
        """Also again, after it was stopped or has ended."""
        with self._lock:
            if not self._gone.is_set():
                return
            self._gone.clear()
            self._ending.clear()
            self._state, self.why = "starting", ""
        threading.Thread(target=self._main, name=self.name, daemon=True).start()

    def stop(self) -> None:
        """Drain it: it finishes what it holds, and isn't started again."""
        with self._lock:
            if self.is_over or self._ending.is_set():
                return
            self._ending.set()
            self._state = "draining"
            if self._child is not None:
                self._child.signal(signal.SIGTERM)

    def hurry(self) -> None:
        """Let one that drains hand its runs back at once."""
        with self._lock:
            if self._child is not None and self._state == "draining":
                self._child.signal(signal.SIGTERM)

    def kill(self) -> None:
        """Its runs are taken over by others."""
        with self._lock:
            self._ending.set()
            if self._child is not None and self._state != "detached":
                self._child.signal(signal.SIGKILL)

    def detach(self) -> int | None:
        """Let its process go on without this one; gives its pid, None where there is none."""
        with self._lock:
            self._ending.set()
            if self._child is None:
                return None
            self._child.let_go()
            self._state = "detached"
            return self._child.pid

    def join(self, timeout: float) -> bool:
        """Wait until no process carries it; False if one still does after ``timeout`` seconds."""
        return self._state == "detached" or self._gone.wait(timeout)

    def _main(self) -> None:
        last: State = "stopped"
        try:
            last = self._supervise()
        finally:
            with self._lock:
                if self._state != "detached":
                    self._state = last
                self._gone.set()

    def _supervise(self) -> State:
        crashed: list[float] = []
        while True:
            counts, ended = self._carry()
            if ended or self._ending.is_set():
                return "ended"
            if counts:
                crashed.append(time.monotonic())
            delay = self._pace.delay(crashed, time.monotonic())
            if delay is None:
                return "stopped"
            if self._ending.wait(delay):
                return "ended"

    def _carry(self) -> tuple[bool, bool]:
        """Run one process to its end: whether that counts as a crash, and whether it was asked for."""
        with self._lock:
            if self._ending.is_set():
                return False, True
            try:
                self._child = child = Child(
                    self.order.arguments(self.name), store_url=self._url, log=self.tail.path
                )
            except OSError as error:
                self.why, self._state = f"can't be started: {error.strerror or error}", "backing off"
                return True, False
            self._session, self._state = None, "starting"
        code, asked = child.wait()
        with self._lock:
            self._child = None
            if self.state not in {"draining", "detached"} and not asked:
                self.why = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
                self._state = "backing off"
        return code != _STORE_AWAY, asked
