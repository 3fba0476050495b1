"""The ledger: a file outside every database into which each body writes that it runs, so that nothing can hide it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sagewai import current_step

PATH = "SAGEWAI_FAULTS_LEDGER"
WORKER = "SAGEWAI_FAULTS_WORKER"

OPENED = ":opened"
"""Behind the step's name where a body has come past its gate."""


class Line(NamedTuple):
    """One body that ran. ``at`` is the monotonic clock, which all processes of a machine share."""

    run: str
    step: str
    attempt: int
    token: int
    worker: str
    at: float


def append(mark: str = "") -> None:
    """Called in a step: write down that it runs. No kill tears or loses one write of one line with O_APPEND."""
    step = current_step()
    assert step is not None, "the ledger is for steps"
    worker = os.environ.get(WORKER, "here")
    line = f"{step.run_id} {step.step}{mark} {step.attempt} {step.token} {worker} {time.monotonic():.6f}\n"
    file = os.open(os.environ[PATH], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def first_time() -> bool:
    """Called in a step behind ``append``: whether no body of it has run before this one."""
    step = current_step()
    assert step is not None, "the ledger is for steps"
    return len(Ledger(Path(os.environ[PATH])).of(step.run_id, step.step)) == 1


def go_ahead(run_id: str) -> Path:
    """The file whose existence is the test's word to the steps of a run that wait for it."""
    return Path(os.environ[PATH]).with_name(f"{run_id}.go")


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reads what bodies wrote."""

    path: Path

    def lines(self) -> Sequence[Line]:
        if not self.path.exists():
            return []
        rows = (row.split() for row in self.path.read_text().splitlines())
        return [
            Line(run, step, int(no), int(token), who, float(at)) for run, step, no, token, who, at in rows
        ]

    def by_run(self) -> dict[str, list[Line]]:
        """The lines of each run, in the order they were written."""
        found: dict[str, list[Line]] = {}
        for line in self.lines():
            found.setdefault(line.run, []).append(line)
        return found

    def of(
        self, run: str | None = None, step: str | None = None, worker: str | None = None
    ) -> Sequence[Line]:
        """The lines of this run, step and worker, where given."""
        return [
            line
            for line in self.lines()
            if run in (None, line.run) and step in (None, line.step) and worker in (None, line.worker)
        ]
