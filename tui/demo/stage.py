"""What both forms of the demo stand on: scratch folder, store and worker process, all of which end with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sagewai import open_store
from tui.demo.desk import Desk
from tui.demo.process import WorkerProcess
from tui.demo.scratch import Scratch, make, remove
from tui.demo.signals import leaving_on_signals, undisturbed

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store


@dataclass(frozen=True, slots=True)
class Stage:
    scratch: Scratch
    store: Store
    process: WorkerProcess
    desk: Desk


@contextmanager
def stage() -> Iterator[Stage]:
    """Make the folder and start the worker process; end it and remove the folder, whatever happens inside."""
    with leaving_on_signals():
        scratch = make()
        process = WorkerProcess(scratch)
        try:
            process.start()
            store = open_store(scratch.store_url)
            yield Stage(scratch, store, process, Desk(scratch, store))
        finally:
            with undisturbed():
                process.stop()
                remove(scratch)
