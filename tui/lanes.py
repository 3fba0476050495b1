"""A run's history as lanes: for each step when it ran, failed, backed off, waited, was lost. Pure.

Attempts say what ran; events say what the run waited for in between, and that time belongs to the step that was next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sagewai.models.history import Attempt, Event, EventKind
from sagewai.models.run import Run, StepInfo
from sagewai.models.status import TERMINAL, Outcome, RunStatus, WaitReason


class SpanKind(StrEnum):
    """What a stretch of time was spent on."""

    RAN = "ran"
    FAILED = "failed"
    LOST = "lost"
    RELEASED = "released"
    LIVE = "live"
    BACKOFF = "backoff"
    WAITING = "waiting"
    QUEUED = "queued"
    PAUSED = "paused"

    @property
    def is_work(self) -> bool:
        """Whether a worker was busy with it."""
        return self in _WORK


_WORK = frozenset({SpanKind.RAN, SpanKind.FAILED, SpanKind.LOST, SpanKind.RELEASED, SpanKind.LIVE})
_BY_OUTCOME = {
    Outcome.COMPLETED: SpanKind.RAN,
    Outcome.SUSPENDED: SpanKind.RAN,
    Outcome.FAILED: SpanKind.FAILED,
    Outcome.TIMED_OUT: SpanKind.FAILED,
    Outcome.CANCELLED: SpanKind.FAILED,
    Outcome.REJECTED: SpanKind.FAILED,
    Outcome.LOST: SpanKind.LOST,
    Outcome.RELEASED: SpanKind.RELEASED,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds since the run was submitted; ``token`` of the claim that did the work."""

    kind: SpanKind
    start: float
    end: float
    token: int = 0

    @property
    def seconds(self) -> float:
        return self.end - self.start


class LaneState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    SIGNAL = "signal"
    TIMER = "timer"
    PAUSED = "paused"
    NEXT = "next"
    FAILED = "failed"
    ENDED = "ended"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Lane:
    """One step. ``tokens`` are the claims it was tried under, in order, each once."""

    step: str
    state: LaneState
    spans: tuple[Span, ...] = ()
    attempts: int = 0
    max_attempts: int = 1
    tokens: tuple[int, ...] = ()
    lost: int = 0

    @property
    def elapsed(self) -> float:
        """Seconds from its first start to its last end."""
        return self.spans[-1].end - self.spans[0].start if self.spans else 0.0


@dataclass(frozen=True, slots=True)
class History:
    """All lanes of a run up to ``end`` seconds after its submission; ``live`` while the run isn't over."""

    lanes: tuple[Lane, ...]
    end: float
    live: bool


def history(
    run: Run, steps: Sequence[StepInfo], attempts: Sequence[Attempt], events: Sequence[Event], now: datetime
) -> History:
    """Lanes in the order of the declared steps; where no code has been seen, in the order the steps were tried."""
    origin = run.created_at
    names = [step.name for step in steps] or list(
        dict.fromkeys([*(attempt.step for attempt in attempts), *([run.step] if run.step else [])])
    )
    live = run.status not in TERMINAL
    last = max([origin, *(attempt.finished_at for attempt in attempts), *(event.at for event in events)])
    end = max((now if live else last).timestamp() - origin.timestamp(), 0.0)
    spans: dict[str, list[Span]] = {name: [] for name in names}
    for attempt in attempts:
        start, stop = _since(origin, attempt.started_at), _since(origin, attempt.finished_at)
        span = Span(_BY_OUTCOME[attempt.outcome], start, max(start, stop), attempt.token)
        spans.setdefault(attempt.step, []).append(span)
    if run.status is RunStatus.RUNNING and run.step is not None:
        start = min(end, _since(origin, run.step_started_at or run.changed_at))
        spans.setdefault(run.step, []).append(Span(SpanKind.LIVE, start, end, run.token))
    for step, idle in _idle(run, names, attempts, events, end):
        spans.setdefault(step, []).append(idle)
    limits = {step.name: step.max_attempts for step in steps}
    lanes = tuple(
        _lane(
            run, name, tuple(sorted(spans[name], key=lambda span: span.start)), attempts, limits.get(name, 1)
        )
        for name in spans
    )
    return History(lanes, end, live)


def _lane(
    run: Run, step: str, spans: tuple[Span, ...], attempts: Sequence[Attempt], max_attempts: int
) -> Lane:
    mine = [attempt for attempt in attempts if attempt.step == step]
    tokens = [attempt.token for attempt in mine]
    number = max((attempt.attempt for attempt in mine), default=0)
    if run.status is RunStatus.RUNNING and run.step == step:
        tokens.append(run.token)
        number = run.attempt
    return Lane(
        step=step,
        state=_state(run, step, mine),
        spans=spans,
        attempts=number,
        max_attempts=max_attempts,
        tokens=tuple(dict.fromkeys(tokens)),
        lost=sum(attempt.outcome is Outcome.LOST for attempt in mine),
    )


_WAITS = {
    None: LaneState.WAITING,
    WaitReason.APPROVAL: LaneState.WAITING,
    WaitReason.TIMER: LaneState.TIMER,
    WaitReason.SIGNAL: LaneState.SIGNAL,
}


def _state(run: Run, step: str, attempts: Sequence[Attempt]) -> LaneState:
    if any(attempt.outcome is Outcome.COMPLETED for attempt in attempts):
        return LaneState.DONE
    if run.step != step:
        return LaneState.AHEAD
    if run.status is RunStatus.WAITING:
        return _WAITS[run.wait]
    return {
        RunStatus.RUNNING: LaneState.RUNNING,
        RunStatus.PAUSED: LaneState.PAUSED,
        RunStatus.PENDING: LaneState.NEXT,
        RunStatus.FAILED: LaneState.FAILED,
    }.get(run.status, LaneState.ENDED)


_OPENS = {
    EventKind.SUBMITTED: SpanKind.QUEUED,
    EventKind.WAITING: SpanKind.WAITING,
    EventKind.WOKEN: SpanKind.QUEUED,
    EventKind.TAKEN_OVER: SpanKind.QUEUED,
    EventKind.RELEASED: SpanKind.QUEUED,
    EventKind.REFUSED: SpanKind.QUEUED,
    EventKind.PAUSED: SpanKind.PAUSED,
    EventKind.RESUMED: SpanKind.QUEUED,
    EventKind.RETRIED: SpanKind.QUEUED,
}
_FAILED = frozenset({Outcome.FAILED, Outcome.TIMED_OUT})
_CLOSES = frozenset(
    {EventKind.CLAIMED, EventKind.COMPLETED, EventKind.FAILED, EventKind.CANCELLED, EventKind.REJECTED}
)


def _idle(
    run: Run, names: Sequence[str], attempts: Sequence[Attempt], events: Sequence[Event], end: float
) -> list[tuple[str, Span]]:
    """The stretches in which no worker held the run, each with the step that was next."""
    found: list[tuple[str, Span]] = []
    finished = [_since(run.created_at, attempt.finished_at) for attempt in attempts]
    open_span: Span | None = None

    def close(at: float) -> None:
        if open_span is not None and at > open_span.start:
            step = _step_at(run, names, attempts, finished, open_span.start)
            if step is not None:
                found.append((step, replace(open_span, end=at)))

    for event in events:
        if event.kind not in _OPENS and event.kind not in _CLOSES:
            continue
        at = _since(run.created_at, event.at)
        close(at)
        kind = _OPENS.get(event.kind)
        if kind is SpanKind.WAITING and _failed_before(attempts, finished, at):
            kind = SpanKind.BACKOFF
        open_span = None if kind is None else Span(kind, at, at)
    if run.status not in TERMINAL and run.status is not RunStatus.RUNNING:
        close(end)
    return found + _short_backoffs(run, attempts, end)


def _failed_before(attempts: Sequence[Attempt], finished: Sequence[float], at: float) -> bool:
    """Whether what ended last was a failed attempt: the wait after it is its back-off, not one its step asked for."""
    before = bisect_right(finished, at + 1e-6)
    return before > 0 and attempts[before - 1].outcome in _FAILED


def _short_backoffs(run: Run, attempts: Sequence[Attempt], end: float) -> list[tuple[str, Span]]:
    """A short delay is slept under the lease: no event says so, the attempt's ``delay`` does."""
    found = []
    for attempt in attempts:
        if attempt.outcome in _FAILED and attempt.delay:
            start = _since(run.created_at, attempt.finished_at)
            found.append((attempt.step, Span(SpanKind.BACKOFF, start, min(end, start + attempt.delay))))
    return found


def _step_at(
    run: Run, names: Sequence[str], attempts: Sequence[Attempt], finished: Sequence[float], at: float
) -> str | None:
    before = bisect_right(finished, at + 1e-6)
    if before == 0:
        return names[0] if names else run.step
    attempt = attempts[before - 1]
    if attempt.outcome is not Outcome.COMPLETED or attempt.step not in names:
        return attempt.step
    following = names.index(attempt.step) + 1
    return names[following] if following < len(names) else attempt.step


def _since(origin: datetime, moment: datetime) -> float:
    return max(0.0, (moment - origin).total_seconds())
