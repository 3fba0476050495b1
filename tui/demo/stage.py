"""What both forms of the demo stand on: scratch folder, store and worker process, all of which end with it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sagewai import open_store
from sagewai.core.stores.base import Store
from tui.demo.desk import Desk
from tui.demo.process import WorkerProcess
from tui.demo.scratch import Scratch, make, remove


@dataclass(frozen=True, slots=True)
class Stage:
    scratch: Scratch
    store: Store
    process: WorkerProcess
    desk: Desk


@contextmanager
def stage() -> Iterator[Stage]:
    """Make the folder and start the worker process; end it and remove the folder, whatever happens inside."""
    scratch = make()
    process = WorkerProcess(scratch)
    try:
        process.start()
        store = open_store(scratch.store_url)
        yield Stage(scratch, store, process, Desk(scratch, store))
    finally:
        with _undisturbed():
            process.stop()
            remove(scratch)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """An impatient second signal must not leave half of it behind."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
