"""Rows as the caller gets them: immutable values that share nothing with the store."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from sagewai.core.labels import decode_labels
from sagewai.core.stores.base import EXPIRED_REASON
from sagewai.core.stores.memory.rows import ApprovalRow, RunRow, SessionRow, SignalRow, WaitRow
from sagewai.core.stores.memory.state import KEPT_MINUTES, State
from sagewai.models.actor import SYSTEM
from sagewai.models.approval import Approval
from sagewai.models.bulk import BulkStatus
from sagewai.models.run import Run, RunOutcome
from sagewai.models.session import NEWEST, Counts, Glance, Minute, PoolOverview, Session
from sagewai.models.status import TERMINAL, ApprovalStatus, RunStatus, SessionStatus
from sagewai.models.wait import Signal, Wait

LISTED_FOR = 24 * 3600.0
"""Seconds for which sessions that are over are still listed."""

STALE_FOR = 3600.0
"""Seconds for which a worker that lost its lease counts as stale."""


def run_view(state: State, run: RunRow) -> Run:
    steps = run.definition.steps if run.definition else ()
    running = run.status is RunStatus.RUNNING
    return Run(
        run_id=run.run_id,
        workflow=run.workflow,
        status=run.status,
        wait=run.wait,
        pool=run.pool,
        labels=MappingProxyType(decode_labels(run.labels)),
        version=run.version,
        priority=run.priority,
        tags=MappingProxyType(dict(run.tags)),
        step=run.step,
        steps_done=run.seq,
        steps_total=len(steps),
        attempt=run.attempt,
        max_attempts=steps[min(run.seq, len(steps) - 1)].max_attempts if steps else 1,
        token=run.token,
        takeovers=run.takeovers,
        asked=run.asked.ask if run.asked else None,
        worker=state.worker_of(run),
        session=run.session,
        created_at=state.time(run.created),
        changed_at=state.time(run.changed),
        step_started_at=state.time(run.step_started) if running else None,
        due_at=_maybe(state, run.due),
        submitted_by=run.submitted_by,
        deadline_at=_maybe(state, run.deadline),
        spent=run.spent,
    )


def outcome_view(state: State, run: RunRow) -> RunOutcome:
    by, reason = "", ""
    if run.status is RunStatus.CANCELLED:
        by, reason = run.ended_by, run.ended_for
    elif run.status is RunStatus.REJECTED:
        by, reason = _rejected_by(run)
    return RunOutcome(
        status=run.status,
        wait=run.wait,
        step=run.step,
        output=list(run.results.values())[-1] if run.status is RunStatus.COMPLETED else None,
        error=run.error,
        by=by,
        reason=reason,
        due_at=_maybe(state, run.due),
        session=run.session,
    )


def _rejected_by(run: RunRow) -> tuple[str, str]:
    rejections = [
        approval.decision
        for approval in run.approvals
        if approval.status is ApprovalStatus.REJECTED and approval.decision
    ]
    if not rejections:
        return SYSTEM.name, EXPIRED_REASON
    last = max(rejections, key=lambda decision: decision.decided_at)
    return last.reviewer.name, last.reason


def approval_view(state: State, approval: ApprovalRow, *, whole: bool = True) -> Approval:
    request = approval.request
    is_claimed = state.now < approval.claimed_until
    is_snoozed = state.now < approval.snoozed_until
    return Approval(
        id=approval.id,
        run_id=approval.run.run_id,
        workflow=approval.run.workflow,
        pool=approval.run.pool,
        step=request.step,
        branch=request.branch,
        gate=request.gate,
        status=approval.status,
        prompt=request.prompt,
        context=request.context if whole else None,
        context_bytes=len(request.context.encode()),
        digest=request.digest,
        revision=approval.revision,
        requested_at=state.time(approval.requested),
        deadline_at=_maybe(state, approval.deadline),
        decision=approval.decision,
        decisions=tuple(approval.decisions),
        policy=request.policy,
        level=approval.level,
        requester=approval.run.submitted_by,
        claimed_by=approval.claimed_by if is_claimed else None,
        claimed_until=state.time(approval.claimed_until) if is_claimed else None,
        snoozed_until=state.time(approval.snoozed_until) if is_snoozed else None,
    )


def wait_view(state: State, wait: WaitRow) -> Wait:
    request, signal = wait.request, wait.signal
    return Wait(
        run_id=wait.run.run_id,
        step=request.step,
        branch=request.branch,
        key=request.key,
        kind=request.kind,
        name=request.name,
        status=wait.status,
        asked_at=state.time(wait.asked),
        due_at=_maybe(state, wait.due),
        settled_at=_maybe(state, wait.settled),
        payload=signal.payload if signal else None,
        sender=signal.sender if signal else None,
    )


def signal_view(state: State, signal: SignalRow) -> Signal:
    return Signal(
        id=signal.id,
        run_id=signal.run.run_id,
        name=signal.name,
        payload=signal.payload,
        sent_at=state.time(signal.sent),
        sender=signal.sender,
        taken=signal.taken,
    )


def session_view(state: State, session: SessionRow) -> Session:
    spec = session.spec
    assigned = [state.runs[key] for key in session.assigned]
    return Session(
        id=session.id,
        name=spec.name,
        kind=spec.kind,
        pool=spec.pool,
        labels=MappingProxyType(decode_labels(session.labels)),
        workflows=tuple(definition.workflow for definition in spec.definitions),
        status=session.status,
        asked=session.asked,
        live=session.is_live(state.now),
        process=spec.process,
        running=len(session.held),
        assigned=sum(run.status is RunStatus.PENDING and state.now < run.assigned_until for run in assigned),
        max_concurrent=spec.max_concurrent,
        started_at=state.time(session.started),
        beat_at=state.time(session.beat),
        lease_until=state.time(session.lease_until),
        versions=MappingProxyType({known.workflow: known.version for known in reversed(spec.definitions)}),
    )


def held_view(state: State, session: int, limit: int) -> list[Run]:
    found = state.sessions.get(session)
    held = sorted(found.held, reverse=True) if found else []
    return [run_view(state, state.runs[key]) for key in held[:limit]]


def sessions_view(state: State, live_only: bool, limit: int) -> list[Session]:
    rows = [
        session
        for session in state.sessions.values()
        if session.is_live(state.now)
        or (not live_only and state.now - (session.ended or session.lease_until) < LISTED_FOR)
    ]
    rows.sort(key=lambda session: (not session.is_live(state.now), -session.id))
    return [session_view(state, session) for session in rows[:limit]]


def counts_view(state: State) -> Counts:
    by_pool: dict[str, dict[RunStatus, int]] = {}
    for (pool, status), count in sorted(state.counters.items()):
        if count:
            by_pool.setdefault(pool, {})[status] = count
    return Counts(
        by_pool=MappingProxyType({pool: MappingProxyType(counts) for pool, counts in by_pool.items()}),
        dead_letters=len(state.dead),
        pending_approvals=len(state.pending_approvals),
    )


def pools_view(state: State) -> list[PoolOverview]:
    live: dict[str, list[SessionRow]] = {}
    stale: dict[str, int] = {}
    for session in state.sessions.values():
        if session.spec.kind != "worker":
            continue
        if session.is_live(state.now):
            live.setdefault(session.spec.pool, []).append(session)
        elif session.status is not SessionStatus.STOPPED and state.now - session.lease_until < STALE_FOR:
            stale[session.spec.pool] = stale.get(session.spec.pool, 0) + 1
    oldest: dict[str, float] = {}
    for key in state.by_status[RunStatus.PENDING]:
        run = state.runs[key]
        oldest[run.pool] = min(run.changed, oldest.get(run.pool, run.changed))
    unfinished = {
        pool for (pool, status), count in state.counters.items() if count and status not in TERMINAL
    }
    return [
        PoolOverview(
            pool=pool,
            pending=state.counters[pool, RunStatus.PENDING],
            running=state.counters[pool, RunStatus.RUNNING],
            waiting=state.counters[pool, RunStatus.WAITING],
            live_workers=len(live.get(pool, ())),
            stale_workers=stale.get(pool, 0),
            capacity=sum(
                each.spec.max_concurrent for each in live.get(pool, ()) if each.may_claim(state.now)
            ),
            oldest_pending_at=_maybe(state, oldest.get(pool)),
            paused=pool in state.paused_pools,
        )
        for pool in sorted(unfinished | live.keys() | state.paused_pools)
    ]


def glance_view(state: State) -> Glance:
    return Glance(
        now=state.time(state.now),
        counts=counts_view(state),
        pools=tuple(pools_view(state)),
        newest_bulk=max(state.bulks, default=0),
        running_bulks=sum(job.status is BulkStatus.RUNNING for job in state.bulks.values()),
        newest_approvals=tuple(
            each for each in sorted(state.approvals, reverse=True)[:NEWEST] if each in state.pending_approvals
        ),
        newest_dead_letters=tuple(
            sorted((number for number, _ in state.dead.values()), reverse=True)[:NEWEST]
        ),
    )


def rates_view(state: State, minutes: int) -> list[Minute]:
    since = int(state.now // 60) - min(minutes, KEPT_MINUTES)
    return [
        Minute(state.time(minute * 60.0), MappingProxyType(dict(came)))
        for minute, came in sorted(state.minutes.items())
        if minute > since
    ]


def _maybe(state: State, at: float | None) -> datetime | None:
    return None if at is None else state.time(at)
