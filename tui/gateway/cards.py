"""Builds what a reviewer reads before deciding. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sagewai.core import serving
from sagewai.core.policies import content_digest
from sagewai.models.approval import Approval
from sagewai.models.call import Spent
from sagewai.models.history import Attempt
from sagewai.models.run import Run, StepInfo
from sagewai.models.session import Session
from sagewai.models.status import ApprovalStatus
from tui.format import Cell, Role, age, approval_state, plural
from tui.gateway import contents
from tui.gateway.calls import spent_fact
from tui.gateway.details import attempt_line
from tui.gateway.shape import Shaper
from tui.payload import Line, raw
from tui.text import hidden
from tui.views import ApprovalRow, Card, Fact, Ref

DIGEST = 16
"""Hex digits of a digest that are shown."""


def digest_ref(digest: str, shaper: Shaper) -> Ref:
    return Ref(digest, shaper.scribe.line(digest[:DIGEST]))


def approval_row(approval: Approval, served: bool, now: datetime, shaper: Shaper) -> ApprovalRow:
    """``served``: a worker lives in the run's pool."""
    gate = "" if approval.gate.startswith("#") else f"/{shaper.short(approval.gate)}"
    left = None if approval.deadline_at is None else (approval.deadline_at - now).total_seconds()
    due = (
        Cell("-", Role.DIM) if left is None else Cell(f"in {age(left)}" if left > 0 else "over", Role.WAITING)
    )
    if left is not None and left < 600:
        due = Cell(due.text, Role.FAILED)
    return ApprovalRow(
        key=approval.id,
        run=shaper.ref(approval.run_id),
        digest=digest_ref(approval.digest, shaper),
        workflow=shaper.short(approval.workflow),
        cells={
            "due": due,
            "run": Cell(shaper.short(approval.run_id), Role.STRONG),
            "workflow": Cell(shaper.short(approval.workflow)),
            "step": Cell(f"{shaper.short(approval.step)}{gate}"),
            "age": Cell(age((now - approval.requested_at).total_seconds()), Role.DIM),
            "pool": Cell(shaper.short(approval.pool), Role.DIM),
            "worker": Cell(shaper.glyphs.done, Role.DONE) if served else Cell("NONE!", Role.FAILED),
            "prompt": Cell(shaper.short(approval.prompt), Role.DIM),
        },
    )


def card(
    approval: Approval,
    run: Run,
    steps: Sequence[StepInfo],
    attempts: Sequence[Attempt],
    others: Sequence[Approval],
    sessions: Sequence[Session],
    spent: Spent,
    now: datetime,
    shaper: Shaper,
    *,
    seen: bool = True,
) -> Card:
    """``approval`` with its context; ``others`` are what its step asked before, in this run, ``spent`` what the run's
    model calls cost until it was asked; not ``seen`` is a content that this role may not read."""
    asked = contents.content(approval, shaper)
    context = approval.context or ""
    intact = content_digest(approval.prompt, context, approval.policy) == approval.digest
    pending = approval.status is ApprovalStatus.PENDING
    unseen = hidden(approval.prompt) + hidden(context)
    length = f"{len(approval.prompt) + len(context):,} characters"
    gate = "" if approval.gate.startswith("#") else f" ({shaper.short(approval.gate)})"
    branch = f" in {shaper.short(approval.branch)}" if approval.branch else ""
    facts = [
        Fact(
            "asked",
            Cell(f"{_asked(approval, now)}; if approved: {_after(run, approval.step, steps, shaper)}"),
        ),
        *_conditions(approval, now, shaper),
        *_costs(asked, spent),
        Fact("worker", takers(run, sessions, shaper)),
        Fact("content", _content_fact(approval, length, unseen, intact, seen, shaper)),
    ]
    if asked.kind:
        facts.append(
            Fact("shown", Cell(f"as a {asked.kind}; t shows what it is made of, and back", Role.DIM))
        )
    if not pending:
        facts.insert(0, Fact("state", _decided(approval, now, shaper)))
    return Card(
        key=approval.id,
        run=shaper.ref(approval.run_id),
        digest=digest_ref(approval.digest, shaper),
        title=(
            approval_state(approval.status, shaper.glyphs),
            Cell(f"{shaper.short(approval.step)}{gate}{branch}", Role.STRONG),
            Cell(f"of {shaper.short(approval.workflow)}"),
            Cell(shaper.short(approval.run_id), Role.ACCENT),
        ),
        facts=tuple(facts),
        content=_content(approval, asked.table or asked.plain, shaper),
        plain=_content(approval, asked.plain, shaper),
        before=tuple(_before(approval, run, attempts, others, now, shaper)),
        decidable=pending and intact,
    )


def _content_fact(
    approval: Approval, length: str, unseen: int, intact: bool, seen: bool, shaper: Shaper
) -> Cell:
    if not seen:
        return Cell("hidden from this database role: it can't be decided here", Role.WAITING)
    if not intact:
        return Cell("its digest does NOT match: nothing can be decided here", Role.FAILED)
    digest = f"digest {digest_ref(approval.digest, shaper)}{shaper.glyphs.ellipsis}"
    if unseen:
        return Cell(f"{length}, {plural(unseen, 'hidden character')} made visible, {digest}", Role.WAITING)
    return Cell(f"{length}, {digest}", Role.DIM)


def _conditions(approval: Approval, now: datetime, shaper: Shaper) -> Iterator[Fact]:
    """Who may decide, how many must, who did so far, and who looks at it."""
    policy = approval.policy
    names: list[str] = []
    if policy.required > 1:
        so_far = ", ".join(shaper.short(each.reviewer.name) for each in approval.decisions)
        names.append(
            f"{len(approval.decisions)} of {policy.required} approvals" + (f", by {so_far}" if so_far else "")
        )
    if approval.may_decide:
        names.append("only " + ", ".join(map(shaper.short, approval.may_decide)))
    if policy.exclude_requester:
        names.append(f"not {shaper.short(approval.requester)}, who submitted the run")
    rest = policy.escalate_to[approval.level :]
    if rest:
        names.append(f"at its deadline then {', '.join(map(shaper.short, rest))}")
    if names:
        yield Fact("decides", Cell("; ".join(names), Role.WAITING))
    if policy.edit_schema is not None:
        yield Fact("edit", Cell("allowed: sagewai approvals approve --edit JSON", Role.DIM))
    if approval.claimed_by is not None and approval.claimed_until is not None:
        left = age((approval.claimed_until - now).total_seconds())
        yield Fact("claimed", Cell(f"by {shaper.short(approval.claimed_by)}, {left} more", Role.WAITING))


def takers(run: Run, sessions: Sequence[Session], shaper: Shaper) -> Cell:
    """Whether a live worker could take the run once it is decided."""
    able = serving.takers(sessions, pool=run.pool, workflow=run.workflow, labels=run.labels)
    where = f"pool {shaper.short(run.pool)}" + (f" with {shaper.labels(run.labels)}" if run.labels else "")
    if able:
        return Cell(
            f"{shaper.glyphs.done} {plural(len(able), 'live worker')} in {where} can take it", Role.DONE
        )
    return Cell(f"{shaper.glyphs.failed} NONE: no live worker in {where} knows this workflow", Role.FAILED)


def _asked(approval: Approval, now: datetime) -> str:
    ago = f"{age((now - approval.requested_at).total_seconds())} ago"
    if approval.deadline_at is None:
        return f"{ago}, no deadline"
    left = (approval.deadline_at - now).total_seconds()
    return f"{ago}, due in {age(left)}" if left > 0 else f"{ago}, its deadline has passed"


def _after(run: Run, step: str, steps: Sequence[StepInfo], shaper: Shaper) -> str:
    names = [declared.name for declared in steps]
    if step not in names:
        return "it goes on"
    following = names[names.index(step) + 1 :]
    if not following:
        return "done, it is the last step"
    return f"{shaper.short(following[0])} ({len(names) - len(following) + 1}/{len(names)})"


def _decided(approval: Approval, now: datetime, shaper: Shaper) -> Cell:
    state = approval_state(approval.status, shaper.glyphs)
    decision = approval.decision
    if decision is None:
        return state
    ago = age((now - decision.decided_at).total_seconds())
    reason = f": {shaper.short(decision.reason)}" if decision.reason else ""
    return Cell(f"{state.text} by {shaper.short(decision.reviewer.name)} {ago} ago{reason}", state.role)


def _content(approval: Approval, context: Sequence[Line], shaper: Shaper) -> tuple[Line, ...]:
    prompt = (Line(line.text, Role.STRONG) for line in raw(approval.prompt, shaper.scribe))
    return (*prompt, *([Line()] if context else []), *context)


def _costs(asked: contents.Content, spent: Spent) -> Iterator[Fact]:
    """What was spent so far, and what an approval would allow."""
    if spent.calls and asked.kind != "budget":
        yield Fact("cost", spent_fact(spent))
    if asked.allows is not None:
        yield Fact("allows", asked.allows)


def _before(
    approval: Approval,
    run: Run,
    attempts: Sequence[Attempt],
    others: Sequence[Approval],
    now: datetime,
    shaper: Shaper,
) -> list[Line]:
    """What has already happened: earlier contents and decisions of this gate, then the attempts, newest first."""
    lines: list[Line] = []
    for other in sorted(others, key=lambda other: other.id, reverse=True):
        if other.id != approval.id:
            state = _decided(other, now, shaper)
            text = f"{shaper.short(other.step)} revision {other.revision}: {state.text}"
            lines.append(
                Line(text, state.role, head=f"{age((now - other.requested_at).total_seconds()):>5} ago  ")
            )
    lines += [attempt_line(attempt, now, shaper) for attempt in reversed(attempts)]
    if run.takeovers:
        lines.append(
            Line(f"lost its worker {plural(run.takeovers, 'time')} in a row", Role.FAILED, head=" " * 11)
        )
    return lines
