"""A supervised local worker: a child process that is started again when it crashes, and drained when it is to end; or
one that another console left running and this one has adopted."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Literal

from tui.local.adopted import Adopted
from tui.local.child import Child, End
from tui.local.files import FileTail
from tui.local.order import Order
from tui.local.pace import Pace
from tui.text import Scribe

State = Literal["starting", "on", "draining", "backing off", "stopped", "gone", "ended", "detached"]
"""``on`` once its session is known; ``stopped``: it crashed too often; ``gone``: an adopted one ended without being
asked to. Either starts again only when asked to."""

OVER = frozenset({"stopped", "gone", "ended", "detached"})


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
        self._child: Child | Adopted | None = None
        self._session: int | None = None
        self._state: State = "ended"
        self._gone = threading.Event()
        """No thread supervises it. Joining that thread instead would lose count of it where ctrl+c breaks in."""
        self._gone.set()

    @property
    def state(self) -> State:
        return self._state

    @property
    def is_over(self) -> bool:
        """Whether no process carries it, nor will by itself."""
        return self._state in OVER

    @property
    def is_adopted(self) -> bool:
        """Whether another console started the process that carries it; it isn't tied to this one."""
        return isinstance(self._child, Adopted)

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
        self._begin(None)

    def adopt(self, process: Adopted) -> None:
        """Be carried by a process that is there already."""
        self._begin(process)

    def miss(self) -> None:
        """Its process was left running, and is gone."""
        with self._lock:
            self._state, self.why = "gone", "died while no console looked"

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

    def _begin(self, process: Adopted | None) -> None:
        with self._lock:
            if not self._gone.is_set():
                return
            self._gone.clear()
            self._ending.clear()
            self._child, self._session = process, None
            self._state, self.why = "starting" if process is None else "on", ""
        threading.Thread(target=self._main, args=(process,), name=self.name, daemon=True).start()

    def _main(self, process: Adopted | None) -> None:
        last: State = "stopped"
        try:
            last = self._supervise(process)
        finally:
            with self._lock:
                if self._state != "detached":
                    self._state = last
                self._gone.set()

    def _supervise(self, process: Adopted | None) -> State:
        crashed: list[float] = []
        while True:
            end = self._start() if process is None else self._wait(process)
            if end.asked or self._ending.is_set():
                return "ended"
            if not end.again:
                return "gone"
            if end.counts:
                crashed.append(time.monotonic())
            delay = self._pace.delay(crashed, time.monotonic())
            if delay is None:
                return "stopped"
            if self._ending.wait(delay):
                return "ended"

    def _start(self) -> End:
        """Run one process to its end."""
        with self._lock:
            if self._ending.is_set():
                return End("", asked=True)
            try:
                self._child = child = Child(self.order, self.name, store_url=self._url, log=self.tail.path)
            except OSError as error:
                self.why, self._state = f"can't be started: {error.strerror or error}", "backing off"
                return End(self.why)
            self._session, self._state = None, "starting"
        return self._wait(child)

    def _wait(self, child: Child | Adopted) -> End:
        end = child.wait()
        with self._lock:
            self._child = None
            if self._state not in {"draining", "detached"} and not end.asked:
                self.why = end.why
                self._state = "backing off" if end.again else "gone"
        return end
