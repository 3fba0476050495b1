"""What has happened to an approval: what was asked before, who did what about it, and how its step was tried. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sagewai.models.approval import Approval
from sagewai.models.history import Attempt, Event, EventKind
from sagewai.models.run import Run
from tui.format import Cell, Role, age, approval_state, plural
from tui.gateway.details import attempt_line
from tui.gateway.shape import Shaper
from tui.payload import Line
from tui.triage import spelled
from tui.views import Fact

_COMMENTS = 2
"""Comments that stand among a card's facts; all of them are in its past."""


def decided(approval: Approval, now: datetime, shaper: Shaper) -> Cell:
    """Its state, and who made it so, when and why."""
    state = approval_state(approval.status, shaper.glyphs)
    decision = approval.decision
    if decision is None:
        return state
    ago = age((now - decision.decided_at).total_seconds())
    edited = ", edited," if decision.payload is not None else ""
    reason = f": {shaper.short(decision.reason)}" if decision.reason else ""
    return Cell(
        f"{state.text}{edited} by {shaper.short(decision.reviewer.name)} {ago} ago{reason}", state.role
    )


def comments(approval: Approval, events: Sequence[Event], now: datetime, shaper: Shaper) -> Iterator[Fact]:
    """The latest remarks of reviewers."""
    made = [event for event in _of(approval, events) if event.kind is EventKind.APPROVAL_COMMENTED]
    for event in made[-_COMMENTS:]:
        ago = age((now - event.at).total_seconds())
        yield Fact("comment", Cell(f"{shaper.short(event.actor)} {ago} ago: {shaper.short(event.reason)}"))


def lines(
    approval: Approval,
    run: Run,
    attempts: Sequence[Attempt],
    events: Sequence[Event],
    others: Sequence[Approval],
    now: datetime,
    shaper: Shaper,
) -> tuple[Line, ...]:
    """The newest first."""
    happened = [(attempt.finished_at, attempt_line(attempt, now, shaper)) for attempt in reversed(attempts)]
    for other in others:
        if other.id != approval.id:
            state = decided(other, now, shaper)
            text = f"{shaper.short(other.step)} revision {other.revision}: {state.text}"
            happened.append((other.requested_at, _line(text, other.requested_at, now, state.role)))
    for event in _of(approval, events):
        said = _said(event, shaper)
        if said is not None:
            role = Role.STRONG if event.kind is EventKind.APPROVAL_COMMENTED else Role.PLAIN
            happened.append((event.at, _line(said, event.at, now, role)))
    happened.sort(key=lambda each: each[0], reverse=True)
    lost = f"lost its worker {plural(run.takeovers, 'time')} in a row"
    return (
        *(line for _, line in happened),
        *([Line(lost, Role.FAILED, head=" " * 11)] if run.takeovers else []),
    )


def _of(approval: Approval, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.detail.get("approval_id") == approval.id]


def _said(event: Event, shaper: Shaper) -> str | None:
    """What somebody did about the approval; None for what the card says elsewhere."""
    seconds = event.detail.get("seconds")
    span = f" for {spelled(seconds)}" if isinstance(seconds, int | float) and seconds else ""
    did = {
        EventKind.APPROVAL_CLAIMED: f"claimed it{span}",
        EventKind.APPROVAL_UNCLAIMED: "gave it back",
        EventKind.APPROVAL_SNOOZED: f"snoozed it{span}" if span else "woke it",
        EventKind.APPROVAL_COMMENTED: "said",
        EventKind.APPROVED: "approved it",
        EventKind.REJECTED: "rejected it",
    }.get(event.kind)
    if event.kind is EventKind.APPROVAL_ESCALATED:
        return f"its deadline passed: {shaper.short(str(event.detail.get('to')))} may decide too"
    if did is None:
        return None
    return f"{shaper.short(event.actor)} {did}" + (f": {shaper.short(event.reason)}" if event.reason else "")


def _line(text: str, at: datetime, now: datetime, role: Role) -> Line:
    return Line(text, role, head=f"{age((now - at).total_seconds()):>5} ago  ", hang=" " * 11)
