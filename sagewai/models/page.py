"""Keyset pages: what is asked for, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from sagewai.models.status import ApprovalStatus, RunStatus

T = TypeVar("T")

MAX_PAGE = 1_000
"""The most rows one page may hold."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page. ``next_cursor`` is None on the last one; it is opaque and stays valid while rows come and go."""

    items: tuple[T, ...]
    next_cursor: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs to list. All given filters must hold; ``tag`` is (key, value), ``prefix`` begins the run_id.

    ``order``: ``newest`` by submission, or ``changed`` by the last change of status, both newest first.
    """

    status: frozenset[RunStatus] | None = None
    workflow: str | None = None
    pool: str | None = None
    tag: tuple[str, str] | None = None
    prefix: str | None = None
    order: Literal["newest", "changed"] = "newest"
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ApprovalQuery:
    """Which approvals to list: by deadline, then by age, oldest first (those without a deadline last). ``snoozed``
    False leaves out those that somebody snoozed for now."""

    status: ApprovalStatus | None = ApprovalStatus.PENDING
    run_id: str | None = None
    snoozed: bool = True
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DeadLetterQuery:
    """Which dead letters to list, newest first."""

    error_type: str | None = None
    workflow: str | None = None
    cursor: str | None = None
    limit: int = 50
