"""Turns what the store knows into what the console draws: every text made safe, every fact formatted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sagewai.core.money import money
from sagewai.models.call import Spent
from sagewai.models.history import DeadLetter, ErrorGroup, Event
from sagewai.models.run import ErrorInfo, LabelValue, Run
from sagewai.models.session import Glance, PoolOverview, Session
from sagewai.models.status import Ask, RunStatus, SessionStatus
from tui.format import ASCII, UNICODE, Cell, Glyphs, Role, age, duration, number, run_state, session_state
from tui.keymap import Keymap
from tui.payload import Line, raw
from tui.text import Scribe
from tui.views import DeadRow, GroupRow, PoolRow, Ref, RunRow, Totals, WorkerRow

_DETAIL = 32
"""Characters of an event's detail that are shown: a digest's beginning is enough."""


@dataclass(frozen=True, slots=True)
class Shaper:
    """Draws with this terminal's characters, for this operator's keys."""

    scribe: Scribe = field(default_factory=Scribe)
    keys: Keymap = field(default_factory=Keymap)
    """For texts that name a key."""

    @property
    def glyphs(self) -> Glyphs:
        return ASCII if self.scribe.ascii else UNICODE

    def short(self, text: str) -> str:
        """Safe text for a cell."""
        return self.scribe.short(text)

    def ref(self, raw_id: str) -> Ref:
        return Ref(raw_id, self.short(raw_id))

    def run(self, run: Run, now: datetime) -> RunRow:
        state = run_state(run.status, run.wait, run.asked, self.glyphs)
        step = "" if run.step is None else self.short(run.step)
        total = str(run.steps_total) if run.steps_total else "?"
        at = min(run.steps_done + (run.step is not None), run.steps_total or run.steps_done + 1)
        tries = Cell(f"{run.attempt}/{run.max_attempts}", Role.WAITING if run.attempt > 1 else Role.DIM)
        over = run.status in {RunStatus.COMPLETED, RunStatus.REJECTED, RunStatus.CANCELLED}
        return RunRow(
            key=self.ref(run.run_id),
            status=run.status,
            wait=run.wait,
            asked=run.asked,
            workflow=self.short(run.workflow),
            cells={
                "state": state,
                "run": Cell(self.short(run.run_id), Role.DIM if over else Role.STRONG),
                "workflow": Cell(self.short(run.workflow), Role.DIM if over else Role.PLAIN),
                "step": Cell(
                    step, Role.DIM if over else Role.PLAIN, f" {at}/{total}" if step else f"{at}/{total}"
                ),
                "try": Cell("", Role.DIM) if over else tries,
                "age": Cell(age((now - run.changed_at).total_seconds()), Role.DIM),
                "pool": Cell(self.short(run.pool), Role.DIM if run.pool == "default" else Role.PLAIN),
                "cost": _cost(run.spent),
                "worker": Cell(self.short(run.worker or ""), Role.DIM),
                "submitted": Cell(self.short(run.submitted_by), Role.DIM),
            },
        )

    def labels(self, labels: Mapping[str, LabelValue]) -> str:
        """``gpu=true zone=local``; values are quoted only where their type would not show."""
        return " ".join(
            f"{self.short(key)}={self.short(value) if isinstance(value, str) else str(value).lower()}"
            for key, value in labels.items()
        )

    def pool(self, pool: PoolOverview, now: datetime) -> PoolRow:
        unserved = pool.live_workers == 0 and pool.pending > 0
        oldest = "" if pool.oldest_pending_at is None else age((now - pool.oldest_pending_at).total_seconds())
        live = Cell("NONE!", Role.FAILED) if unserved else Cell(number(pool.live_workers))
        if pool.live_workers == 0 and not unserved:
            live = Cell("none", Role.DIM)
        state = Cell(f"{self.glyphs.running} open" if pool.live_workers else "-", Role.DIM)
        if pool.paused:
            state = Cell(f"{self.glyphs.paused} PAUSED", Role.PAUSED)
        elif unserved:
            state = Cell(f"{self.glyphs.failed} waits", Role.FAILED)
        return PoolRow(
            key=self.ref(pool.pool),
            paused=pool.paused,
            cells={
                "pool": Cell(self.short(pool.pool), Role.STRONG),
                "state": state,
                "queued": Cell(number(pool.pending), Role.WAITING if unserved else Role.PLAIN),
                "running": Cell(number(pool.running), Role.RUNNING if pool.running else Role.DIM),
                "waiting": Cell(number(pool.waiting), Role.PLAIN if pool.waiting else Role.DIM),
                "live": live,
                "stale": Cell(number(pool.stale_workers), Role.FAILED if pool.stale_workers else Role.DIM),
                "capacity": Cell(
                    f"{number(pool.running)}/{number(pool.capacity)}" if pool.capacity else "-", Role.DIM
                ),
                "oldest": Cell(oldest or "-", Role.WAITING if unserved else Role.DIM),
            },
        )

    def worker(self, session: Session, now: datetime) -> WorkerRow:
        process = session.process
        load = f"{session.running}/{session.max_concurrent}"
        return WorkerRow(
            key=session.id,
            session=session.id,
            name=self.ref(session.name),
            live=session.live,
            paused=session.status is SessionStatus.PAUSED or session.asked is Ask.PAUSE,
            cells={
                "state": session_state(session.status, session.live, session.asked, self.glyphs),
                "worker": Cell(self.short(session.name), Role.STRONG if session.live else Role.DIM),
                "kind": Cell(session.kind, Role.DIM),
                "pool": Cell(self.short(session.pool) if session.kind == "worker" else "-"),
                "load": Cell(load, Role.RUNNING if session.running else Role.DIM),
                "beat": Cell(
                    age((now - session.beat_at).total_seconds()), Role.DIM if session.live else Role.FAILED
                ),
                "up": Cell(age((now - session.started_at).total_seconds()), Role.DIM),
                "labels": Cell(self.labels(session.labels) or "-", Role.DIM),
                "workflows": Cell(" ".join(map(self.short, session.workflows[:20])) or "-", Role.DIM),
                "process": Cell(f"{self.short(process.host)}:{process.pid}", Role.DIM),
            },
        )

    def totals(self, glance: Glance) -> Totals:
        counts, pools = glance.counts, glance.pools
        return Totals(
            by_status={status: counts.of(status) for status in RunStatus},
            by_pool=counts.by_pool,
            dead_letters=counts.dead_letters,
            approvals=counts.pending_approvals,
            live_workers=sum(pool.live_workers for pool in pools),
            stale_workers=sum(pool.stale_workers for pool in pools),
            unserved=tuple(self.short(pool.pool) for pool in pools if pool.pending and not pool.live_workers),
            newest_approvals=glance.newest_approvals,
            newest_dead_letters=glance.newest_dead_letters,
        )

    def dead_letter(self, letter: DeadLetter, now: datetime) -> DeadRow:
        return DeadRow(
            key=self.ref(letter.run_id),
            error_type=self.ref(letter.error.type),
            workflow=self.short(letter.workflow),
            cells={
                "age": Cell(age((now - letter.failed_at).total_seconds()), Role.DIM),
                "run": Cell(self.short(letter.run_id), Role.STRONG),
                "workflow": Cell(self.short(letter.workflow)),
                "step": Cell(self.short(letter.step or "-")),
                "tries": Cell(str(letter.attempts)),
                "lost": Cell(str(letter.takeovers), Role.FAILED if letter.takeovers else Role.DIM),
                "error": Cell(self.short(f"{letter.error.code}: {letter.error.message}"), Role.FAILED),
                "pool": Cell(self.short(letter.pool), Role.DIM),
            },
            error=self.error(letter.error),
        )

    def group(self, group: ErrorGroup, now: datetime) -> GroupRow:
        return GroupRow(
            key=self.ref(group.error_type),
            count=group.count,
            cells={
                "error": Cell(self.short(group.error_type), Role.FAILED),
                "count": Cell(number(group.count), Role.STRONG),
                "newest": Cell(age((now - group.newest_at).total_seconds()), Role.DIM),
                "workflows": Cell(" ".join(map(self.short, group.workflows)), Role.DIM),
            },
        )

    def error(self, error: ErrorInfo) -> tuple[Line, ...]:
        """An error with its traceback, the message first."""
        lines = [Line(self.scribe.line(error.type), Role.FAILED), *raw(error.message, self.scribe)]
        if error.traceback:
            lines += [
                Line(),
                *(Line(line.text, Role.DIM) for line in raw(error.traceback.rstrip("\n"), self.scribe)),
            ]
        return tuple(lines)

    def event(self, event: Event, origin: datetime) -> Line:
        """One event on one line: when (since submission), what, who, and its details."""
        since = duration((event.at - origin).total_seconds())
        who = (
            "" if event.source == "worker" else f" by {self.short(event.actor)} ({self.short(event.source)})"
        )
        detail = " ".join(
            f"{self.short(key)}={self.short(str(value)[:_DETAIL])}"
            for key, value in event.detail.items()
            if value is not None
        )
        reason = f" {self.glyphs.dot} {self.short(event.reason)}" if event.reason else ""
        kind = str(event.kind).replace("_", " ")
        role = Role.STRONG if who else Role.PLAIN
        return Line(f"{kind}{who}{reason}  {detail}".rstrip(), role, head=f"{since:>6}  ", hang=" " * 9)


def _cost(spent: Spent) -> Cell:
    """What a run's model calls cost; a price that isn't known is not nothing."""
    if not spent.calls:
        return Cell("", Role.DIM)
    if spent.unpriced >= spent.calls:
        return Cell("?", Role.WAITING)
    return Cell(
        f"{money(spent.cost)}{'+?' if spent.unpriced else ''}", Role.WAITING if spent.unpriced else Role.PLAIN
    )
