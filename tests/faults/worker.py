"""A worker process of the fault tests: ``python -m tests.faults.worker '{"name": "w1", …}'``.

Its store is the one in SAGEWAI_STORE. The JSON object holds WorkflowWorker's options, and

``flow``     MODULE:FUNCTION that makes what it executes, from ``flow_options`` (default: the ledger workflow)
``machine``  the machine it says it runs on; "" is this one, where others can prove its death at once
``before``   MODULE:FUNCTION that is called before anything else, to bend this process' world
"""

from __future__ import annotations

import asyncio
import ctypes
import importlib
import json
import logging
import os
import signal
import sys
from dataclasses import replace
from typing import Any

from sagewai import WorkflowWorker, open_store
from sagewai.core.worker import host, process
from sagewai.models.session import ProcessIdentity

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Leave nobody behind, however the tests end."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def stand_elsewhere(machine: str) -> None:
    """Say that this process runs on another machine: nobody here can prove its death then."""

    def identity() -> ProcessIdentity:
        return replace(process.this_process(), host=machine)

    host.this_process = identity  # type: ignore[attr-defined]


def named(place: str) -> Any:
    """The object at MODULE:NAME."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


async def work(options: dict[str, Any]) -> None:
    make = named(options.pop("flow", "tests.faults.workload:ledger_workflow"))
    flow = make(**options.pop("flow_options", {}))
    await WorkflowWorker(
        store=open_store(os.environ["SAGEWAI_STORE"]), workflow_registry=flow, **options
    ).start()


def main(options: dict[str, Any]) -> None:
    die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    machine, before = options.pop("machine"), options.pop("before", None)
    if machine:
        stand_elsewhere(machine)
    if before:
        named(before)()
    asyncio.run(work(options))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
