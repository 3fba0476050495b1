"""Approval policies: checked, encoded, and who may decide under one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sagewai.core.codec import digest, shown
from sagewai.core.retry import check_count
from sagewai.errors import InvalidOptionError
from sagewai.models.approval import ANYONE, ApprovalPolicy

MAX_REVIEWERS = 20
"""Of one approval: required ones, approvers, and rungs of the ladder."""

MAX_NAME = 200


def check_policy(policy: ApprovalPolicy, *, timeout: float | None) -> ApprovalPolicy:
    """Raise InvalidOptionError, naming the option, for a policy that could never be met or makes no sense."""
    for what, names in (("approvers", policy.approvers), ("escalate_to", policy.escalate_to)):
        if len(names) > MAX_REVIEWERS:
            raise InvalidOptionError(f"{what} has {len(names)} names: at most {MAX_REVIEWERS}")
        for name in names:
            if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not _kept(name):  # type: ignore[redundant-expr]
                raise InvalidOptionError(
                    f"{what} holds {shown(name)}: a reviewer is a name of 1 to {MAX_NAME} characters, none of them NUL "
                    "or a lone surrogate"
                )
    check_count("required", policy.required, low=1, high=MAX_REVIEWERS)
    everybody = set(policy.approvers) | set(policy.escalate_to)
    if policy.approvers and policy.required > len(everybody):
        who = "1 reviewer" if len(everybody) == 1 else f"{len(everybody)} reviewers"
        raise InvalidOptionError(
            f"required is {policy.required}, but only {who} may ever decide: name more approvers"
        )
    if policy.on_timeout not in ("reject", "escalate"):
        raise InvalidOptionError(
            f"on_timeout is {shown(policy.on_timeout)}: it must be 'reject' or 'escalate'"
        )
    if policy.on_timeout == "escalate" and (timeout is None or not policy.escalate_to):
        raise InvalidOptionError("on_timeout='escalate' needs a timeout and somebody in escalate_to")
    if policy.on_timeout == "reject" and policy.escalate_to:
        raise InvalidOptionError(
            "escalate_to is given, but on_timeout is 'reject': say on_timeout='escalate'"
        )
    return policy


def _kept(text: str) -> bool:
    """Whether every store keeps it as it is."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def encode_policy(policy: ApprovalPolicy) -> str | None:
    """Canonical JSON text; None for ANYONE, so that the common case takes no room."""
    if policy == ANYONE:
        return None
    return json.dumps(asdict(policy), sort_keys=True, separators=(",", ":"))


def decode_policy(text: str | None) -> ApprovalPolicy:
    """What :func:`encode_policy` was given."""
    if text is None:
        return ANYONE
    fields: dict[str, Any] = json.loads(text)
    fields["approvers"] = tuple(fields["approvers"])
    fields["escalate_to"] = tuple(fields["escalate_to"])
    return ApprovalPolicy(**fields)


def content_digest(prompt: str, context: str, policy: ApprovalPolicy = ANYONE) -> str:
    """The digest a reviewer's decision carries: over the JSON text of ``[prompt, context]``, and of the policy unless
    that is ANYONE. ``context`` is JSON text itself. Everything that is shown goes in, so a changed comma, or a quorum
    that became smaller, is a changed digest."""
    shown = [prompt, context]
    text = encode_policy(policy)
    if text is not None:
        shown.append(text)
    return digest(json.dumps(shown, separators=(",", ":")))


def is_one_of(reviewer: str, names: Iterable[str]) -> bool:
    """Whether a name stands for this reviewer: the same, or the account of ``account@host``, whatever follows."""
    account = reviewer.split(" ", 1)[0].split("@", 1)[0]
    return any(name in (reviewer, account) for name in names)


def may_approve(policy: ApprovalPolicy, level: int, reviewer: str, requester: str) -> str | None:
    """Why this reviewer may not approve, None where nothing speaks against it. ``level`` of the ladder has joined."""
    if policy.exclude_requester and reviewer == requester:
        return f"{reviewer} submitted the run: somebody else must decide"
    return may_reject(policy, level, reviewer)


def may_reject(policy: ApprovalPolicy, level: int, reviewer: str) -> str | None:
    """Why this reviewer may not reject. Whoever submitted the run may withdraw it."""
    allowed: Sequence[str] = (*policy.approvers, *policy.escalate_to[:level])
    if policy.approvers and not is_one_of(reviewer, allowed):
        return f"{reviewer} is not one of those who may decide: {', '.join(allowed)}"
    return None


def refuses_shared(policy: ApprovalPolicy) -> bool:
    """Whether a decision from a process that executes runs with the same rights counts for nothing here."""
    return policy.required > 1 or policy.exclude_requester
