"""The supervised local workers of one console: started by the line, scaled, and ended all together."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tui.local.files import log_folder, sweep_logs
from tui.local.order import Order
from tui.local.pace import Pace
from tui.local.supervised import Supervised
from tui.text import Scribe


class Fleet:
    """Workers that were started with the same order are scaled together. ``folder`` is where their logs go."""

    def __init__(
        self, store_url: str, scribe: Scribe, *, folder: Path | None = None, pace: Pace | None = None
    ) -> None:
        self.store_url = store_url
        self._scribe = scribe
        self._folder = folder
        self._pace = pace or Pace()
        self._numbers = 0
        self.workers: tuple[Supervised, ...] = ()

    @property
    def running(self) -> tuple[Supervised, ...]:
        """Those that a process carries, or will again by itself."""
        return tuple(worker for worker in self.workers if not worker.is_over)

    def find(self, number: int) -> Supervised | None:
        """The worker with this number."""
        return next((worker for worker in self.workers if worker.number == number), None)

    def start(self, order: Order) -> tuple[Supervised, ...]:
        """As many as the order says."""
        if self._folder is None:
            self._folder = log_folder()
        if not self._numbers:
            sweep_logs(self._folder)
        started = tuple(self._one(replace(order, count=1), self._folder) for _ in range(order.count))
        self.workers = (*self.workers, *started)
        return started

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
        """Drain all."""
        for worker in self.running:
            worker.stop()

    def hurry(self) -> None:
        """Let all hand their runs back at once."""
        for worker in self.running:
            worker.stop()
            worker.hurry()

    def detach(self) -> Sequence[tuple[Supervised, int]]:
        """Let all go on without this process; gives them with their pids."""
        every = [(worker, worker.detach()) for worker in self.running]
        return [(worker, pid) for worker, pid in every if pid is not None]

    def join(self, timeout: float) -> bool:
        """Wait until all have ended; False if one hasn't within ``timeout`` seconds."""
        until = time.monotonic() + timeout
        return all(worker.join(max(0.0, until - time.monotonic())) for worker in self.workers)

    def kill(self) -> None:
        """End at once what hasn't ended."""
        for worker in self.running:
            worker.kill()

    def _one(self, order: Order, folder: Path) -> Supervised:
        self._numbers += 1
        name = f"console-{os.getpid()}-{self._numbers}"
        log = folder / f"console-worker-{os.getpid()}-{self._numbers}.log"
        return Supervised(self._numbers, name, order, self.store_url, log, self._scribe, self._pace)
