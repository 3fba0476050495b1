"""A run's timeline as text: one line per attempt or event, timed from the first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sagewai.cli import words
from sagewai.cli.tables import Column, table
from sagewai.models.execution import TimelineEntry

_COLUMNS = (
    Column("AT"),
    Column("WHAT", 18),
    Column("STEP", 8),
    Column("TRY"),
    Column("TOOK"),
    Column("WHO", 10),
    Column("NOTE", 8),
)


def lines(entries: Sequence[TimelineEntry], width: int) -> list[str]:
    """The first line says when it began; AT counts from there."""
    if not entries:
        return ["nothing has happened yet"]
    start = entries[0].at
    return [f"from {words.clock(start)}", *table(_COLUMNS, (_row(entry, start) for entry in entries), width)]


def _row(entry: TimelineEntry, start: datetime) -> tuple[str, ...]:
    what = f"attempt {entry.outcome}" if entry.outcome is not None else entry.kind.replace("_", " ")
    took = _seconds((entry.until - entry.at).total_seconds()) if entry.until is not None else ""
    note = words.error(entry.error) if entry.error is not None else entry.reason
    return (
        "+" + _seconds((entry.at - start).total_seconds()),
        what,
        entry.step or "",
        "" if entry.attempt is None else str(entry.attempt),
        took,
        entry.worker or entry.actor,
        note,
    )


def _seconds(seconds: float) -> str:
    return f"{max(seconds, 0.0):.2f}s" if seconds < 100 else words.span(seconds)
