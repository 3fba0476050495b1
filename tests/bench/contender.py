"""What is asked of us, of the machine and of every peer: the same few verbs, so that one scene measures them all."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol

from tests.bench.work import Tally, Task

_MODULES = {
    "sagewai": "tests.bench.ours",
    "raw": "tests.bench.raw",
    "raw-sqlite": "tests.bench.raw_sqlite",
    "dbos": "tests.bench.peers.dbos",
    "absurd": "tests.bench.peers.absurd",
    "pgqueuer": "tests.bench.peers.pgqueuer",
}

PEERS = ("dbos", "absurd", "pgqueuer")


class Unavailable(Exception):
    """This contender can't be measured here; says what is missing."""


class Contender(Protocol):
    """Lives in one process and one event loop. Every step it executes is a call of the tally's body."""

    async def open(self) -> None:
        """Connect, make the schema unless it is there, declare the workflow."""

    async def keep(self, lanes: int) -> None:
        """Keep so many runs under way, until cancelled."""

    async def fill(self, runs: int) -> None:
        """Record so many runs for a worker; none begins."""

    async def work(self) -> None:
        """Be a worker, until cancelled."""

    async def submit(self) -> None:
        """Record one run for the worker."""


def contender(task: Task, tally: Tally) -> Contender:
    """The one that the task names. Raises Unavailable where its package is missing."""
    try:
        made: Contender = import_module(_MODULES[task.contender]).make(task, tally)
    except ModuleNotFoundError as missing:
        raise Unavailable(f"{task.contender}: {missing}") from None
    return made
