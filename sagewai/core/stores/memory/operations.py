"""What operators do to a run: cancel, pause, resume, step, retry, discard, set its priority."""

from __future__ import annotations

from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.rows import Asked, RunRow
from sagewai.core.stores.memory.state import State
from sagewai.core.transitions import Operation, after
from sagewai.errors import DeadLetterNotFound, InvalidOptionError, InvalidTransition
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import Ask, RunStatus

_OPERATORS = frozenset(
    {
        Operation.CANCEL,
        Operation.PAUSE,
        Operation.RESUME,
        Operation.STEP,
        Operation.RETRY,
        Operation.DISCARD,
        Operation.SET_PRIORITY,
    }
)


def operate(
    state: State, run_id: str, operation: Operation, actor: Actor, reason: str, priority: int | None
) -> RunRow:
    check_actor(actor, reason)
    run = state.run(run_id)
    status = after(run.status, operation, run_id=run_id) if operation in _OPERATORS else run.status
    match operation:
        case Operation.CANCEL:
            _cancel(state, run, status, actor, reason)
        case Operation.PAUSE:
            _pause(state, run, status, actor, reason)
        case Operation.RESUME:
            _resume(state, run, actor, reason)
        case Operation.STEP:
            state.make_ready(run, Asked(Ask.PAUSE, actor, reason, at=state.now))
            state.tell(run, EventKind.STEPPED, actor, reason, {"step": run.step})
        case Operation.RETRY:
            _retry(state, run, status, actor, reason)
        case Operation.DISCARD:
            _discard(state, run, actor, reason)
        case Operation.SET_PRIORITY if priority is not None:
            _set_priority(state, run, actor, reason, priority)
        case _:
            raise InvalidOptionError(
                f"an operator can't {operation} a run with priority {priority!r}: use CANCEL, PAUSE, RESUME, STEP, "
                "RETRY, DISCARD, or SET_PRIORITY with a priority"
            )
    return run


def _cancel(state: State, run: RunRow, status: RunStatus, by: Actor, reason: str) -> None:
    if status is RunStatus.RUNNING:
        _ask(state, run, Ask.CANCEL, by, reason)
    else:
        state.cancel(run, by, reason)


def _pause(state: State, run: RunRow, status: RunStatus, by: Actor, reason: str) -> None:
    if status is RunStatus.RUNNING:
        _ask(state, run, Ask.PAUSE, by, reason)
    else:
        state.pause(run, by, reason)


def _ask(state: State, run: RunRow, ask: Ask, by: Actor, reason: str) -> None:
    if run.asked is None or (run.asked.ask is Ask.PAUSE and ask is Ask.CANCEL):
        run.asked = Asked(ask, by, reason, at=state.now)
    elif run.asked.ask is not ask:
        raise InvalidTransition(f"can't {ask} run {run.run_id!r}: it is being cancelled", run_id=run.run_id)
    kind = EventKind.CANCEL_REQUESTED if ask is Ask.CANCEL else EventKind.PAUSE_REQUESTED
    state.tell(run, kind, by, reason)


def _resume(state: State, run: RunRow, by: Actor, reason: str) -> None:
    if run.status is not RunStatus.PAUSED:
        if run.asked is None or run.asked.ask is not Ask.PAUSE:
            raise InvalidTransition(
                f"can't resume run {run.run_id!r}: it is {run.status} and nobody asked it to pause",
                run_id=run.run_id,
            )
        run.asked = None
    else:
        state.make_ready(run)
    state.tell(run, EventKind.RESUMED, by, reason)


def _retry(state: State, run: RunRow, status: RunStatus, by: Actor, reason: str) -> None:
    _pop_dead_letter(state, run)
    run.attempt, run.takeovers, run.error = 1, 0, None
    state.forget_deadline(run)
    state.move(run, status)
    state.tell(run, EventKind.RETRIED, by, reason, {"step": run.step})


def _discard(state: State, run: RunRow, by: Actor, reason: str) -> None:
    error_type = _pop_dead_letter(state, run)
    state.tell(run, EventKind.DISCARDED, by, reason, {"error": error_type})


def _set_priority(state: State, run: RunRow, by: Actor, reason: str, priority: int) -> None:
    before = run.priority
    state.reprioritise(run, priority)
    state.tell(run, EventKind.PRIORITY_CHANGED, by, reason, {"before": before, "after": priority})


def _pop_dead_letter(state: State, run: RunRow) -> str:
    if run.key not in state.dead:
        raise DeadLetterNotFound(f"run {run.run_id!r} has no dead letter: it was discarded")
    _, letter = state.dead.pop(run.key)
    return letter.error.type
