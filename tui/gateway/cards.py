"""Builds what a reviewer reads before deciding. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sagewai.core.policies import content_digest
from sagewai.models.approval import Approval
from sagewai.models.call import Spent
from sagewai.models.history import Attempt, Event
from sagewai.models.run import Run, StepInfo
from sagewai.models.session import Session
from sagewai.models.status import ApprovalStatus
from tui.format import Cell, Role, age, approval_state, exact, plural
from tui.gateway import contents, outlook, past, quorum
from tui.gateway.calls import spent_fact
from tui.gateway.compare import Compared, compared
from tui.gateway.inbox import digest_ref
from tui.gateway.shape import Shaper
from tui.payload import Line, raw
from tui.text import hidden
from tui.views import Card, Editing, Fact


@dataclass(frozen=True, slots=True)
class Asked:
    """What a card is about: an approval with its context, its run, and everything the run has asked and tried."""

    approval: Approval
    run: Run
    steps: Sequence[StepInfo]
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    others: Sequence[Approval]


@dataclass(frozen=True, slots=True)
class Content:
    """What is read of it, which is the same as long as the approval is: a megabyte is drawn once, not at every look."""

    shown: contents.Content
    change: Compared
    lines: tuple[Line, ...]
    plain: tuple[Line, ...]
    intact: bool
    unseen: int


def content(asked: Asked, shaper: Shaper, *, seen: bool = True) -> Content:
    """Not ``seen`` is a content that this role may not read."""
    approval = asked.approval
    context = approval.context or ""
    shown = contents.content(approval, shaper)
    return Content(
        shown,
        compared(approval, asked.others, shaper) if seen else Compared(),
        _content(approval, shown.table or shown.plain, shaper),
        _content(approval, shown.plain, shaper),
        content_digest(approval.prompt, context, approval.policy) == approval.digest,
        hidden(approval.prompt) + hidden(context),
    )


def card(
    asked: Asked,
    drawn: Content,
    sessions: Sequence[Session],
    paused: Collection[str],
    now: datetime,
    me: str,
    shaper: Shaper,
    *,
    seen: bool = True,
) -> Card:
    """``paused`` are pools; ``me`` is who would decide; ``seen`` as for :func:`content`."""
    approval, shown, change = asked.approval, drawn.shown, drawn.change
    decidable = approval.status is ApprovalStatus.PENDING and drawn.intact
    editing = _editing(approval, shown) if decidable else ""
    facts = [
        *_state(approval, change, now, shaper),
        Fact("asked", Cell(_when(approval, now))),
        *_after(asked, shaper),
        *quorum.conditions(approval, now, me, shaper),
        *past.comments(approval, asked.events, now, shaper),
        *_costs(shown, asked.run.spent, editing, shaper),
        *_worker(asked, sessions, paused, shaper),
        Fact("content", _content_fact(approval, drawn, seen, shaper)),
        *_ways(shown, change, editing, shaper),
    ]
    return Card(
        key=approval.id,
        run=shaper.ref(approval.run_id),
        digest=digest_ref(approval.digest, shaper),
        title=_title(approval, shaper),
        facts=tuple(facts),
        content=drawn.lines,
        plain=drawn.plain,
        before=past.lines(approval, asked.run, asked.attempts, asked.events, asked.others, now, shaper),
        decidable=decidable,
        read_to_end=approval.policy.read_to_end,
        claim=quorum.claim_of(approval, me),
        claimed=quorum.claimed(approval, now, shaper),
        is_snoozed=approval.snoozed_until is not None,
        editing=editing,
        units=shown.units,
        compared=change.what,
        difference=change.lines,
        successor=change.successor,
    )


def _title(approval: Approval, shaper: Shaper) -> tuple[Cell, ...]:
    gate = "" if approval.gate.startswith("#") else f" ({shaper.short(approval.gate)})"
    branch = f" in {shaper.short(approval.branch)}" if approval.branch else ""
    return (
        approval_state(approval.status, shaper.glyphs),
        Cell(f"{shaper.short(approval.step)}{gate}{branch}", Role.STRONG),
        Cell(f"of {shaper.short(approval.workflow)}"),
        Cell(shaper.short(approval.run_id), Role.ACCENT),
    )


def _state(approval: Approval, change: Compared, now: datetime, shaper: Shaper) -> Iterator[Fact]:
    """What became of it, where it isn't pending any more."""
    if approval.status is not ApprovalStatus.PENDING:
        said = past.decided(approval, now, shaper)
        if change.successor is not None:
            opens = f"{shaper.keys.of('next', 'n')} opens it"
            said = Cell(f"{said.text}: approval {change.successor} asks in its place, {opens}", Role.WAITING)
        yield Fact("state", said)


def _content_fact(approval: Approval, drawn: Content, seen: bool, shaper: Shaper) -> Cell:
    if not seen:
        return Cell("hidden from this database role: it can't be decided here", Role.WAITING)
    if not drawn.intact:
        return Cell("its digest does NOT match: nothing can be decided here", Role.FAILED)
    length = exact(len(approval.prompt) + len(approval.context or ""), "character")
    digest = f"digest {digest_ref(approval.digest, shaper)}{shaper.glyphs.ellipsis}"
    if drawn.unseen:
        return Cell(
            f"{length}, {plural(drawn.unseen, 'hidden character')} made visible, {digest}", Role.WAITING
        )
    return Cell(f"{length}, {digest}", Role.DIM)


def _after(asked: Asked, shaper: Shaper) -> Iterator[Fact]:
    following = outlook.after(asked.approval, asked.run, asked.steps, asked.others, shaper)
    if following is not None:
        yield Fact("after", following)


def _worker(
    asked: Asked, sessions: Sequence[Session], paused: Collection[str], shaper: Shaper
) -> Iterator[Fact]:
    """Who could take the run up, while that still matters."""
    if outlook.leads_on(asked.approval, asked.run):
        yield Fact("worker", outlook.takers(asked.run, sessions, paused, shaper))


def _when(approval: Approval, now: datetime) -> str:
    ago = f"{age((now - approval.requested_at).total_seconds())} ago"
    if approval.status is not ApprovalStatus.PENDING:
        return ago
    if approval.deadline_at is None:
        return f"{ago}, no deadline"
    left = (approval.deadline_at - now).total_seconds()
    return f"{ago}, due in {age(left)}" if left > 0 else f"{ago}, its deadline has passed"


def _editing(approval: Approval, shown: contents.Content) -> Editing:
    if approval.policy.edit_schema is not None:
        return "content"
    return "budget" if shown.units else ""


def _ways(shown: contents.Content, change: Compared, editing: Editing, shaper: Shaper) -> Iterator[Fact]:
    """What keys do with the content of this card."""
    keys = shaper.keys
    compare, table, edit = keys.of("compare", "d"), keys.of("table", "t"), keys.of("edit", "e")
    if change.what:
        yield Fact("changed", Cell(f"{compare} shows how: {change.what}", Role.ACCENT))
    ways = [f"as a {shown.kind}; {table} shows what it is made of, and back"] if shown.kind else []
    ways += (
        [f"{edit} edits it" if editing == "content" else f"{edit} allows another amount"] if editing else []
    )
    if ways:
        yield Fact("shown" if shown.kind else "edit", Cell("; ".join(ways), Role.DIM))


def _costs(shown: contents.Content, spent: Spent, editing: Editing, shaper: Shaper) -> Iterator[Fact]:
    """What was spent so far, and what an approval would allow."""
    if spent.calls and shown.kind != "budget":
        yield Fact("cost", spent_fact(spent))
    if shown.allows is not None:
        other = f"; {shaper.keys.of('edit', 'e')} allows another amount" if editing else ""
        yield Fact("allows", Cell(f"{shown.allows.text}{other}", shown.allows.role))


def _content(approval: Approval, context: Sequence[Line], shaper: Shaper) -> tuple[Line, ...]:
    prompt = (Line(line.text, Role.STRONG) for line in raw(approval.prompt, shaper.scribe))
    return (*prompt, *([Line()] if context else []), *context)
