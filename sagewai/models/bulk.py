"""Bulk jobs: one verb for a list of runs that is frozen when the job begins, carried out by whoever is alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sagewai.models.actor import Actor
from sagewai.models.status import RunStatus

BulkVerb = Literal["cancel", "pause", "resume", "retry", "discard"]

MAX_BULK = 100_000
"""The most runs one job may list."""


class BulkStatus(StrEnum):
    """``running`` jobs have items left; ``stopped`` ones have too, and leave them alone."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class BulkOutcome(StrEnum):
    """What became of one item. ``left``: its job was stopped before it came to it, or hasn't come to it yet."""

    LEFT = "left"
    DONE = "done"
    REFUSED = "refused"  # the run had changed: ``BulkItem.detail`` says how


@dataclass(frozen=True, slots=True)
class BulkSpec:
    """A job to be recorded: what is done, to which runs, in this order. A run named twice is listed once."""

    verb: BulkVerb
    run_ids: tuple[str, ...]
    actor: Actor
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What a job would do now: of ``by_status``, those that the verb is legal for are ``possible``. ``missing`` are
    no runs (any more)."""

    by_status: Mapping[RunStatus, int]
    possible: int
    missing: int


@dataclass(frozen=True, slots=True)
class BulkJob:
    """A job as it stands. ``total`` = ``done`` + ``refused`` + those left."""

    id: int
    verb: BulkVerb
    status: BulkStatus
    total: int
    done: int
    refused: int
    actor: str
    source: str
    assurance: str
    reason: str
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def left(self) -> int:
        return self.total - self.done - self.refused


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One run of a job, numbered from 1 in the job's order."""

    number: int
    run_id: str
    outcome: BulkOutcome
    detail: str = ""
