"""What time makes due: lapsed sessions, stuck cancels, timers, deadlines."""

from __future__ import annotations

from sagewai.core.stores.base import (
    DEADLINE_PASSED,
    EXPIRED_REASON,
    POISON_LIMIT,
    POISONED,
    SUSPECT_AFTER,
    Ticked,
)
from sagewai.core.stores.memory.rows import Asked, RunRow, SessionRow
from sagewai.core.stores.memory.state import State, due
from sagewai.core.stores.memory.waits import settle_due
from sagewai.core.transitions import Operation, after
from sagewai.models.history import EventKind
from sagewai.models.status import TERMINAL, ApprovalStatus, Ask, Outcome, RunStatus, SessionStatus


def tick(state: State, limit: int) -> Ticked:
    lapsed = [each for each in state.sessions.values() if each.ended is None and not each.is_live(state.now)]
    lapsed = lapsed[:limit]
    for session in lapsed:
        session.status, session.ended = SessionStatus.LAPSED, state.now

    taken: list[RunStatus] = []
    for session in state.sessions.values():
        if session.status is SessionStatus.LAPSED and len(taken) < limit:
            taken += _take_over_all(state, session)

    stuck = _stuck_cancels(state)[:limit]
    for run, asked in stuck:
        _take_from_owner(state, run, Outcome.CANCELLED)
        state.cancel(run, asked.by, asked.reason)

    over = due(state.run_deadlines, state.now, limit, state.runs.__getitem__)
    del state.run_deadlines[: len(over)]
    for run in over:
        run.deadline = None
    timed_out = [run for run in over if run.status not in TERMINAL]
    for run in timed_out:
        _time_out(state, run)

    timers = due(state.timers, state.now, limit, state.runs.__getitem__)
    for run in timers:
        _wake(state, run)

    late = due(state.deadlines, state.now, limit, state.approvals.__getitem__)
    expired = [approval for approval in late if approval.next_rung is None]
    for approval in late:
        if approval.next_rung is not None:
            state.escalate(approval, to=approval.next_rung)
    for approval in expired:
        approval.run.wakeups += 1
        state.close_approval(approval, ApprovalStatus.EXPIRED)
    for run in dict.fromkeys(approval.run for approval in expired):
        status = after(run.status, Operation.REJECT, run_id=run.run_id)
        if status is not RunStatus.RUNNING:
            state.end(run, status, reason=EXPIRED_REASON)

    return Ticked(
        lapsed_sessions=len(lapsed),
        taken_over=sum(status in (RunStatus.PENDING, RunStatus.PAUSED) for status in taken),
        poisoned=taken.count(RunStatus.FAILED),
        woken=len(timers),
        expired=len(expired),
        escalated=len(late) - len(expired),
        cancelled=taken.count(RunStatus.CANCELLED) + len(stuck),
        timed_out=len(timed_out),
        more=max(len(lapsed), len(taken), len(stuck), len(over), len(timers), len(late)) >= limit,
    )


def _take_over_all(state: State, session: SessionRow) -> list[RunStatus]:
    """All its runs at once: whether it held a suspect must be seen by each."""
    runs = [state.runs[key] for key in sorted(session.held)]
    suspects = [run for run in runs if run.takeovers >= SUSPECT_AFTER]
    for run in suspects or runs:
        run.takeovers += 1
    return [_take_over(state, run, session) for run in runs]


def _take_over(state: State, run: RunRow, session: SessionRow) -> RunStatus:
    asked = run.asked
    _take_from_owner(state, run, Outcome.LOST)
    detail = {"token": run.token, "worker": session.spec.name, "takeovers": run.takeovers}
    state.tell(run, EventKind.TAKEN_OVER, detail=detail)
    if asked is not None and asked.ask is Ask.CANCEL:
        state.cancel(run, asked.by, asked.reason)
    elif run.takeovers >= POISON_LIMIT:
        after(run.status, Operation.POISON, run_id=run.run_id)
        state.fail(run, POISONED)
    elif asked is not None and asked.ask is Ask.PAUSE:
        state.pause(run, asked.by, asked.reason)
    else:
        state.move(run, after(run.status, Operation.TAKE_OVER, run_id=run.run_id))
    return run.status


def _take_from_owner(state: State, run: RunRow, outcome: Outcome) -> None:
    """Note how the owner's attempt ended, and fence the owner off."""
    state.note_attempt(run, outcome)
    run.token += 1
    run.rev += 1


def _stuck_cancels(state: State) -> list[tuple[RunRow, Asked]]:
    found: list[tuple[RunRow, Asked]] = []
    for key in sorted(state.by_status[RunStatus.RUNNING]):
        run = state.runs[key]
        asked, owner = run.asked, state.sessions[run.session or 0]
        if asked is not None and asked.ask is Ask.CANCEL:
            patience = 2 * owner.spec.lease_ttl
            if state.now >= asked.at + patience:
                found.append((run, asked))
    return found


def _time_out(state: State, run: RunRow) -> None:
    after(run.status, Operation.TIME_OUT, run_id=run.run_id)
    if run.status is RunStatus.RUNNING:
        _take_from_owner(state, run, Outcome.TIMED_OUT)
    state.tell(run, EventKind.DEADLINE_PASSED)
    state.fail(run, DEADLINE_PASSED)


def _wake(state: State, run: RunRow) -> None:
    run.wakeups += 1
    state.move(run, after(run.status, Operation.WAKE, run_id=run.run_id))
    by = "timer" if settle_due(state, run.waits) or run.attempt == 1 else "retry"
    state.tell(run, EventKind.WOKEN, detail={"by": by})
