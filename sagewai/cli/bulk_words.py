"""Bulk jobs as lines of text: what one would do, how far it is, what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sagewai.cli import words
from sagewai.cli.exits import Exit
from sagewai.cli.tables import Column, fields, table
from sagewai.models.bulk import BulkItem, BulkJob, BulkPreview, BulkVerb
from sagewai.models.status import RunStatus

_PAST = {
    "cancel": "cancelled",
    "pause": "paused",
    "resume": "resumed",
    "retry": "retried",
    "discard": "discarded",
}
_JOBS = (
    Column("JOB"),
    Column("VERB"),
    Column("STATUS"),
    Column("TOTAL"),
    Column("DONE"),
    Column("REFUSED"),
    Column("LEFT"),
    Column("AGE"),
    Column("BY", 8),
    Column("REASON", 8),
)
_ITEMS = (Column("N"), Column("RUN", 22), Column("OUTCOME"), Column("DETAIL", 12))


def preview_lines(verb: BulkVerb, found: BulkPreview, line: int) -> list[str]:
    """How many of the runs stand how, and how many of them it would work for."""
    if not total(found):
        return ["no runs"]
    rows = [
        (status.value, f"{found.by_status[status]:,}") for status in RunStatus if status in found.by_status
    ]
    if found.missing:
        rows.append(("no such run", f"{found.missing:,}"))
    shown = table((Column("STATUS"), Column("RUNS")), rows, line)
    return [*shown, f"{found.possible:,} of {total(found):,} can be {_PAST[verb]} now"]


def total(found: BulkPreview) -> int:
    return sum(found.by_status.values()) + found.missing


def question(verb: BulkVerb, found: BulkPreview) -> str:
    return f"{verb} {words.count(found.possible, 'run')}? [y/N] "


def impossible(verb: BulkVerb, listed: int) -> str:
    which = "the run doesn't stand" if listed == 1 else f"none of {listed:,} runs stands"
    return f"nothing to {verb}: {which} so that it can be"


def progress(job: BulkJob) -> str:
    """How far it is."""
    return f"bulk job {job.id}: {job.done + job.refused:,} of {job.total:,}, {job.refused:,} refused"


def ending(job: BulkJob) -> Iterator[str]:
    """What became of it, and where to look for what didn't."""
    yield f"bulk job {job.id}: {_PAST[job.verb]} {job.done:,} of {job.total:,}"
    if job.refused:
        yield f"{job.refused:,} refused: `sagewai bulk show {job.id} --outcome refused` says why"
    if job.left:
        yield f"{job.left:,} left: the job was {job.status}"


def exit_code(job: BulkJob) -> Exit:
    """Whether every run of a job that is over was done."""
    return Exit.OK if job.done == job.total else Exit.CONFLICT


def job_lines(jobs: Iterable[BulkJob], now: datetime, line: int) -> list[str]:
    rows = (
        (
            str(job.id),
            job.verb,
            job.status.value,
            str(job.total),
            str(job.done),
            str(job.refused),
            str(job.left),
            words.age(job.created_at, now),
            job.actor,
            job.reason,
        )
        for job in jobs
    )
    return table(_JOBS, rows, line)


def detail_lines(job: BulkJob, line: int) -> list[str]:
    pairs = [
        ("job", str(job.id)),
        ("verb", job.verb),
        ("status", job.status.value),
        ("runs", f"{job.total:,}: {job.done:,} done, {job.refused:,} refused, {job.left:,} left"),
        ("by", f"{job.actor} ({job.assurance}, {job.source})"),
        ("reason", job.reason),
        ("begun", words.clock(job.created_at)),
        ("ended", "" if job.ended_at is None else words.clock(job.ended_at)),
    ]
    return fields(pairs, line)


def item_lines(items: Iterable[BulkItem], line: int) -> list[str]:
    rows = ((str(item.number), item.run_id, item.outcome.value, item.detail) for item in items)
    return table(_ITEMS, rows, line)
