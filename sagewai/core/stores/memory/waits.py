"""Timers and signals: what a parked step waits for, and how each meets what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.codec import require_storable
from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.rows import RunRow, SignalRow, WaitRow
from sagewai.core.stores.memory.state import State
from sagewai.core.transitions import Operation, after
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.status import RunStatus, WaitReason, WaitStatus
from sagewai.models.wait import WaitRequest


def check_wait(request: WaitRequest) -> None:
    for text in (request.step, request.branch, request.key, request.name):
        require_storable(text, "what is waited for")


def ask_all(state: State, run: RunRow, requests: Sequence[WaitRequest]) -> list[WaitRow]:
    """The run's waits of these names, new ones recorded, each settled whose signal or time has come."""
    asked = [_ask(state, run, request) for request in requests]
    for wait in asked:
        kept = [signal for signal in run.signals if not signal.taken and signal.name == wait.request.name]
        if wait.is_pending and wait.request.kind == "signal" and kept:
            take(state, wait, kept[0])
    settle_due(state, asked)
    return asked


def _ask(state: State, run: RunRow, request: WaitRequest) -> WaitRow:
    name = (request.step, request.branch, request.key)
    for wait in run.waits:
        if wait.name == name:
            return wait
    due = None if request.until is None else request.until.timestamp()
    if request.delay is not None:
        due = state.now + request.delay
    run.waits.append(WaitRow(run=run, request=request, asked=state.now, due=due))
    return run.waits[-1]


def take(state: State, wait: WaitRow, signal: SignalRow) -> None:
    signal.taken = True
    wait.status, wait.settled, wait.signal = WaitStatus.FIRED, state.now, signal


def settle_due(state: State, waits: Sequence[WaitRow]) -> bool:
    """Settle those whose time has come; whether there was one."""
    due = [wait for wait in waits if wait.is_due(state.now)]
    for wait in due:
        wait.status = WaitStatus.FIRED if wait.request.kind == "timer" else WaitStatus.EXPIRED
        wait.settled = state.now
    return bool(due)


def signal(state: State, run_id: str, name: str, payload: str, sender: Actor) -> SignalRow:
    check_actor(sender)
    require_storable(name, "the signal's name")
    require_storable(payload, "the signal's payload")
    run = state.run(run_id)
    after(run.status, Operation.SIGNAL, run_id=run_id)
    state.signals += 1
    sent = SignalRow(state.signals, run, name, payload, state.now, sender)
    run.signals.append(sent)
    run.wakeups += 1
    state.tell(run, EventKind.SIGNALLED, sender, detail={"signal_id": sent.id, "name": name})
    here = (run.step, name)
    for wait in run.waits:
        if (
            wait.is_pending
            and wait.request.kind == "signal"
            and (wait.request.step, wait.request.name) == here
        ):
            take(state, wait, sent)
            if run.status is RunStatus.WAITING:
                state.move(run, after(run.status, Operation.WAKE, run_id=run_id))
                state.tell(run, EventKind.WOKEN, detail={"by": WaitReason.SIGNAL.value})
            break
    return sent
