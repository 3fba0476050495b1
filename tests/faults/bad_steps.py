"""What steps do that they shouldn't: each is an act of the workload."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Mapping

from sagewai import DurableWorkflow
from tests.faults import ledger
from tests.faults.workload import ACTS, Act, ledger_workflow

HOLD = "SAGEWAI_FAULTS_HOLD"
"""Seconds that the loop is blocked or the GIL held."""


HOLD_FROM = "SAGEWAI_FAULTS_HOLD_FROM"
"""The file whose existence says that it may begin."""


async def _let_go_ahead() -> bool:
    """Whether this is the step's first body, and the test is ready for it."""
    if not ledger.first_time():
        return False
    while not os.path.exists(os.environ[HOLD_FROM]):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return True


async def block_the_loop(_: DurableWorkflow) -> None:
    """As one does who calls time.sleep, or requests, in an async step."""
    if await _let_go_ahead():
        time.sleep(float(os.environ[HOLD]))  # noqa: ASYNC251


async def hold_the_gil(_: DurableWorkflow) -> None:
    """As an extension does that computes without letting go: no thread of this process runs."""
    if await _let_go_ahead():
        ctypes.PyDLL(None).usleep(int(1_000_000 * float(os.environ[HOLD])))


async def swallow_cancellation(_: DurableWorkflow) -> None:
    """Go on whoever says stop."""
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


async def hang_in_a_thread(_: DurableWorkflow) -> None:
    """Where no cancellation can reach."""
    await asyncio.to_thread(time.sleep, 60)


async def raise_cancelled(_: DurableWorkflow) -> None:
    """Nobody cancelled it."""
    raise asyncio.CancelledError


async def exit_the_process(_: DurableWorkflow) -> None:
    sys.exit(3)


async def interrupt_itself(_: DurableWorkflow) -> None:
    raise KeyboardInterrupt


async def abort_the_process(_: DurableWorkflow) -> None:
    """As a crash in C does, every time."""
    os.abort()


REPERTOIRE: Mapping[str, Act] = {
    **ACTS,
    **{
        act.__name__.replace("_", " "): act
        for act in (
            *(block_the_loop, hold_the_gil, swallow_cancellation, hang_in_a_thread, raise_cancelled),
            *(exit_the_process, interrupt_itself, abort_the_process),
        )
    },
}


def badly(*, timeout: float | None = None) -> DurableWorkflow:
    """The ledger workflow, whose steps can do all this."""
    return ledger_workflow(timeout=timeout, repertoire=REPERTOIRE)
