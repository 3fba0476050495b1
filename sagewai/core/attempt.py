"""One call of one step's body, kept at arm's length: whatever it raises or swallows, the engine goes on."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from sagewai.core.context import StepContext, executing
from sagewai.core.functions import is_async
from sagewai.core.signature import StepFunction
from sagewai.errors import StepError, StepTimeout, Suspension

log = logging.getLogger("sagewai.attempt")


class BodyResult(NamedTuple):
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
        self._cancelled = False
        self._waiting: asyncio.Future[None] | None = None

    def cancel(self) -> None:
        self._cancelled = True
        self._wake()

    async def run(self, *, timeout: float | None, grace: float) -> BodyResult:
        """Wait for the body, at most ``timeout`` seconds. One that must stop gets ``grace`` seconds to do so; then it
        is left behind: it may go on, but nothing it does is recorded."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        task = loop.create_task(self._guarded(), name=f"step {self._context.idempotency_key}")
        timer = None if timeout is None else loop.call_later(timeout, self._wake)
        try:
            if not self._cancelled:
                await self._waiting
        except asyncio.CancelledError:
            await self._end(task, grace)
            raise
        finally:
            if timer is not None:
                timer.cancel()
        if task.done():
            return task.result()
        cancelled = self._cancelled  # a cancellation that comes only now doesn't undo a time-out
        await self._end(task, grace)
        if task.done() and self._context.notes:  # it had suspended before it was stopped
            return task.result()
        if cancelled:
            return BodyResult(cancelled=True)
        return BodyResult(error=StepTimeout(f"step {self._context.step!r} took longer than {timeout:g} s"))

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _end(self, task: asyncio.Task[BodyResult], grace: float) -> None:
        task.cancel()
        await asyncio.wait({task}, timeout=grace)
        if not task.done():
            log.error("step %s ignores its cancellation; it is left behind", self._context.idempotency_key)

    async def _guarded(self) -> BodyResult:
        """The body with everything it can raise turned into a value: SystemExit would otherwise end the event loop."""
        try:
            with executing(self._context):
                value = await (self._call() if self._is_async else in_thread(self._call_sync))
                if inspect.isawaitable(value):
                    value = await value
            return BodyResult(value=value)
        except Suspension as error:
            return BodyResult(error=error)
        except asyncio.CancelledError:
            return BodyResult(error=StepError("the step's code was cancelled or raised CancelledError"))
        except BaseException as error:
            return BodyResult(error=error)
        finally:
            self._wake()  # a turn of the loop before the task's own callbacks would

    async def _call(self) -> Any:
        return await self._function(*self._args, **self._kwargs)

    def _call_sync(self) -> Any:
        return self._function(*self._args, **self._kwargs)


async def called(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """What the function returns; a sync one runs in a thread of its own."""
    if is_async(function):
        return await function(*args, **kwargs)
    value = await in_thread(lambda: function(*args, **kwargs))
    return await value if inspect.isawaitable(value) else value


async def in_thread(function: Callable[[], Any]) -> Any:
    """What ``function`` returns or raises, in a daemon thread of its own, with this task's context variables."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        elif isinstance(error, StopIteration):  # a future can't carry it
            future.set_exception(RuntimeError("it raised StopIteration"))
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
    try:
        return await future
    except asyncio.CancelledError:
        log.warning("a sync function can't be interrupted: its thread goes on until it returns by itself")
        raise
