"""The supervised local workers of one console: started by the line or adopted, scaled, and ended all together."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tui.local.files import log_file, log_folder, sweep_logs
from tui.local.order import Order
from tui.text import Scribe

if TYPE_CHECKING:
    from tui.local.pace import Pace
    from tui.local.supervised import Supervised


@dataclass(frozen=True, slots=True)
class LetGo:
    """A worker that this process let go; ``how`` it does without it."""

    name: str
    how: str
    pid: int
    log: Path


class Fleet:
    """Workers that were started with the same order are scaled together. ``folder`` is where their logs go."""

    def __init__(
        self, store_url: str, scribe: Scribe, *, folder: Path | None = None, pace: Pace | None = None
    ) -> None:
        self.store_url = store_url
        self._scribe = scribe
        self._folder = folder
        self._pace = pace
        self._numbers = 0
        self.workers: tuple[Supervised, ...] = ()
        self.left: tuple[LetGo, ...] = ()
        """Those that this process let go."""

    @property
    def running(self) -> tuple[Supervised, ...]:
        """Those that a process carries, or will again by itself."""
        return tuple(worker for worker in self.workers if not worker.is_over)

    @property
    def tied(self) -> tuple[Supervised, ...]:
        """Those that end with this console, unless they are let go."""
        return tuple(worker for worker in self.running if not worker.is_adopted)

    def find(self, number: int) -> Supervised | None:
        """The worker with this number."""
        return next((worker for worker in self.workers if worker.number == number), None)

    def start(self, order: Order) -> tuple[Supervised, ...]:
        """As many as the order says."""
        folder = self._logs()
        if not self.workers:
            sweep_logs(folder)
        started = tuple(self._next(replace(order, count=1), folder) for _ in range(order.count))
        for worker in started:
            worker.start()
        return started

    def adopt(self) -> tuple[Supervised, ...]:
        """Take over the workers of this store that were left running; those whose processes are gone come too."""
        from tui.local import left
        from tui.local.adopted import Adopted

        adopted = []
        for found in left.find(self._logs(), left.mark(self.store_url)):
            worker = self._add(found.left.name, found.left.order, left.log_of(found.path))
            if found.alive:
                worker.adopt(Adopted(found))
            else:
                worker.miss()
                found.forget()
            adopted.append(worker)
        return tuple(adopted)

    def fewer(self, order: Order) -> Supervised | None:
        """Drain the youngest that was started with this order and isn't draining; gives it."""
        alike = [worker for worker in self.running if worker.order == order and worker.state != "draining"]
        if not alike:
            return None
        alike[-1].stop()
        return alike[-1]

    def forget(self, worker: Supervised) -> None:
        """List it no more; it must be over."""
        self.workers = tuple(other for other in self.workers if other is not worker)

    def tidy(self) -> None:
        """Forget those that ended as they were asked to."""
        self.workers = tuple(worker for worker in self.workers if worker.state != "ended")

    def stop(self) -> None:
        """Drain those that are tied to this console; the others go on as they were found."""
        for worker in self.running:
            if worker.is_adopted:
                self._leave(worker)
            else:
                worker.stop()

    def hurry(self) -> None:
        """Let all hand their runs back at once."""
        for worker in self.running:
            worker.stop()
            worker.hurry()

    def detach(self) -> None:
        """Let all go on without this process."""
        for worker in self.running:
            self._leave(worker)

    def join(self, timeout: float) -> bool:
        """Wait until all have ended; False if one hasn't within ``timeout`` seconds."""
        until = time.monotonic() + timeout
        return all(worker.join(max(0.0, until - time.monotonic())) for worker in self.workers)

    def kill(self) -> None:
        """End at once what hasn't ended."""
        for worker in self.running:
            worker.kill()

    def _leave(self, worker: Supervised) -> None:
        how = "drains" if worker.state == "draining" else "goes on"
        pid = worker.detach()
        if pid is not None:
            self.left = (*self.left, LetGo(worker.name, how, pid, worker.tail.path))

    def _logs(self) -> Path:
        if self._folder is None:
            self._folder = log_folder()
        return self._folder

    def _next(self, order: Order, folder: Path) -> Supervised:
        """Under a name that none had before in a process with this pid: it may go on without its console."""
        number = 1
        while (log := log_file(os.getpid(), number, folder)).exists() or self._has(log):
            number += 1
        return self._add(f"console-{os.getpid()}-{number}", order, log)

    def _has(self, log: Path) -> bool:
        return any(worker.tail.path == log for worker in self.workers)

    def _add(self, name: str, order: Order, log: Path) -> Supervised:
        from tui.local.pace import Pace
        from tui.local.supervised import Supervised

        self._numbers += 1
        pace = self._pace or Pace()
        worker = Supervised(self._numbers, name, order, self.store_url, log, self._scribe, pace)
        self.workers = (*self.workers, worker)
        return worker
