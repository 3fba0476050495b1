"""The ledger workflow with one more act: a step writes down what time its process believes it is."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

from sagewai import DurableWorkflow
from tests.faults.workload import ACTS, ledger_workflow

PATH = "SAGEWAI_FAULTS_TIMES"
ACT = "tell the time"


async def tell_the_time(_: DurableWorkflow) -> None:
    """Beside the time that processes of a machine can't disagree about."""
    for believed in (time.time(), datetime.datetime.now(datetime.UTC).timestamp()):
        line = f"{believed:.3f} {time.clock_gettime(time.CLOCK_REALTIME):.3f}\n"
        file = os.open(os.environ[PATH], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, line.encode())
        os.close(file)


def telling_workflow() -> DurableWorkflow:
    return ledger_workflow(repertoire={**ACTS, ACT: tell_the_time})


def errors_of(path: Path) -> list[float]:
    """How far each time that was told was off."""
    rows = (line.split() for line in path.read_text().splitlines())
    return [float(believed) - float(real) for believed, real in rows]
