"""All that is known once the faults are over: what the store shows, what the ledger holds, what was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sagewai.core.audit import Verified, verify
from sagewai.core.stores.base import Store
from sagewai.models.approval import Approval
from sagewai.models.history import Attempt, AuditEntry, DeadLetter, Event
from sagewai.models.page import MAX_PAGE, DeadLetterQuery, RunQuery
from sagewai.models.run import Run, StepInfo
from sagewai.models.session import Counts
from sagewai.models.status import RunStatus
from tests.faults.ledger import Ledger, Line


@dataclass(slots=True)
class Acknowledged:
    """What the store said yes to. ``outputs`` are the JSON texts of results that somebody was given."""

    runs: list[str] = field(default_factory=list)
    decisions: list[Approval] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Story:
    """One run as the store tells it."""

    run: Run
    steps: Sequence[StepInfo]
    attempts: Sequence[Attempt]
    events: Sequence[Event]
    approvals: Sequence[Approval]
    output: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the invariants are judged by."""

    stories: Mapping[str, Story]
    dead_letters: Mapping[str, DeadLetter]
    counts: Counts
    audit: Sequence[AuditEntry]
    chain: Verified
    asks: Sequence[Event]
    lines: Mapping[str, Sequence[Line]]
    acknowledged: Acknowledged


async def gather(store: Store, ledger: Ledger, acknowledged: Acknowledged) -> Evidence:
    """Read it all. Nothing may be moving any more."""
    stories = await asyncio.gather(*(_story(store, run) for run in await all_runs(store)))
    acted = await store.get_events(limit=MAX_PAGE)
    return Evidence(
        stories={story.run.run_id: story for story in stories},
        dead_letters=await _dead_letters(store),
        counts=await store.counts(),
        audit=await _audit(store),
        chain=await verify(store),
        asks=[event for event in acted if event.run_id is None],
        lines=ledger.by_run(),
        acknowledged=acknowledged,
    )


async def all_runs(store: Store) -> list[Run]:
    """Every run, however many there are."""
    runs: list[Run] = []
    cursor: str | None = None
    while True:
        page = await store.list_runs(RunQuery(cursor=cursor, limit=MAX_PAGE))
        runs += page
        cursor = page.next_cursor
        if cursor is None:
            return runs


async def _story(store: Store, run: Run) -> Story:
    return Story(
        run=run,
        steps=await store.get_steps(run.run_id),
        attempts=await store.get_attempts(run.run_id),
        events=await store.get_events(run.run_id),
        approvals=await store.approvals_of(run.run_id),
        output=(await store.get_outcome(run.run_id)).output if run.status is RunStatus.COMPLETED else None,
    )


async def _dead_letters(store: Store) -> dict[str, DeadLetter]:
    found: dict[str, DeadLetter] = {}
    cursor: str | None = None
    while True:
        page = await store.list_dead_letters(DeadLetterQuery(cursor=cursor, limit=MAX_PAGE))
        found |= {letter.run_id: letter for letter in page}
        cursor = page.next_cursor
        if cursor is None:
            return found


async def _audit(store: Store) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    while page := await store.list_audit(after=entries[-1].number if entries else 0, limit=MAX_PAGE):
        entries += page
    return entries
