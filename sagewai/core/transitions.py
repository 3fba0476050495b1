"""The one table of legal status changes: what each operation makes of a run in each status. Pure."""

from __future__ import annotations

from enum import StrEnum

from sagewai.errors import InvalidTransition
from sagewai.models.status import Ask, RunStatus
from sagewai.models.transition import Move

_S = RunStatus


class Operation(StrEnum):
    """Everything that can change a run's status, apart from its owner's moves."""

    CLAIM = "claim"
    TAKE_OVER = "take over"
    POISON = "give up as poisoned"
    TIME_OUT = "end at its deadline"
    WAKE = "wake"
    SIGNAL = "signal"
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    RETRY = "retry"
    DISCARD = "discard"
    SET_PRIORITY = "set the priority of"


LEGAL: dict[tuple[RunStatus, Operation], RunStatus] = {
    (_S.PENDING, Operation.CLAIM): _S.RUNNING,
    (_S.RUNNING, Operation.TAKE_OVER): _S.PENDING,
    (_S.RUNNING, Operation.POISON): _S.FAILED,
    (_S.PENDING, Operation.TIME_OUT): _S.FAILED,
    (_S.RUNNING, Operation.TIME_OUT): _S.FAILED,
    (_S.WAITING, Operation.TIME_OUT): _S.FAILED,
    (_S.PAUSED, Operation.TIME_OUT): _S.FAILED,
    (_S.WAITING, Operation.WAKE): _S.PENDING,
    # A signal nobody waits for yet is kept; one that a step waits for wakes the run.
    (_S.PENDING, Operation.SIGNAL): _S.PENDING,
    (_S.RUNNING, Operation.SIGNAL): _S.RUNNING,
    (_S.WAITING, Operation.SIGNAL): _S.WAITING,
    (_S.PAUSED, Operation.SIGNAL): _S.PAUSED,
    # A decision may arrive before the park (running) or while an operator holds the run (paused): recorded, not moved.
    (_S.WAITING, Operation.APPROVE): _S.PENDING,
    (_S.RUNNING, Operation.APPROVE): _S.RUNNING,
    (_S.PENDING, Operation.APPROVE): _S.PENDING,
    (_S.PAUSED, Operation.APPROVE): _S.PAUSED,
    (_S.WAITING, Operation.REJECT): _S.REJECTED,
    (_S.RUNNING, Operation.REJECT): _S.RUNNING,
    (_S.PENDING, Operation.REJECT): _S.REJECTED,
    (_S.PAUSED, Operation.REJECT): _S.REJECTED,
    (_S.PENDING, Operation.CANCEL): _S.CANCELLED,
    (_S.WAITING, Operation.CANCEL): _S.CANCELLED,
    (_S.PAUSED, Operation.CANCEL): _S.CANCELLED,
    (_S.RUNNING, Operation.CANCEL): _S.RUNNING,  # asked; the owner, or a sweep, carries it out
    (_S.PENDING, Operation.PAUSE): _S.PAUSED,
    (_S.WAITING, Operation.PAUSE): _S.PAUSED,
    (_S.RUNNING, Operation.PAUSE): _S.RUNNING,  # asked; honoured before the next step
    (_S.PAUSED, Operation.RESUME): _S.PENDING,
    (_S.RUNNING, Operation.RESUME): _S.RUNNING,  # takes back a pause that was only asked
    (_S.PENDING, Operation.RESUME): _S.PENDING,  # as well: after the single step it is ready for
    (_S.PAUSED, Operation.STEP): _S.PENDING,  # asked to pause again: it goes one step further
    (_S.FAILED, Operation.RETRY): _S.PENDING,
    (_S.FAILED, Operation.DISCARD): _S.FAILED,
    (_S.PENDING, Operation.SET_PRIORITY): _S.PENDING,
    (_S.RUNNING, Operation.SET_PRIORITY): _S.RUNNING,
    (_S.WAITING, Operation.SET_PRIORITY): _S.WAITING,
    (_S.PAUSED, Operation.SET_PRIORITY): _S.PAUSED,
}
"""Anything that is not here is an error."""

_NATURAL: dict[Move, RunStatus] = {
    Move.STEP_DONE: _S.RUNNING,
    Move.COMPLETED: _S.COMPLETED,
    Move.RETRY: _S.RUNNING,
    Move.RETRY_LATER: _S.WAITING,
    Move.PARK: _S.WAITING,
    Move.FAILED: _S.FAILED,
    Move.REJECTED: _S.REJECTED,
    Move.CANCELLED: _S.CANCELLED,
    Move.RELEASED: _S.PENDING,
    Move.REFUSED: _S.PENDING,
}

_YIELDING = frozenset({Move.STEP_DONE, Move.RETRY, Move.RETRY_LATER, Move.PARK, Move.RELEASED, Move.REFUSED})
"""Moves after which the run would go on, so that what an operator asked can be honoured instead."""


def after(status: RunStatus, operation: Operation, *, run_id: str = "") -> RunStatus:
    """The status that follows. Raises InvalidTransition, naming the run, where the table has no entry."""
    try:
        return LEGAL[status, operation]
    except KeyError:
        raise InvalidTransition(f"can't {operation} run {run_id!r}: it is {status}", run_id=run_id) from None


def settle(move: Move, *, asked: Ask | None = None, woken: bool = False) -> RunStatus:
    """The status that follows an owner's move of a running run.

    ``asked`` is what an operator wants; ``woken`` says that the run's wakeups rose since the parking step saw them, or
    that what it waits for is there already.
    """
    if move in _YIELDING:
        if asked is Ask.CANCEL:
            return _S.CANCELLED
        if asked is Ask.PAUSE:
            return _S.PAUSED
    if move is Move.PARK and woken:
        return _S.PENDING
    return _NATURAL[move]
