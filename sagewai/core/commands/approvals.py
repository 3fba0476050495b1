"""The verbs on approvals: decide, and look after them beforehand."""

from __future__ import annotations

from sagewai.core.codec import encode
from sagewai.core.commands.checks import MAX_REASON, check_actor, check_reason, check_text
from sagewai.core.edits import check_edit
from sagewai.core.failpoints import reach
from sagewai.core.retry import MAX_DELAY, check_number
from sagewai.core.stores.base import Store
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention, DecisionRequest
from sagewai.models.status import ApprovalStatus, Verdict

CLAIM_SECONDS = 300.0
"""How long a reviewer's claim on an approval lasts, unless they say."""


async def approve(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str = "",
    approval_id: int | None = None,
    digest: str | None = None,
    payload: object = None,
    shared: bool = False,
) -> Approval:
    """Open a gate. Without ``digest`` the decision is recorded as made without seeing the content. ``payload`` goes to
    the step; where the gate allows an edit it replaces the context, and must fit the gate's schema
    (ApprovalEditInvalid). ``shared``: this process executes runs with the same rights."""
    check_actor(actor)
    check_reason(reason)
    text = None if payload is None else encode(payload, what="payload", limit=store.payload_limit)
    if payload is not None:
        asked = await _asked(store, run_id, approval_id)
        if asked is not None and asked.policy.edit_schema is not None:
            check_edit(asked.policy.edit_schema, payload)
            approval_id = asked.id  # what was checked is what is decided
    return await _decide(
        store,
        DecisionRequest(
            run_id=run_id,
            verdict=Verdict.APPROVE,
            reviewer=actor,
            reason=reason,
            approval_id=approval_id,
            digest=digest,
            payload=text,
            shared=shared,
        ),
    )


async def reject(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str,
    approval_id: int | None = None,
    digest: str | None = None,
    shared: bool = False,
) -> Approval:
    """Say no: the run ends as rejected, with reviewer and reason. Needs a reason. ``shared`` as in :func:`approve`."""
    if not reason.strip():
        raise InvalidOptionError("a rejection needs a reason: whoever wrote the run reads it")
    return await _decide(
        store,
        DecisionRequest(
            run_id=run_id,
            verdict=Verdict.REJECT,
            reviewer=check_actor(actor),
            reason=check_reason(reason),
            approval_id=approval_id,
            digest=digest,
            shared=shared,
        ),
    )


async def claim(
    store: Store, approval_id: int, *, actor: Actor, seconds: float = CLAIM_SECONDS, reason: str = ""
) -> Approval:
    """Say that one looks at an approval, for some seconds, so that two don't; it hinders nobody from deciding."""
    check_number("seconds", seconds, low=1.0, high=86_400.0)
    return await _attend(store, approval_id, Attention.CLAIM, actor, seconds, check_reason(reason))


async def unclaim(store: Store, approval_id: int, *, actor: Actor, reason: str = "") -> Approval:
    """Give one's claim back before its time is over."""
    return await _attend(store, approval_id, Attention.UNCLAIM, actor, 0.0, check_reason(reason))


async def snooze(
    store: Store, approval_id: int, *, actor: Actor, seconds: float, reason: str = ""
) -> Approval:
    """Take an approval out of everybody's inbox for some seconds (0: put it back); its deadline stays."""
    check_number("seconds", seconds, low=0.0, high=MAX_DELAY)
    return await _attend(store, approval_id, Attention.SNOOZE, actor, seconds, check_reason(reason))


async def comment(store: Store, approval_id: int, text: str, *, actor: Actor) -> Approval:
    """Leave a remark for whoever decides."""
    check_text("the comment", text, limit=MAX_REASON, empty=False)
    return await _attend(store, approval_id, Attention.COMMENT, actor, 0.0, text)


async def _asked(store: Store, run_id: str, approval_id: int | None) -> Approval | None:
    """The approval a decision is about; None where the store will say what is wrong with that."""
    found = [
        approval
        for approval in await store.approvals_of(run_id)
        if (approval.status is ApprovalStatus.PENDING if approval_id is None else approval.id == approval_id)
    ]
    return found[0] if len(found) == 1 else None


async def _attend(
    store: Store, approval_id: int, attention: Attention, actor: Actor, seconds: float, text: str
) -> Approval:
    return await store.attend(approval_id, attention, check_actor(actor), seconds=seconds, text=text)


async def _decide(store: Store, request: DecisionRequest) -> Approval:
    reach("before decide")
    decided = await store.decide(request)
    reach("after decide")
    return decided
