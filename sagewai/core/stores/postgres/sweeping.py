"""What time makes due: lapsed sessions, overdue cancels, timers, deadlines; counters, folded; old tails, forgotten."""

from __future__ import annotations

import json

from sagewai.core.stores import words
from sagewai.core.stores.base import DEADLINE_PASSED, POISON_LIMIT, POISONED, SUSPECT_AFTER, Ticked
from sagewai.core.stores.postgres import statements
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.models.run import ErrorInfo
from sagewai.models.status import RunStatus

LATECOMERS = 120.0
"""Seconds after a session's end in which a claim that began before it may still commit: longer than any command."""

FOLDED_AT_ONCE = 20_000
"""Counter changes that one sweep adds up at most."""

TAILS_KEPT = 3_600.0
"""Seconds after which what a run heard from a model is forgotten, unless it hears more."""


def _error_text(error: ErrorInfo) -> str:
    return json.dumps({"type": error.type, "message": error.message, "traceback": error.traceback})


async def tick(database: Database, limit: int) -> Ticked:
    """Each kind of work is a transaction of its own; whatever another sweep has locked is left to it."""
    lapsed = await database.fetch(statements.LAPSE, limit)
    taken = await take_over(database, limit=limit, session=None)
    await database.fetch(statements.MARK_SWEPT, LATECOMERS)
    overdue = await database.fetch(statements.CANCEL_OVERDUE, limit)
    late = await database.fetch(
        statements.TIME_OUT, limit, _error_text(DEADLINE_PASSED), DEADLINE_PASSED.type
    )
    woken = await database.fetch(statements.WAKE_DUE, limit)
    past = await database.fetch(statements.EXPIRE, limit)
    await database.fetch(statements.FOLD, FOLDED_AT_ONCE)
    await database.fetch(statements.FOLD_ERRORS, FOLDED_AT_ONCE)
    await database.fetch(statements.FORGET_TAILS, TAILS_KEPT, limit)
    lost = [words.STATUS[row["status"]] for row in taken if row["lapsed"]]
    return Ticked(
        lapsed_sessions=len(lapsed),
        taken_over=sum(status in (RunStatus.PENDING, RunStatus.PAUSED) for status in lost),
        poisoned=lost.count(RunStatus.FAILED),
        woken=len(woken),
        expired=sum(not row["escalated"] for row in past),
        escalated=sum(row["escalated"] for row in past),
        cancelled=lost.count(RunStatus.CANCELLED) + len(overdue),
        timed_out=sum(row["failed"] for row in late),
        more=max(len(lapsed), len(taken), len(overdue), len(late), len(woken), len(past)) >= limit,
    )


async def take_over(database: Database, *, limit: int, session: int | None) -> list[Row]:
    """Take what sessions that are over still hold, or one of them: the run's new status, and whether it was lost."""
    return await database.fetch(
        statements.TAKE_OVER,
        limit,
        session,
        POISON_LIMIT,
        SUSPECT_AFTER,
        _error_text(POISONED),
        POISONED.type,
    )
