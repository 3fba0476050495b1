"""Who may decide an approval, how many must, who has, who looks at it, and what its deadline brings. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sagewai.core.policies import may_approve
from sagewai.models.approval import Approval
from sagewai.models.status import ApprovalStatus, Verdict
from tui.format import Cell, Role, age, clock
from tui.gateway.shape import Shaper
from tui.views import Claim, Fact


def progress(approval: Approval) -> str:
    """``1/2``: how many of those needed have approved."""
    approved = sum(each.verdict is Verdict.APPROVE for each in approval.decisions)
    return f"{approved}/{approval.policy.required}"


def has_approved(approval: Approval, me: str) -> bool:
    """Whether this reviewer has approved already, so that somebody else's turn it is."""
    return any(each.reviewer.name == me for each in approval.decisions)


def claim_of(approval: Approval, me: str) -> Claim:
    if approval.claimed_by is None or approval.claimed_until is None:
        return ""
    return "mine" if approval.claimed_by == me else "other"


def claimed(approval: Approval, now: datetime, shaper: Shaper) -> str:
    """``bob@ops2 until 14:20Z (8m)``; '' while nobody has claimed it."""
    if approval.claimed_by is None or approval.claimed_until is None:
        return ""
    left = age((approval.claimed_until - now).total_seconds())
    return f"{shaper.short(approval.claimed_by)} until {clock(approval.claimed_until)} ({left} more)"


def conditions(approval: Approval, now: datetime, me: str, shaper: Shaper) -> Iterator[Fact]:
    """What else a reviewer has to know of the others."""
    names = list(_who_decides(approval, now, me, shaper))
    if names:
        yield Fact("decides", Cell("; ".join(names), Role.WAITING))
    if approval.status is not ApprovalStatus.PENDING:
        return
    if whose := claim_of(approval, me):
        who = claimed(approval, now, shaper)
        text = f"by you, {who.partition(' ')[2]}" if whose == "mine" else f"by {who}"
        yield Fact("claimed", Cell(text, Role.ACCENT if whose == "mine" else Role.WAITING))
    if approval.snoozed_until is not None:
        left = age((approval.snoozed_until - now).total_seconds())
        wakes = f"{shaper.keys.of('snooze', 'z')} wakes it with 0"
        text = f"until {clock(approval.snoozed_until)} ({left} more); its deadline goes on; {wakes}"
        yield Fact("snoozed", Cell(text, Role.PAUSED))


def _who_decides(approval: Approval, now: datetime, me: str, shaper: Shaper) -> Iterator[str]:
    policy = approval.policy
    if policy.required > 1:
        names = ", ".join(
            f"{shaper.short(each.reviewer.name)} {age((now - each.decided_at).total_seconds())} ago"
            for each in approval.decisions
        )
        yield f"{progress(approval)} approved" + (f", by {names}" if names else "")
    if approval.may_decide:
        yield "only " + ", ".join(map(shaper.short, approval.may_decide))
    if policy.exclude_requester:
        yield f"not {shaper.short(approval.requester)}, who submitted the run"
    if policy.escalate_to:
        yield _ladder(approval, shaper)
    if approval.status is ApprovalStatus.PENDING:
        if has_approved(approval, me):
            yield "you have approved: somebody else must too"
        elif may_approve(policy, approval.level, me, approval.requester) is not None:
            yield "NOT you"


def _ladder(approval: Approval, shaper: Shaper) -> str:
    """How far the approval has climbed, and what its deadline does next."""
    rungs = approval.policy.escalate_to
    rest = rungs[approval.level :]
    at = f"level {approval.level}/{len(rungs)}"
    if not rest:
        return f"{at}, its deadline rejects"
    return f"{at}, at its deadline then {', '.join(map(shaper.short, rest))}"
