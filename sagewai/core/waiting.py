"""Durable sleep and signals: a step lets go of its worker until a time has come or something was sent to its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sagewai.core.codec import decode
from sagewai.core.commands import check_text
from sagewai.core.context import StepContext, current_branch, require_step, require_thread
from sagewai.core.retry import check_number
from sagewai.errors import InvalidOptionError, SignalTimeout, Suspension
from sagewai.models.status import WaitStatus
from sagewai.models.wait import Wait, WaitKind, WaitRequest

LONGEST = 366 * 24 * 3600.0
"""Seconds that one sleep, or one wait for a signal, may take."""


async def sleep(seconds: float, *, key: str | None = None) -> None:
    """Sleep durably inside a step: the run is let go, outlives every process, and goes on when the time is over, by the
    database's clock.

    The step's body runs again from its top then, and this call returns at once: do what must not be repeated in an
    earlier step. Sleeps of one step are told apart by their order; give those made in varying order a ``key``.

    Raises OutsideRun outside a step, InvalidOptionError, and an internal BaseException that lets go of the worker.
    """
    step = require_step("sleep()")
    request = _timer(step, key, delay=check_number("seconds", seconds, low=0.0, high=LONGEST))
    _settled(step, request, await step.records.waits())


def sleep_sync(seconds: float, *, key: str | None = None) -> None:
    """The same for sync steps."""
    step = _thread("sleep_sync()", "await sleep()")
    request = _timer(step, key, delay=check_number("seconds", seconds, low=0.0, high=LONGEST))
    _settled(step, request, step.wait_for(step.records.waits()))


async def sleep_until(when: datetime, *, key: str | None = None) -> None:
    """Sleep durably until a point in time, by the database's clock. ``when`` is aware. Otherwise like :func:`sleep`."""
    step = require_step("sleep_until()")
    request = _timer(step, key, until=_aware(when))
    _settled(step, request, await step.records.waits())


def sleep_until_sync(when: datetime, *, key: str | None = None) -> None:
    """The same for sync steps."""
    step = _thread("sleep_until_sync()", "await sleep_until()")
    request = _timer(step, key, until=_aware(when))
    _settled(step, request, step.wait_for(step.records.waits()))


async def wait_signal(name: str, *, timeout: float | None = None, key: str | None = None) -> Any:
    """Wait durably inside a step for ``DurableWorkflow.signal(run_id, name, payload)``, and give the payload.

    Holds no worker meanwhile. A signal that was sent before is kept for this call; each signal is given to one wait,
    the oldest first, and that answer stays when the body runs again from its top. Waits for one name are told apart by
    their order in the step, or by ``key``.

    Raises SignalTimeout when ``timeout`` seconds, by the database's clock, passed first (again on every retry of the
    step: catch it); otherwise as :func:`sleep`.
    """
    step = require_step("wait_signal()")
    request = _signal(step, name, timeout, key)
    return _settled(step, request, await step.records.waits())


def wait_signal_sync(name: str, *, timeout: float | None = None, key: str | None = None) -> Any:
    """The same for sync steps."""
    step = _thread("wait_signal_sync()", "await wait_signal()")
    request = _signal(step, name, timeout, key)
    return _settled(step, request, step.wait_for(step.records.waits()))


def _thread(call: str, instead: str) -> StepContext:
    step = require_step(call)
    require_thread(call, instead)
    return step


def _timer(
    step: StepContext, key: str | None, *, delay: float | None = None, until: datetime | None = None
) -> WaitRequest:
    return replace(_request(step, "timer", "", key), delay=delay, until=until)


def _signal(step: StepContext, name: str, timeout: float | None, key: str | None) -> WaitRequest:
    check_text("the signal's name", name, limit=200, empty=False)
    if timeout is not None:
        check_number("timeout", timeout, low=0.0, high=LONGEST)
    return replace(_request(step, "signal", name, key), delay=timeout)


def _request(step: StepContext, kind: WaitKind, name: str, key: str | None) -> WaitRequest:
    """Kind and name are part of the recorded key: other code under the same key asks for something new."""
    branch = current_branch()
    stem = f"{kind} {name}".rstrip()
    if key is None:
        key = f"#{step.next_position(branch, stem)}"
    else:
        check_text("key", key, limit=200, empty=False)
        if key.startswith("#"):
            raise InvalidOptionError(f"key {key!r} begins with '#', as those of waits without a key do")
        if step.next_position(branch, f"{stem} {key}") > 1:
            raise InvalidOptionError(f"key {key!r} is used twice for a {kind} of step {step.step!r}")
    return WaitRequest(step=step.step, branch=branch, key=f"{stem} {key}", kind=kind, name=name)


def _aware(when: object) -> datetime:
    if not isinstance(when, datetime):
        raise InvalidOptionError(f"when is a {type(when).__name__}: it must be a datetime")
    if when.utcoffset() is None:
        raise InvalidOptionError(
            f"when is {when.isoformat()} without a time zone: say datetime(..., tzinfo=UTC)"
        )
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise InvalidOptionError(f"when is {when.isoformat()}, which isn't a time in UTC") from None


def _settled(step: StepContext, request: WaitRequest, recorded: Sequence[Wait]) -> Any:
    """What became of the wait, where that is recorded. Otherwise it is noted before the suspension is raised."""
    asked = (request.branch, request.key)
    wait = next((each for each in recorded if (each.branch, each.key) == asked), None)
    if wait is not None and wait.status is WaitStatus.FIRED:
        return None if wait.payload is None else decode(wait.payload)
    if wait is not None and wait.status is WaitStatus.EXPIRED:
        limit = f" {request.delay:g} s" if request.delay is not None else " its time-out"
        raise SignalTimeout(f"no signal {request.name!r} came to run {step.run_id!r} within{limit}")
    step.notes.waits += (request,)
    what = f"signal {request.name!r}" if request.kind == "signal" else "a time"
    raise Suspension(f"run {step.run_id} waits for {what} in step {step.step}")
