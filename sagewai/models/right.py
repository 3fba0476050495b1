"""What the rights of a store's user allow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """Reading is allowed to whoever can open a store; these may be missing."""

    PAYLOADS = "payloads"  # inputs, results, errors' messages, contexts; without it they read "[redacted]"
    SUBMIT = "submit"  # and send signals
    OPERATE = "operate"  # cancel, pause, resume, retry, discard, fork, set priorities, drain workers
    DECIDE = "decide"  # and claim, snooze and comment on approvals
    EXECUTE = "execute"  # claim and record runs, as a worker
    MIGRATE = "migrate"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a store's user is. ``name`` is None where the database proves none: then the name that was passed stands."""

    name: str | None
    rights: frozenset[Right]


ANYBODY = Identity(None, frozenset(Right))
"""Whoever opened the store, with all rights."""
