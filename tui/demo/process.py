"""The worker process as its parent sees it: started, killed, replaced, stopped."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

from tui.demo.flows import worker_name
from tui.demo.scratch import Scratch
from tui.local.child import environment

LOOK = 0.1
"""Seconds between two looks at whether the process is still there."""

SHORT_LIFE = 3.0
"""A process that ended by itself sooner than this is replaced ever more slowly."""

PATIENCE = 1.5
"""Seconds a process gets to end by itself."""


class WorkerProcess:
    """At most one child at a time. Its output goes to the scratch folder's ``worker.log``."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._short_lives = 0

    @property
    def pid(self) -> int | None:
        """None while no child lives."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def worker_name(self) -> str:
        """How the child's worker is listed."""
        return worker_name(self.pid or 0)

    def start(self) -> int:
        """A new child; gives its pid."""
        with self._scratch.worker_log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "tui.demo.worker", str(self._scratch.folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**environment(os.environ), "SAGEWAI_STORE": self._scratch.store_url},
                start_new_session=True,  # Ctrl-C and a hang-up are the parent's to handle
            )
        self._started = time.monotonic()
        return self._child.pid

    def kill(self) -> int | None:
        """kill -9; gives the pid it had, None when no child lived."""
        pid = self.pid
        if self._child is not None:
            self._child.kill()
            self._reap(self._child)
            self._short_lives = 0
        return pid

    def stop(self) -> None:
        """Let it drain for a moment, then end it."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self._reap(self._child)
        self._child = None

    async def keep(self) -> None:
        """Replace the child whenever it has ended, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            if self._child is None or self._child.poll() is None:
                continue
            killed = self._child.returncode < 0
            self._short_lives += not killed and time.monotonic() - self._started < SHORT_LIFE
            self._reap(self._child)
            await asyncio.sleep(0 if killed else min(30.0, 0.2 * 2**self._short_lives))
            self.start()

    def _reap(self, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        if child.stdin is not None:
            child.stdin.close()
