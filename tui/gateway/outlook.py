"""What a decision leads to: the steps that follow, and whether a live worker can take them up. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sagewai.core import serving
from sagewai.models.approval import Approval
from sagewai.models.run import Run, StepInfo
from sagewai.models.session import Session
from sagewai.models.status import ApprovalStatus, RunStatus
from tui.format import Cell, Role, plural
from tui.gateway.shape import Shaper

_NAMED = 3
"""Steps that follow and are named."""

_OVER: Mapping[RunStatus, str] = {
    RunStatus.COMPLETED: "nothing more: the run is completed",
    RunStatus.FAILED: "nothing: the run has failed",
    RunStatus.REJECTED: "nothing: the run was rejected",
    RunStatus.CANCELLED: "nothing: the run was cancelled",
}


def leads_on(approval: Approval, run: Run) -> bool:
    """Whether the run can still go on because of this approval: a worker matters."""
    return run.status not in _OVER and approval.status in {ApprovalStatus.PENDING, ApprovalStatus.APPROVED}


def after(
    approval: Approval, run: Run, steps: Sequence[StepInfo], others: Sequence[Approval], shaper: Shaper
) -> Cell | None:
    """What an approval sets going: who is missing, the step that runs once more, those behind it; that nothing follows
    any more. None where that is said elsewhere: of what was superseded, and once the run has gone on."""
    if run.status in _OVER:
        return Cell(_OVER[run.status], Role.DIM)
    if not leads_on(approval, run) or (
        approval.status is ApprovalStatus.APPROVED and run.step != approval.step
    ):
        return None
    following = _following(approval, steps, others, shaper)
    if run.status is RunStatus.PAUSED:
        return Cell(f"the run stays paused; resumed, {following.text}", Role.PAUSED)
    return following


def _following(
    approval: Approval, steps: Sequence[StepInfo], others: Sequence[Approval], shaper: Shaper
) -> Cell:
    missing = approval.policy.required - len(approval.decisions) - 1
    if approval.status is ApprovalStatus.PENDING and missing > 0:
        return Cell(f"{plural(missing, 'approval')} more, then {_steps(approval.step, steps, shaper)}")
    waiting = [each for each in others if each.id != approval.id and each.status is ApprovalStatus.PENDING]
    if waiting:
        which = "approval" if len(waiting) == 1 else "approvals"
        numbers = ", ".join(str(each.id) for each in waiting[:_NAMED])
        more = "" if len(waiting) <= _NAMED else f" and {len(waiting) - _NAMED} more"
        return Cell(
            f"waits for {which} {numbers}{more} too, then {_steps(approval.step, steps, shaper)}",
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


def able(run: Run, sessions: Sequence[Session], paused: Collection[str]) -> Sequence[Session]:
    """The live workers that could take the run now."""
    if run.pool in paused:
        return ()
    return serving.takers(
        sessions, pool=run.pool, workflow=run.workflow, labels=run.labels, version=run.version
    )


def takers(run: Run, sessions: Sequence[Session], paused: Collection[str], shaper: Shaper) -> Cell:
    """Whether a live worker could take the run once it is decided: one of its pool with its labels that has its
    workflow's code, at its version."""
    where = f"pool {shaper.short(run.pool)}" + (f" with {shaper.labels(run.labels)}" if run.labels else "")
    glyphs = shaper.glyphs
    if run.pool in paused:
        return Cell(
            f"{glyphs.failed} NONE: {where} is paused; the run waits until somebody resumes it", Role.FAILED
        )
    knowing = serving.takers(sessions, pool=run.pool, workflow=run.workflow, labels=run.labels)
    if not knowing:
        return Cell(f"{glyphs.failed} NONE: no live worker in {where} knows this workflow", Role.FAILED)
    version = shaper.short(run.version)
    found = able(run, knowing, paused)
    if not found:
        theirs = {session.versions.get(run.workflow, "") for session in knowing}
        has = " and ".join(sorted(map(shaper.short, theirs))[:_NAMED])
        return Cell(
            f"{glyphs.failed} NONE: no live worker in {where} has version {version}, only {has}", Role.FAILED
        )
    text = f"{glyphs.done} {plural(len(found), 'live worker')} in {where} can take it"
    return Cell(f"{text}, at version {version}" if run.version else text, Role.DONE)
