"""What a gate asks, and what the recorded approvals of its step answer. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sagewai.core import commands
from sagewai.core.budget import GATE
from sagewai.core.codec import decode, encode
from sagewai.core.context import StepContext, current_branch
from sagewai.core.edits import editable
from sagewai.core.failure import told
from sagewai.core.payloads import Payload
from sagewai.core.policies import check_policy, content_digest
from sagewai.core.retry import MAX_DELAY, check_number
from sagewai.errors import ApprovalRejected, ApprovalUnstable, InvalidOptionError, Suspension
from sagewai.models.approval import Approval, ApprovalPolicy, ApprovalRequest
from sagewai.models.status import ApprovalStatus, Verdict

MAX_PROMPT = 20_000
MAX_NOTE = 1_000
"""Characters, of the prompt, that tell why an edit couldn't be used."""
MAX_REVISIONS = 3
"""Contents one gate may ask for in one run; a further change means that its step isn't deterministic."""


@dataclass(frozen=True, slots=True)
class ApprovalDecision:
    """What ``request_approval`` returns once enough reviewers approved.

    ``payload`` is what the last of them handed in; of a gate with ``allow_edit`` it is the edited content, the same
    from all of them, or the context where nobody edited it, as an instance of that type. ``reviewer``, ``reason`` and
    ``decided_at`` are the last one's, ``reviewers`` all who approved, in order.
    """

    approval_id: int
    reviewer: str
    reason: str
    payload: Any
    decided_at: datetime
    reviewers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and how an edit of its content is read (None where the gate takes none)."""

    request: ApprovalRequest
    content: Payload | None


def question(
    step: StepContext,
    prompt: str,
    context: object,
    *,
    key: str | None,
    timeout: float | None,
    policy: ApprovalPolicy,
    allow_edit: Any,
) -> Question:
    """Raises InvalidOptionError for an option that makes no sense, PayloadError or StepInputError for a context that
    can't be recorded, or doesn't fit the type it may be edited to."""
    commands.check_text("prompt", prompt, limit=MAX_PROMPT, empty=False)
    if key is not None:
        commands.check_text("key", key, limit=200, empty=False)
        if key.startswith(GATE):
            raise InvalidOptionError(f"key {key!r} begins with {GATE!r}, as those of budgets do")
    if timeout is not None:
        check_number("timeout", timeout, low=0.001, high=MAX_DELAY)
    content = None
    if allow_edit is None:
        text = encode(context, what="context")
    else:
        content, schema = editable(allow_edit)
        policy = replace(policy, edit_schema=schema)
        text = content.dump(context, what="context")
        content.load(text, what="context")
    check_policy(policy, timeout=timeout)
    branch = current_branch()
    request = ApprovalRequest(
        step=step.step,
        branch=branch,
        gate=key if key is not None else f"#{step.next_position(branch)}",
        prompt=prompt,
        context=text,
        digest=content_digest(prompt, text, policy),
        timeout=timeout,
        policy=policy,
    )
    return Question(request, content)


def answer(step: StepContext, asked: Question, recorded: Sequence[Approval]) -> ApprovalDecision:
    """What the step's recorded approvals mean for this question. What ends the attempt is noted before it is raised."""
    request = asked.request
    place = (request.branch, request.gate)
    latest: Approval | None = None
    again = False
    for approval in recorded:
        if (approval.branch, approval.gate) != place:
            continue
        latest, again = approval, False
        if approval.digest != request.digest:
            continue
        wrong = _unusable(asked, approval)
        if wrong is not None:  # whoever decides next is told, and their decision is on what they were told
            request, again = _told_of(request, wrong), True
    if latest is not None and latest.digest == request.digest:
        if latest.status is ApprovalStatus.APPROVED and latest.decision is not None:
            return _decision(asked.content, request, latest)
        if latest.status in (ApprovalStatus.REJECTED, ApprovalStatus.EXPIRED):
            by = latest.decision.reviewer.name if latest.decision else "its deadline"
            why = latest.decision.reason if latest.decision else "nobody decided in time"
            step.notes.rejection = ApprovalRejected(
                f"run {step.run_id!r} was rejected by {by}: {why}",
                run_id=step.run_id,
                reviewer=by,
                reason=why,
            )
            raise step.notes.rejection
    elif latest is not None and latest.revision >= MAX_REVISIONS and not again:
        step.notes.fatal = ApprovalUnstable(
            f"gate {request.gate} of step {step.step!r} asked for a different content again, after "
            f"{latest.revision}: what stands before a gate must give the same when it is re-run; "
            "put the gate in a step of its own"
        )
        raise step.notes.fatal
    step.notes.requests += (request,)
    raise Suspension(f"run {step.run_id} waits for approval at gate {request.gate} of step {step.step}")


def _decision(content: Payload | None, request: ApprovalRequest, approval: Approval) -> ApprovalDecision:
    decision = approval.decision
    assert decision is not None
    given = decision.payload
    if content is not None:
        payload = content.load(request.context if given is None else given, what="content")
    else:
        payload = None if given is None else decode(given)
    approved = [each.reviewer.name for each in approval.decisions if each.verdict is Verdict.APPROVE]
    return ApprovalDecision(
        approval_id=approval.id,
        reviewer=decision.reviewer.name,
        reason=decision.reason,
        payload=payload,
        decided_at=decision.decided_at,
        reviewers=tuple(approved) or (decision.reviewer.name,),
    )


def _unusable(asked: Question, approval: Approval) -> str | None:
    """Why what was approved can't be used: an edit that passed the schema but isn't of the type, which knows more, or
    reviewers of a quorum who didn't approve the same content."""
    decision = approval.decision
    if asked.content is None or decision is None or decision.verdict is not Verdict.APPROVE:
        return None
    approved = [each for each in approval.decisions if each.verdict is Verdict.APPROVE]
    contents = {_canonical(each.payload or asked.request.context) for each in approved}
    if len(contents) > 1:
        names = ", ".join(each.reviewer.name for each in approved)
        return f"{names} approved different contents; all must approve the same"
    if decision.payload is None:
        return None
    try:
        asked.content.load(decision.payload, what="the edit")
    except Exception as error:  # a validator is the user's code: it can raise anything
        return f"what {decision.reviewer.name} made of it could not be used: {told(error)[:MAX_NOTE]}"
    return None


def _canonical(text: str) -> str:
    return json.dumps(decode(text), sort_keys=True)


def _told_of(request: ApprovalRequest, wrong: str) -> ApprovalRequest:
    note = f"(Asked again: {wrong})"
    prompt = f"{request.prompt[: MAX_PROMPT - len(note) - 2]}\n\n{note}"
    return replace(request, prompt=prompt, digest=content_digest(prompt, request.context, request.policy))
