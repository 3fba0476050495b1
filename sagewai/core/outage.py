"""Reads that the engine makes for a step: an outage of the store delays them, and is no fault of the step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sagewai.core.failure import told
from sagewai.core.retry import RetryPolicy
from sagewai.errors import StoreUnavailable

log = logging.getLogger("sagewai.execution")

BACK_OFF = RetryPolicy(delay=0.2, factor=2, max_delay=5, jitter=0.5)
"""Between two looks while the store doesn't answer."""

T = TypeVar("T")


async def answered(look: Callable[[], Awaitable[T]], run_id: str) -> T:
    """What ``look`` gives once the store answers."""
    failures = 0
    while True:
        try:
            return await look()
        except StoreUnavailable as error:
            failures += 1
            log.warning("run %s waits for the store (%s)", run_id, told(error))
            await asyncio.sleep(BACK_OFF.wait(failures))
