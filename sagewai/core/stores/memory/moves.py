"""The owner's transitions: fenced by (token, rev), each writing its attempt and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sagewai.core.codec import require_storable
from sagewai.core.stores.memory.rows import ApprovalRow, Asked, RunRow, WaitRow
from sagewai.core.stores.memory.state import State, gate_detail
from sagewai.core.stores.memory.waits import ask_all, check_wait
from sagewai.core.transitions import settle
from sagewai.models.actor import SYSTEM, Actor
from sagewai.models.approval import ApprovalRequest
from sagewai.models.history import EventKind
from sagewai.models.run import ErrorInfo
from sagewai.models.status import ApprovalStatus, Ask, Outcome, RunStatus, WaitReason
from sagewai.models.transition import Move, Transition


def record(state: State, transitions: Sequence[Transition]) -> list[RunStatus | None]:
    for move in transitions:
        _check(move)
    return [_apply(state, move) for move in transitions]


def release(state: State, run: RunRow) -> RunStatus:
    """Hand a run back as its owner would."""
    move = Transition(
        key=run.key,
        token=run.token,
        rev=run.rev,
        move=Move.RELEASED,
        outcome=Outcome.RELEASED,
        seq=run.seq,
        step=run.step or "",
        attempt=run.attempt,
    )
    return _make(state, run, move)


def _check(move: Transition) -> None:
    for text, what in ((move.step, "step"), (move.next_step, "next_step"), (move.result, "the result")):
        require_storable(text or "", what)
    if move.error is not None:
        require_storable(move.error, "the error")
        error = _error(move.error)
        require_storable(error.type, "the error's type")
    for request in move.requests:
        for text in (
            request.step,
            request.branch,
            request.gate,
            request.prompt,
            request.context,
            request.digest,
        ):
            require_storable(text, "the approval request")
    for wait in move.waits:
        check_wait(wait)
    require_storable(move.route_version, "route_version")


def _error(text: str) -> ErrorInfo:
    return ErrorInfo(**json.loads(text))


def _apply(state: State, move: Transition) -> RunStatus | None:
    run = state.runs.get(move.key)
    if run is None or run.status is not RunStatus.RUNNING or (run.token, run.rev) != (move.token, move.rev):
        return None
    return _make(state, run, move)


def _make(state: State, run: RunRow, move: Transition) -> RunStatus:
    error = None if move.error is None else _error(move.error)
    retried = move.move in (Move.RETRY, Move.RETRY_LATER)
    worker = state.worker_of(run)
    asked = run.asked
    ask = asked.ask if asked else None
    waits = ask_all(state, run, move.waits) if move.move is Move.PARK and ask is not Ask.CANCEL else []
    settled = next((wait for wait in waits if not wait.is_pending), None)
    woken = run.wakeups > move.wakeups or settled is not None
    status = settle(move.move, asked=ask, woken=woken)

    run.step = move.step or run.step
    state.note_attempt(
        run, move.outcome, result=move.result, error=error, delay=move.delay if retried else None
    )
    run.rev += 1
    run.takeovers = 0
    _progress(run, move)
    if move.move is Move.PARK and status is not RunStatus.CANCELLED:
        _request(state, run, move)
    if move.move is Move.REFUSED:
        state.reroute(run, move.route_version)

    if status is RunStatus.RUNNING:
        run.step_started = state.now + (move.delay if retried else 0.0)
    elif status is RunStatus.CANCELLED:
        state.cancel(run, *_asker(asked))
    elif status is RunStatus.PAUSED:
        state.pause(run, *_asker(asked))
    elif status is RunStatus.FAILED:
        state.fail(run, error or ErrorInfo(type="", message=""))
    elif status in (RunStatus.COMPLETED, RunStatus.REJECTED):
        state.end(run, status)
        if status is RunStatus.COMPLETED:
            state.tell(run, EventKind.COMPLETED)
    elif status is RunStatus.WAITING:
        _wait(state, run, move, waits)
    elif move.move is Move.RELEASED:
        state.move(run, status)
        state.tell(run, EventKind.RELEASED, detail={"token": run.token, "worker": worker})
    elif move.move is Move.REFUSED:
        state.move(run, status)
        reason = error.message if error else ""
        state.tell(run, EventKind.REFUSED, reason=reason, detail={"token": run.token, "worker": worker})
    else:  # parked, but woken meanwhile
        state.move(run, status)
        by = "approval" if move.requests else settled.request.kind if settled else "signal"
        state.tell(run, EventKind.WOKEN, detail={"by": by})
    return status


def _asker(asked: Asked | None) -> tuple[Actor, str]:
    return (asked.by, asked.reason) if asked else (SYSTEM, "")


def _progress(run: RunRow, move: Transition) -> None:
    if move.move in (Move.STEP_DONE, Move.COMPLETED):
        run.results[move.step] = move.result or "null"
        run.seq += 1
        run.step = move.next_step if move.move is Move.STEP_DONE else None
        if move.move is Move.STEP_DONE:
            run.attempt = 1
    elif move.move in (Move.RETRY, Move.RETRY_LATER):
        run.attempt += 1


def _wait(state: State, run: RunRow, move: Transition, waits: Sequence[WaitRow]) -> None:
    reason, due = WaitReason.TIMER, None
    if move.move is Move.RETRY_LATER:
        due = state.now + move.delay
    else:
        due = min((wait.due for wait in waits if wait.due is not None), default=None)
        if run.pending_approvals() or not waits:
            reason = WaitReason.APPROVAL
        elif any(wait.request.kind == "signal" for wait in waits):
            reason = WaitReason.SIGNAL
    state.move(run, RunStatus.WAITING, wait=reason, due=due)
    when = {} if due is None else {"due_at": state.time(due).isoformat()}
    state.tell(run, EventKind.WAITING, detail={"for": reason.value, **when})


def _request(state: State, run: RunRow, move: Transition) -> None:
    for approval in run.pending_approvals():
        if approval.request.step != move.step:
            state.close_approval(approval, ApprovalStatus.CANCELLED)
    for request in move.requests:
        _ask(state, run, request)


def _ask(state: State, run: RunRow, request: ApprovalRequest) -> None:
    gate = (request.step, request.branch, request.gate)
    before = next((approval for approval in reversed(run.approvals) if approval.gate == gate), None)
    same = before is not None and before.request.digest == request.digest
    over = before is None or before.status in (ApprovalStatus.SUPERSEDED, ApprovalStatus.CANCELLED)
    if same and not over:
        return
    if before is not None and not over:
        state.close_approval(before, ApprovalStatus.SUPERSEDED)
    revision = 1 if before is None else before.revision + (not same)
    approval = ApprovalRow(
        id=len(state.approvals) + 1,
        run=run,
        request=request,
        revision=revision,
        requested=state.now,
        deadline=None if request.timeout is None else state.now + request.timeout,
    )
    state.add_approval(approval)
    detail = {**gate_detail(approval), "digest": request.digest}
    state.tell(run, EventKind.APPROVAL_REQUESTED, detail=detail)
