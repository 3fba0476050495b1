"""What a parking step asks of people: requests recorded, old content superseded, other steps' questions closed."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.policies import encode_policy
from sagewai.core.stores.sqlite.changes import Changes
from sagewai.models.approval import ApprovalRequest
from sagewai.models.history import EventKind
from sagewai.models.status import ApprovalStatus

_OVER = (4, 6)
"""Superseded or cancelled: such an approval answers nothing any more."""


def request(changes: Changes, run: int, step: str, requests: Sequence[ApprovalRequest]) -> None:
    """What a park of ``step`` asks."""
    others = changes.tx.rows(
        "select id, gate from approvals where run = ? and status = 1 and step <> ? order by id", run, step
    )
    for approval, gate in others:
        changes.close_approval(run, approval, gate, ApprovalStatus.CANCELLED)
    for each in requests:
        _ask(changes, run, each)


def _ask(changes: Changes, run: int, asked: ApprovalRequest) -> None:
    tx = changes.tx
    before = tx.row(
        "select id, status, digest, revision from approvals where run = ? and step = ? and branch = ? and gate = ? "
        "order by id desc limit 1",
        run,
        asked.step,
        asked.branch,
        asked.gate,
    )
    revision = 1
    if before is not None:
        last, status, digest, revision = before
        if digest == asked.digest and status not in _OVER:
            return
        if status not in _OVER:
            changes.close_approval(run, last, asked.gate, ApprovalStatus.SUPERSEDED)
        revision += digest != asked.digest
    timeout = None if asked.timeout is None else round(asked.timeout * 1e6)
    approval = tx.insert(
        "insert into approvals (run, step, branch, gate, revision, digest, context_bytes, requested_at, deadline_at, "
        "prompt, policy, timeout) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        run,
        asked.step,
        asked.branch,
        asked.gate,
        revision,
        asked.digest,
        len(asked.context.encode()),
        tx.now,
        None if timeout is None else tx.now + timeout,
        asked.prompt,
        encode_policy(asked.policy),
        timeout,
    )
    tx.insert("insert into approval_contexts (approval, context) values (?, ?)", approval, asked.context)
    detail = {"approval_id": approval, "gate": asked.gate, "digest": asked.digest}
    changes.events.note(run, EventKind.APPROVAL_REQUESTED, detail)
