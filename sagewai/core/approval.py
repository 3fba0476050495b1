"""ApprovalGate: a step asks a person, lets go of its worker, and goes on when the recorded decision is there."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Literal

from sagewai.core import commands
from sagewai.core.actors import as_actor
from sagewai.core.context import current_step, require_step, require_thread
from sagewai.core.defaults import store_in_use
from sagewai.core.failure import told
from sagewai.core.question import ApprovalDecision, answer, question
from sagewai.core.stores.base import Store
from sagewai.core.workflow import DurableWorkflow
from sagewai.errors import ApprovalOutsideRun, InvalidOptionError, StoreError
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, ApprovalPolicy
from sagewai.models.status import ApprovalStatus

__all__ = ["ApprovalDecision", "ApprovalGate"]

log = logging.getLogger("sagewai.approval")


class ApprovalGate:
    """A place where a workflow waits for a person. One gate may ask several times in a run; each request is a record of
    its own, with prompt, context, policy and a digest of them."""

    def __init__(self, workflow: DurableWorkflow) -> None:
        self.workflow = workflow

    async def request_approval(
        self,
        prompt: str,
        *,
        context: object = None,
        key: str | None = None,
        timeout: float | None = None,
        on_timeout: Literal["reject", "escalate"] = "reject",
        escalate_to: Iterable[str] = (),
        required: int = 1,
        approvers: Iterable[str] | None = None,
        exclude_requester: bool = False,
        allow_edit: Any = None,
        read_to_end: bool = False,
    ) -> ApprovalDecision:
        """Pause the run until a person approves exactly this prompt and context; call it inside a step.

        The step's body runs again from its top after the decision: do what must not be repeated in an earlier step.
        Give requests made in varying order a ``key``. After ``timeout`` seconds without a decision the run is rejected;
        with ``on_timeout="escalate"`` the next of ``escalate_to`` joins ``approvers`` then, and the timeout begins
        again, until nobody is left to ask.

        ``required`` different reviewers must approve, one rejection is enough. ``approvers`` names who may decide
        (anyone, without it); ``exclude_requester`` leaves out whoever submitted the run. With ``allow_edit``, a type,
        an approval may carry changed content of that type; the context must be of it, and the decision's ``payload`` is
        an instance. Where several must approve, all must hand in the same content; otherwise they are asked again, as
        after an edit that isn't of the type. ``read_to_end`` asks reviewers' screens to show all of it before they take
        an approval.

        Raises ApprovalOutsideRun without a run, InvalidOptionError for options that make no sense, ApprovalRejected
        when the answer was no, ApprovalUnstable when content changes on every re-run, and an internal BaseException
        that lets go of the worker.
        """
        step = require_step("request_approval()", ApprovalOutsideRun)
        asked = question(
            step,
            prompt,
            context,
            key=key,
            timeout=timeout,
            policy=_policy(required, approvers, exclude_requester, on_timeout, escalate_to, read_to_end),
            allow_edit=allow_edit,
        )
        return answer(step, asked, await step.records.approvals())

    def request_approval_sync(
        self,
        prompt: str,
        *,
        context: object = None,
        key: str | None = None,
        timeout: float | None = None,
        on_timeout: Literal["reject", "escalate"] = "reject",
        escalate_to: Iterable[str] = (),
        required: int = 1,
        approvers: Iterable[str] | None = None,
        exclude_requester: bool = False,
        allow_edit: Any = None,
        read_to_end: bool = False,
    ) -> ApprovalDecision:
        """The same for sync steps."""
        step = require_step("request_approval_sync()", ApprovalOutsideRun)
        require_thread("request_approval_sync()", "await request_approval()", ApprovalOutsideRun)
        asked = question(
            step,
            prompt,
            context,
            key=key,
            timeout=timeout,
            policy=_policy(required, approvers, exclude_requester, on_timeout, escalate_to, read_to_end),
            allow_edit=allow_edit,
        )
        return answer(step, asked, step.wait_for(step.records.approvals()))

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
        to the run's only pending approval and is recorded as made without display. ``payload`` is handed to the step;
        where the gate allows it, it is the edited content. Where no live worker can go on with the run, the log says
        so. A decision from inside a step counts for nothing where others must agree. Raises the ApprovalError tree."""
        store = self._store()
        approval = await commands.approve(
            store,
            run_id,
            actor=as_actor(reviewer),
            reason=reason,
            approval_id=approval_id,
            digest=digest,
            payload=payload,
            shared=current_step() is not None,
        )
        if approval.status is ApprovalStatus.APPROVED:
            await _warn_if_unserved(store, run_id)
        return approval

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
            shared=current_step() is not None,
        )

    def _store(self) -> Store:
        return self.workflow.store if self.workflow.store is not None else store_in_use()


def _policy(
    required: int,
    approvers: Iterable[str] | None,
    exclude_requester: bool,
    on_timeout: Literal["reject", "escalate"],
    escalate_to: Iterable[str],
    read_to_end: bool,
) -> ApprovalPolicy:
    return ApprovalPolicy(
        required=required,
        approvers=_names("approvers", approvers),
        exclude_requester=bool(exclude_requester),
        on_timeout=on_timeout,
        escalate_to=_names("escalate_to", escalate_to),
        read_to_end=bool(read_to_end),
    )


def _names(what: str, names: Iterable[str] | None) -> tuple[str, ...]:
    if names is None:
        return ()
    if isinstance(names, str):
        raise InvalidOptionError(f"{what} is {names!r}: give a list of names")
    return tuple(names)


async def _warn_if_unserved(store: Store, run_id: str) -> None:
    """The decision is recorded: that this look failed is no error of it."""
    try:
        warning = await commands.unserved(store, run_id)
    except StoreError as error:
        log.warning("run %s is approved; whether a worker can take it is unknown (%s)", run_id, told(error))
        return
    if warning is not None:
        log.warning("%s", warning)
