"""What happens after a decision: the steps that follow, and whether a live worker can take them up. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sagewai.core import serving
from sagewai.models.approval import Approval
from sagewai.models.history import Attempt
from sagewai.models.run import Run, StepInfo
from sagewai.models.session import Session
from sagewai.models.status import ApprovalStatus
from tui.format import Cell, Role, plural
from tui.gateway.shape import Shaper

_NAMED = 3
"""Steps that follow and are named."""


def after(approval: Approval, steps: Sequence[StepInfo], others: Sequence[Approval], shaper: Shaper) -> Cell:
    """What an approval sets going: who is missing, the step that runs once more, those behind it."""
    missing = approval.policy.required - len(approval.decisions) - 1
    if approval.status is ApprovalStatus.PENDING and missing > 0:
        return Cell(f"{plural(missing, 'approval')} more, then {_steps(approval.step, steps, shaper)}")
    waiting = [each for each in others if each.id != approval.id and each.status is ApprovalStatus.PENDING]
    if waiting:
        numbers = ", ".join(str(each.id) for each in waiting[:_NAMED])
        more = "" if len(waiting) <= _NAMED else f" and {len(waiting) - _NAMED} more"
        return Cell(
            f"waits for approval {numbers}{more} too, then {_steps(approval.step, steps, shaper)}",
            Role.WAITING,
        )
    return Cell(_steps(approval.step, steps, shaper))


def _steps(step: str, steps: Sequence[StepInfo], shaper: Shaper) -> str:
    names = [declared.name for declared in steps]
    again = f"{shaper.short(step)} runs again"
    if step not in names:
        return f"{again}, and the run goes on"
    at = names.index(step)
    following = [shaper.short(name) for name in names[at + 1 :]]
    if not following:
        return f"{again} ({at + 1}/{len(names)}), and the run is done"
    first = f"{following[0]} ({at + 2}/{len(names)})"
    named = [first, *following[1:_NAMED]]
    more = f" and {plural(len(following) - _NAMED, 'step')} more" if len(following) > _NAMED else ""
    return f"{again}, then {', '.join(named)}{more}"


def takers(
    run: Run,
    sessions: Sequence[Session],
    attempts: Sequence[Attempt],
    paused: Collection[str],
    shaper: Shaper,
) -> Cell:
    """Whether a live worker could take the run once it is decided. Whoever ran a step of it has code of its version."""
    able = serving.takers(sessions, pool=run.pool, workflow=run.workflow, labels=run.labels)
    where = f"pool {shaper.short(run.pool)}" + (f" with {shaper.labels(run.labels)}" if run.labels else "")
    glyphs = shaper.glyphs
    if run.pool in paused:
        return Cell(
            f"{glyphs.failed} NONE: {where} is paused; the run waits until somebody resumes it", Role.FAILED
        )
    if not able:
        return Cell(f"{glyphs.failed} NONE: no live worker in {where} knows this workflow", Role.FAILED)
    text = f"{glyphs.done} {plural(len(able), 'live worker')} in {where} can take it"
    if not run.version:
        return Cell(text, Role.DONE)
    version = shaper.short(run.version)
    known = {attempt.worker for attempt in attempts if attempt.worker}
    proven = [shaper.short(session.name) for session in able if session.name in known]
    if proven:
        return Cell(f"{text}; {proven[0]} ran version {version}", Role.DONE)
    return Cell(f"{text}, if its code is version {version}: none of them has run it yet", Role.WAITING)
