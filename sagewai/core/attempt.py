"""One call of one step's body, kept at arm's length: whatever it raises or swallows, the engine goes on."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sagewai.core.context import StepContext, executing
from sagewai.core.signature import StepFunction
from sagewai.errors import StepError, StepTimeout, Suspension

log = logging.getLogger("sagewai.attempt")


@dataclass(frozen=True, slots=True)
class BodyResult:
    """``cancelled``: it was stopped from outside. Otherwise ``error`` (if any) is what it raised."""

    value: Any = None
    error: BaseException | None = None
    cancelled: bool = False


class Body:
    """Runs a step's function once. Sync functions run in a daemon thread each, so that neither their number nor their
    hanging holds up other steps or the end of the process."""

    def __init__(
        self,
        function: StepFunction,
        is_async: bool,
        args: list[Any],
        kwargs: dict[str, Any],
        context: StepContext,
    ) -> None:
        self._function = function
        self._is_async = is_async
        self._args = args
        self._kwargs = kwargs
        self._context = context
        self._task: asyncio.Task[BodyResult] | None = None
        self._cancelled = asyncio.Event()

    def cancel(self) -> None:
        self._cancelled.set()

    async def run(self, *, timeout: float | None, grace: float) -> BodyResult:
        """Wait for the body, at most ``timeout`` seconds. One that must stop gets ``grace`` seconds to do so; then it
        is left behind: it may go on, but nothing it does is recorded."""
        self._task = asyncio.create_task(self._guarded(), name=f"step {self._context.idempotency_key}")
        cancelled = asyncio.create_task(self._cancelled.wait())
        try:
            await asyncio.wait({self._task, cancelled}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if self._task.done():
                return self._task.result()
            result = (
                BodyResult(cancelled=True)
                if self._cancelled.is_set()
                else BodyResult(
                    error=StepTimeout(f"step {self._context.step!r} took longer than {timeout:g} s")
                )
            )
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=grace)
            if not self._task.done():
                log.error(
                    "step %s ignores its cancellation; it is left behind", self._context.idempotency_key
                )
            elif self._context.notes:  # it had suspended before it was stopped
                return self._task.result()
            return result
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=grace)
            raise
        finally:
            cancelled.cancel()

    async def _guarded(self) -> BodyResult:
        """The body with everything it can raise turned into a value: SystemExit would otherwise end the event loop."""
        try:
            with executing(self._context):
                value = await (self._call() if self._is_async else _in_thread(self._call_sync))
                if inspect.isawaitable(value):
                    value = await value
            return BodyResult(value=value)
        except Suspension as error:
            return BodyResult(error=error)
        except asyncio.CancelledError:
            return BodyResult(error=StepError("the step's code was cancelled or raised CancelledError"))
        except BaseException as error:
            return BodyResult(error=error)

    async def _call(self) -> Any:
        return await self._function(*self._args, **self._kwargs)

    def _call_sync(self) -> Any:
        return self._function(*self._args, **self._kwargs)


async def _in_thread(function: Callable[[], Any]) -> Any:
    """``function`` in a daemon thread of its own, with this task's context variables."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        elif isinstance(error, StopIteration):  # a future can't carry it
            future.set_exception(RuntimeError("the step raised StopIteration"))
        else:
            future.set_exception(error)

    def work() -> None:
        value: Any = None
        failure: BaseException | None = None
        try:
            value = context.run(function)
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(settle, value, failure)
        except RuntimeError:  # the loop ended while the step went on: nobody is left to tell
            return

    threading.Thread(target=work, name="sagewai-step", daemon=True).start()
    return await future
