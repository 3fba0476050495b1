"""A pending approval on one line of the inbox. Pure."""

from __future__ import annotations

from datetime import datetime

from sagewai.models.approval import Approval
from tui.format import Cell, Role, age
from tui.gateway.quorum import has_approved, progress
from tui.gateway.shape import Shaper
from tui.views import ApprovalRow, Ref

DIGEST = 16
"""Hex digits of a digest that are shown."""


def digest_ref(digest: str, shaper: Shaper) -> Ref:
    return Ref(digest, shaper.scribe.line(digest[:DIGEST]))


def approval_row(approval: Approval, served: bool, now: datetime, me: str, shaper: Shaper) -> ApprovalRow:
    """``served``: a worker lives in the run's pool, and the pool isn't paused. ``me`` is who would decide."""
    gate = "" if approval.gate.startswith("#") else f"/{shaper.short(approval.gate)}"
    return ApprovalRow(
        key=approval.id,
        run=shaper.ref(approval.run_id),
        digest=digest_ref(approval.digest, shaper),
        workflow=shaper.short(approval.workflow),
        is_answered=has_approved(approval, me),
        cells={
            "due": _due(approval, now),
            "run": Cell(shaper.short(approval.run_id), Role.STRONG),
            "workflow": Cell(shaper.short(approval.workflow)),
            "step": Cell(f"{shaper.short(approval.step)}{gate}"),
            "age": Cell(age((now - approval.requested_at).total_seconds()), Role.DIM),
            "pool": Cell(shaper.short(approval.pool), Role.DIM),
            "worker": Cell(shaper.glyphs.done, Role.DONE) if served else Cell("NONE!", Role.FAILED),
            "who": _who(approval, now, me, shaper),
            "prompt": Cell(shaper.short(approval.prompt), Role.DIM),
        },
    )


def _due(approval: Approval, now: datetime) -> Cell:
    if approval.deadline_at is None:
        return Cell("-", Role.DIM)
    left = (approval.deadline_at - now).total_seconds()
    role = Role.FAILED if left < 600 else Role.WAITING
    return Cell(f"in {age(left)}" if left > 0 else "over", role)


def _who(approval: Approval, now: datetime, me: str, shaper: Shaper) -> Cell:
    """How many have approved, who looks at it and how much longer, or how long it sleeps."""
    so_far = f"{progress(approval)} " if approval.policy.required > 1 else ""
    if approval.snoozed_until is not None:
        return Cell(so_far, Role.PAUSED, f"zz {_left(approval.snoozed_until, now)}")
    if approval.claimed_by is not None and approval.claimed_until is not None:
        mine = approval.claimed_by == me
        name = "you" if mine else shaper.short(approval.claimed_by)
        role = Role.ACCENT if mine else Role.WAITING
        return Cell(f"{so_far}{name}", role, f" {_left(approval.claimed_until, now)}")
    return Cell(so_far.strip() or "-", Role.WAITING if so_far else Role.DIM)


def _left(until: datetime, now: datetime) -> str:
    return age((until - now).total_seconds())
