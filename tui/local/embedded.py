"""The embedded worker: executes runs inside the console's process, on its own thread, event loop and store."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tui.format import Cell, Glyphs, Role, plural
from tui.gateway import open_store
from tui.local.log import Tail
from tui.local.order import Order
from tui.text import Scribe

if TYPE_CHECKING:
    from sagewai.core.worker.worker import WorkflowWorker

State = Literal["off", "loading", "on", "draining", "ended", "failed"]
"""``failed``: something ended it that nobody asked for."""

OVER = frozenset({"off", "ended", "failed"})


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """``target`` is MODULE:NAME; ``log`` the file its log is appended to. ``store`` is the URL under which the worker
    has rights of its own; without one it shares the console's."""

    target: str
    pool: str = "default"
    store: str | None = None
    log: Path | None = None


class EmbeddedWorker:
    """One worker. A blocking step can't freeze the console, and the console's end drains it. Once it is over it can be
    started again, with the code that the process has loaded."""

    def __init__(self, spec: WorkerSpec, store_url: str, scribe: Scribe) -> None:
        self.spec = spec
        self.name = f"console-{os.getpid()}"
        self.session: int | None = None
        """Its session in the store, once somebody has looked it up."""
        self._url = spec.store or store_url
        self._scribe = scribe
        self._worker: WorkflowWorker | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop_wanted = threading.Event()
        self.tail = Tail(spec.log, scribe)
        self.state: State = "off"
        self.error = ""

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def order(self) -> Order:
        """What asks for a process that does the same."""
        return Order(self.spec.target, self.spec.pool)

    @property
    def held(self) -> int:
        """How many runs it executes now."""
        return 0 if self._worker is None else self._worker.held

    def cell(self, glyphs: Glyphs) -> Cell:
        """How it does, for the counter line."""
        if self.state == "on":
            return Cell(f"local {glyphs.running} {plural(self.held, 'run')}", Role.RUNNING)
        if self.state == "failed":
            return Cell(f"local {glyphs.failed} {self.error}", Role.FAILED)
        return Cell(f"local {self.state}", Role.WAITING if self.state == "draining" else Role.DIM)

    def start(self) -> None:
        """Load the workflows and begin to claim; returns at once."""
        if not self.is_over:
            return
        self._stop_wanted.clear()
        self.state, self.error, self.session = "loading", "", None
        root = logging.getLogger()
        root.addHandler(self.tail)
        if root.level > logging.INFO or root.level == logging.NOTSET:
            root.setLevel(logging.INFO)
        self._thread = threading.Thread(target=self._main, name="local-worker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to drain: claim nothing new, finish what it holds. Returns at once."""
        self._stop_wanted.set()
        worker, loop = self._worker, self._loop
        if self.state in {"on", "loading"}:
            self.state = "draining"
        if worker is not None and loop is not None and not loop.is_closed():
            asyncio.run_coroutine_threadsafe(worker.stop(), loop)

    def hurry(self) -> None:
        """Ask it to hand back what it holds, without waiting for steps."""
        self.stop()
        worker = self._worker
        if worker is not None:
            worker.hurry()

    def join(self, timeout: float) -> bool:
        """Wait until it has ended; False if it hasn't within ``timeout`` seconds."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Let go of its log."""
        logging.getLogger().removeHandler(self.tail)
        self.tail.close()

    def _main(self) -> None:
        state: State = "ended"
        try:
            asyncio.run(self._run())
        except BaseException as error:  # a worker that can't go on must say so where the operator looks
            self.error = self._scribe.line(str(error) or type(error).__name__, limit=120)
            logging.getLogger("sagewai.console").error("the local worker ended: %s", self.error)
            state = "failed"
        else:
            self.error = "" if self._stop_wanted.is_set() else "drained through the store"
        self._worker = self._loop = None
        self.state = state

    async def _run(self) -> None:
        from sagewai.core.loading import load_workflows
        from sagewai.core.worker.worker import WorkflowWorker

        registry = load_workflows(self.spec.target)
        store = open_store(self._url)
        try:
            worker = WorkflowWorker(
                store=store, workflow_registry=registry, pool=self.spec.pool, name=self.name
            )
            self._worker, self._loop = worker, asyncio.get_running_loop()
            if self._stop_wanted.is_set():
                return
            self.state = "on"
            running = asyncio.ensure_future(worker.start())
            while not running.done():
                if self._stop_wanted.is_set():
                    await worker.stop()
                await asyncio.wait({running}, timeout=0.2)
            await running
        finally:
            await store.close()
