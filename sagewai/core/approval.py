"""ApprovalGate: a step asks a person, lets go of its worker, and goes on when the recorded decision is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sagewai.core import commands
from sagewai.core.actors import as_actor
from sagewai.core.codec import decode, encode
from sagewai.core.context import StepContext, current_branch, current_step
from sagewai.core.defaults import store_in_use
from sagewai.core.policies import content_digest
from sagewai.core.retry import MAX_DELAY, check_number
from sagewai.core.stores.base import Store
from sagewai.core.workflow import DurableWorkflow
from sagewai.errors import ApprovalOutsideRun, ApprovalRejected, ApprovalUnstable, Suspension
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, ApprovalRequest
from sagewai.models.status import ApprovalStatus

MAX_PROMPT = 20_000
MAX_REVISIONS = 3
"""Contents one gate may ask for in one run; a further change means that its step isn't deterministic."""


@dataclass(frozen=True, slots=True)
class ApprovalDecision:
    """What ``request_approval`` returns once a reviewer approved. ``payload`` is what the reviewer handed in."""

    approval_id: int
    reviewer: str
    reason: str
    payload: object
    decided_at: datetime


class ApprovalGate:
    """A place where a workflow waits for a person. One gate may ask several times in a run; each request is a record of
    its own, with prompt, context and a digest of both."""

    def __init__(self, workflow: DurableWorkflow) -> None:
        self.workflow = workflow

    async def request_approval(
        self, prompt: str, *, context: object = None, key: str | None = None, timeout: float | None = None
    ) -> ApprovalDecision:
        """Pause the run until a person approves exactly this prompt and context; call it inside a step.

        The step's body runs again from its top after the decision: do what must not be repeated in an earlier step.
        Give requests made in varying order a ``key``. After ``timeout`` seconds without a decision the run is rejected.

        Raises ApprovalOutsideRun without a run, ApprovalRejected when the answer was no, ApprovalUnstable when content
        changes on every re-run, and an internal BaseException that lets go of the worker.
        """
        step = current_step()
        if step is None:
            raise ApprovalOutsideRun(
                "request_approval() needs a run around it: call it inside a step that wf.run() or a worker executes"
            )
        request = _request(step, prompt, context, key, timeout)
        return _answer(step, request, await step.approvals())

    def request_approval_sync(
        self, prompt: str, *, context: object = None, key: str | None = None, timeout: float | None = None
    ) -> ApprovalDecision:
        """The same for sync steps."""
        step = current_step()
        if step is None:
            raise ApprovalOutsideRun(
                "request_approval_sync() needs a run around it: call it inside a sync step"
            )
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            request = _request(step, prompt, context, key, timeout)
            return _answer(step, request, step.wait_for(step.approvals()))
        raise ApprovalOutsideRun(
            "request_approval_sync() would block the event loop here: await request_approval()"
        )

    async def approve(
        self,
        run_id: str,
        reviewer: str | Actor | None = None,
        *,
        reason: str = "",
        approval_id: int | None = None,
        digest: str | None = None,
        payload: object = None,
    ) -> Approval:
        """Approve from any process. ``digest`` binds the decision to the content that was seen; without it, it applies
        to the run's only pending approval and is recorded as made without display. Raises the ApprovalError tree."""
        return await commands.approve(
            self._store(),
            run_id,
            actor=as_actor(reviewer),
            reason=reason,
            approval_id=approval_id,
            digest=digest,
            payload=payload,
        )

    async def reject(
        self,
        run_id: str,
        reason: str,
        reviewer: str | Actor | None = None,
        *,
        approval_id: int | None = None,
        digest: str | None = None,
    ) -> Approval:
        """Reject from any process: the run ends as rejected. Raises the ApprovalError tree."""
        return await commands.reject(
            self._store(),
            run_id,
            actor=as_actor(reviewer),
            reason=reason,
            approval_id=approval_id,
            digest=digest,
        )

    def _store(self) -> Store:
        return self.workflow.store if self.workflow.store is not None else store_in_use()


def _request(
    step: StepContext, prompt: str, context: object, key: str | None, timeout: float | None
) -> ApprovalRequest:
    commands.check_text("prompt", prompt, limit=MAX_PROMPT, empty=False)
    if key is not None:
        commands.check_text("key", key, limit=200, empty=False)
    if timeout is not None:
        check_number("timeout", timeout, low=0.001, high=MAX_DELAY)
    branch = current_branch()
    text = encode(context, what="context")
    return ApprovalRequest(
        step=step.step,
        branch=branch,
        gate=key if key is not None else f"#{step.next_position(branch)}",
        prompt=prompt,
        context=text,
        digest=content_digest(prompt, text),
        timeout=timeout,
    )


def _answer(step: StepContext, request: ApprovalRequest, recorded: Sequence[Approval]) -> ApprovalDecision:
    """What the step's recorded approvals mean for this request. What ends the attempt is noted before it is raised."""
    asked = (request.branch, request.gate)
    latest = next((each for each in reversed(recorded) if (each.branch, each.gate) == asked), None)
    if latest is not None and latest.digest == request.digest:
        decision = latest.decision
        if latest.status is ApprovalStatus.APPROVED and decision is not None:
            return ApprovalDecision(
                approval_id=latest.id,
                reviewer=decision.reviewer.name,
                reason=decision.reason,
                payload=None if decision.payload is None else decode(decision.payload),
                decided_at=decision.decided_at,
            )
        if latest.status in (ApprovalStatus.REJECTED, ApprovalStatus.EXPIRED):
            by = decision.reviewer.name if decision else "its deadline"
            why = decision.reason if decision else "nobody decided in time"
            step.notes.rejection = ApprovalRejected(
                f"run {step.run_id!r} was rejected by {by}: {why}",
                run_id=step.run_id,
                reviewer=by,
                reason=why,
            )
            raise step.notes.rejection
    elif latest is not None and latest.revision >= MAX_REVISIONS:
        step.notes.fatal = ApprovalUnstable(
            f"gate {request.gate} of step {step.step!r} asked for a different content again, after "
            f"{latest.revision}: what stands before a gate must give the same when it is re-run; "
            "put the gate in a step of its own"
        )
        raise step.notes.fatal
    step.notes.requests.append(request)
    raise Suspension(f"run {step.run_id} waits for approval at gate {request.gate} of step {step.step}")
