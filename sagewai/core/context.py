"""What a step can see of its surroundings, and where a suspension is noted before it is raised."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sagewai.core.calling import Asked, Kept, Made
from sagewai.errors import NonRetryableError, OutsideRun
from sagewai.models.approval import Approval, ApprovalRequest
from sagewai.models.run import LabelValue
from sagewai.models.wait import Wait, WaitRequest

if TYPE_CHECKING:
    from sagewai.models.worker import WorkerCredentials

T = TypeVar("T")


@dataclass(slots=True)
class Notes:
    """What the attempt's body asked of the engine. Once noted it decides how the attempt ends, whatever the body does
    afterwards: gather, a bare except or ``finally: return`` can swallow an exception, but not this."""

    requests: tuple[ApprovalRequest, ...] = ()
    waits: tuple[WaitRequest, ...] = ()
    rejection: Exception | None = None
    fatal: NonRetryableError | None = None

    def __bool__(self) -> bool:
        return bool(self.requests) or bool(self.waits) or self.rejection is not None or self.fatal is not None


class Records(Protocol):
    """What the store knows of a step's approvals, timers and signals: read once per attempt, all of it at once, so that
    what is asked side by side is noted side by side, and parks together."""

    async def approvals(self) -> Sequence[Approval]: ...

    async def waits(self) -> Sequence[Wait]: ...


class Calls(Protocol):
    """What an attempt calls that is recorded; see :mod:`sagewai.core.recording`."""

    limit: int
    """Bytes that one response may have."""

    async def find(self, asked: Asked) -> Kept | None: ...

    async def keep(self, asked: Asked, made: Made, latency: float) -> Kept: ...

    def hear(self, name: str, piece: str) -> None: ...


@dataclass(slots=True)
class StepContext:
    """The attempt being executed. ``idempotency_key`` (``run_id:step``) is the same on every attempt of the step: hand
    it to whatever must not happen twice. To be read only: one is made for every attempt, and frozen takes three times
    as long."""

    run_id: str
    workflow: str
    step: str
    attempt: int
    max_attempts: int
    token: int
    pool: str
    labels: Mapping[str, LabelValue]
    tags: Mapping[str, str]
    records: Records = field(repr=False)
    calls: Calls = field(repr=False)
    loop: asyncio.AbstractEventLoop = field(repr=False)
    notes: Notes = field(default_factory=Notes, repr=False)
    _positions: dict[tuple[str, str], int] | None = field(default=None, repr=False)

    @property
    def idempotency_key(self) -> str:
        return f"{self.run_id}:{self.step}"

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Await ``work`` in the run's event loop from a sync step's thread, blocking that thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def next_position(self, branch: str, kind: str = "approval") -> int:
        """Counts the unnamed requests of a branch and kind, from 1, in the order they are made."""
        if self._positions is None:
            self._positions = {}
        position = self._positions[branch, kind] = self._positions.get((branch, kind), 0) + 1
        return position


_step: ContextVar[StepContext | None] = ContextVar("sagewai_step", default=None)
_branch: ContextVar[str] = ContextVar("sagewai_branch", default="")
_credentials: ContextVar[WorkerCredentials | None] = ContextVar("sagewai_credentials", default=None)


def current_step() -> StepContext | None:
    """The attempt this code runs in, or None outside a durable step."""
    return _step.get()


def require_step(call: str, error: type[OutsideRun] = OutsideRun) -> StepContext:
    """The attempt this code runs in. Raises ``error``, naming the call, outside a durable step."""
    step = current_step()
    if step is None:
        raise error(f"{call} needs a run around it: call it inside a step that wf.run() or a worker executes")
    return step


def require_thread(call: str, instead: str, error: type[OutsideRun] = OutsideRun) -> None:
    """Raise ``error``, saying what to call ``instead``, where this call would block a running event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise error(f"{call} would block the event loop here: {instead}")


def current_branch() -> str:
    """The path of parallel branches this code runs in, '' outside: ``review/editor``."""
    return _branch.get()


def get_worker_credentials() -> WorkerCredentials | None:
    """What the worker that executes this code brings to model calls; None outside a worker, or without any."""
    return _credentials.get()


class executing:  # noqa: N801 - used as a function; a class, because every attempt passes through here
    """Make a step the current one, in this task and the threads and tasks it starts. Branches begin anew: those of a
    step around this run are not the run's own."""

    __slots__ = ("_branch", "_outer", "_step")

    def __init__(self, step: StepContext) -> None:
        self._step = step

    def __enter__(self) -> None:
        self._outer = _step.set(self._step)
        self._branch = _branch.set("")

    def __exit__(self, *exc_info: object) -> None:
        _branch.reset(self._branch)
        _step.reset(self._outer)


@contextmanager
def branch(name: str) -> Iterator[None]:
    """Name a parallel branch, so that what happens in it has an identity that doesn't depend on arrival."""
    outer = _branch.get()
    token = _branch.set(f"{outer}/{name}" if outer else name)
    try:
        yield
    finally:
        _branch.reset(token)


def carry(credentials: WorkerCredentials | None) -> None:
    """Bring ``credentials`` to the model calls made in this context."""
    _credentials.set(credentials)
