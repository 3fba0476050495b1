"""WorkflowMonitor: what there is to see of runs, and the retry of a failed one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from sagewai.core import commands
from sagewai.core.actors import as_actor
from sagewai.core.codec import decode
from sagewai.core.stores.base import Store
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.execution import ExecutionDetail, StepState, StepView, TimelineEntry
from sagewai.models.history import Attempt
from sagewai.models.page import MAX_PAGE, Page, RunQuery
from sagewai.models.run import Run, RunOutcome, StepInfo
from sagewai.models.session import Counts, Minute, PoolOverview, Session
from sagewai.models.status import Outcome, RunStatus, WaitReason
from sagewai.models.wait import Wait


class WorkflowMonitor:
    """Reads one store; works without ``store.initialize()``."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def list_executions(
        self,
        status: str | RunStatus | Iterable[str] | None = None,
        *,
        workflow: str | None = None,
        pool: str | None = None,
        tag: str | None = None,
        prefix: str | None = None,
        order: Literal["newest", "changed"] = "newest",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Run]:
        """One page of runs, newest first; it iterates, and ``next_cursor`` leads to the next one. ``status`` is one or
        several, ``tag`` is ``key=value``, ``prefix`` begins the run_id. Raises InvalidOptionError."""
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidOptionError(f"limit is {limit}: it must lie between 1 and {MAX_PAGE}")
        query = RunQuery(
            status=_statuses(status),
            workflow=workflow,
            pool=pool,
            tag=_tag(tag),
            prefix=prefix,
            order=order,
            cursor=cursor,
            limit=limit,
        )
        return await self.store.list_runs(query)

    async def get_execution(self, run_id: str) -> ExecutionDetail:
        """A run with input, steps, results, approvals, timers and signals. Raises RunNotFound."""
        run = await self.store.get_run(run_id)
        outcome = await self.store.get_outcome(run_id)
        results = await self.store.get_results(run_id)
        attempts = await self.store.get_attempts(run_id)
        declared = await self.store.get_steps(run_id)
        return ExecutionDetail(
            run=run,
            input=decode(await self.store.get_input(run_id)),
            output=None if outcome.output is None else decode(outcome.output),
            steps=step_views(run, outcome, declared, attempts, results),
            error=outcome.error,
            approvals=tuple(await self.store.approvals_of(run_id)),
            waits=tuple(await self.store.waits_of(run_id)),
            signals=tuple(await self.store.signals_of(run_id)),
        )

    async def get_execution_timeline(self, run_id: str) -> list[TimelineEntry]:
        """Attempts, waits and events in order of time, the running attempt included. Raises RunNotFound."""
        run = await self.store.get_run(run_id)
        attempts = await self.store.get_attempts(run_id)
        entries = [attempt_entry(attempt) for attempt in attempts]
        entries += [wait_entry(wait) for wait in await self.store.waits_of(run_id)]
        after = 0
        while events := await self.store.get_events(run_id, after=after):
            after = events[-1].id
            entries += [
                TimelineEntry(
                    at=event.at,
                    kind=event.kind.value,
                    actor=event.actor,
                    reason=event.reason,
                    step=_text(event.detail.get("step")),
                    token=_number(event.detail.get("token")),
                    worker=_text(event.detail.get("worker")),
                    detail=event.detail,
                )
                for event in events
            ]
        if run.status is RunStatus.RUNNING and run.step_started_at is not None:
            entries.append(
                TimelineEntry(
                    at=run.step_started_at,
                    kind="attempt",
                    step=run.step,
                    attempt=run.attempt,
                    token=run.token,
                    worker=run.worker,
                    outcome="running",
                )
            )
        entries.sort(key=lambda entry: (entry.at, entry.kind == "attempt"))  # what began it stands first
        return entries

    async def retry_execution(
        self, run_id: str, *, actor: Actor | str | None = None, reason: str = ""
    ) -> Run:
        """Let a failed run go on from its first step without a checkpoint. Raises RunNotFound, InvalidTransition."""
        return await commands.retry(self.store, run_id, actor=as_actor(actor), reason=reason)

    async def list_workers(self, *, live_only: bool = False) -> list[Session]:
        """Sessions of workers and scripts, live ones first."""
        return await self.store.list_sessions(live_only=live_only)

    async def list_pools(self) -> list[PoolOverview]:
        """Pools with what is queued, running and live in each."""
        return await self.store.list_pools()

    async def rates(self, minutes: int = 60) -> list[Minute]:
        """How many runs came into each status, minute by minute, of up to a day."""
        return await self.store.rates(minutes)

    async def counts(self) -> Counts:
        """How many runs are in each status, by pool."""
        return await self.store.counts()


def attempt_entry(attempt: Attempt) -> TimelineEntry:
    """A finished attempt as it stands on the timeline."""
    return TimelineEntry(
        at=attempt.started_at,
        until=attempt.finished_at,
        kind="attempt",
        step=attempt.step,
        attempt=attempt.attempt,
        token=attempt.token,
        worker=attempt.worker,
        outcome=attempt.outcome.value,
        error=attempt.error,
    )


def wait_entry(wait: Wait) -> TimelineEntry:
    """A timer, or a wait for a signal, as it stands on the timeline."""
    return TimelineEntry(
        at=wait.asked_at,
        until=wait.settled_at,
        kind="wait",
        step=wait.step,
        actor="" if wait.sender is None else wait.sender.name,
        reason=f"{wait.key}, {wait.status}",
        detail={
            "for": wait.kind,
            "name": wait.name,
            "status": wait.status.value,
            "due_at": None if wait.due_at is None else wait.due_at.isoformat(),
        },
    )


def step_views(
    run: Run,
    outcome: RunOutcome,
    declared: tuple[StepInfo, ...],
    attempts: list[Attempt],
    results: dict[str, str],
) -> tuple[StepView, ...]:
    """Each declared step's state; steps no code has declared are known only by their attempts. Pure."""
    by_step: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_step.setdefault(attempt.step, []).append(attempt)
    infos = declared or tuple(StepInfo(name) for name in by_step)
    views: list[StepView] = []
    for info in infos:
        tried = by_step.get(info.name, [])
        recorded = next((item for item in reversed(tried) if item.outcome is Outcome.COMPLETED), None)
        last = recorded or (tried[-1] if tried else None)
        state = "completed" if recorded else _state(run, outcome, info.name, last)
        running = state == "running"
        started = run.step_started_at if running else (last.started_at if last else None)
        finished = None if running or last is None else last.finished_at
        views.append(
            StepView(
                name=info.name,
                state=state,
                attempts=last.attempt if recorded and last else (run.attempt if info.name == run.step else 0),
                max_attempts=info.max_attempts,
                started_at=started,
                finished_at=finished,
                duration=(finished - started).total_seconds() if started and finished else None,
                result=decode(results[info.name]) if info.name in results else None,
                error=None if recorded or last is None else last.error,
                wait=run.wait if state == "waiting" else None,
            )
        )
    return tuple(views)


def _state(run: Run, outcome: RunOutcome, step: str, last: Attempt | None) -> StepState:
    if step != run.step and step != outcome.step:
        return "pending"
    if run.status is RunStatus.RUNNING:
        return "running"
    if run.status is RunStatus.WAITING:
        failed = last is not None and last.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
        return "retrying" if run.wait is WaitReason.TIMER and failed else "waiting"
    if run.status is RunStatus.FAILED:
        return "failed"
    return "pending" if run.status in (RunStatus.PENDING, RunStatus.PAUSED) else "stopped"


def _statuses(status: str | Iterable[str] | None) -> frozenset[RunStatus] | None:
    if status is None:
        return None
    names = [status] if isinstance(status, str) else list(status)
    try:
        return frozenset(RunStatus(name) for name in names)
    except ValueError:
        known = ", ".join(RunStatus)
        raise InvalidOptionError(f"status {names!r} isn't known; there are {known}") from None


def _tag(tag: str | None) -> tuple[str, str] | None:
    if tag is None:
        return None
    key, found, value = tag.partition("=")
    if not found or not key:
        raise InvalidOptionError(f"tag {tag!r} must be written key=value")
    return key, value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
