"""Bulk jobs: a list is written once; its items are carried out a few at a time, each with its outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import cast

from sagewai.core.codec import require_storable
from sagewai.core.failpoints import reach
from sagewai.core.stores import words
from sagewai.core.stores.bulks import OPERATIONS, Standing, no_bulk
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.operate import operate
from sagewai.core.stores.sqlite.rows import maybe_time, read_time
from sagewai.core.stores.sqlite.transaction import Row, Transaction
from sagewai.errors import DeadLetterNotFound, RunError
from sagewai.models.actor import Actor, Assurance
from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkSpec, BulkStatus
from sagewai.models.history import EventKind

_FIELDS = tuple(field.name for field in fields(BulkJob))
_JOB = f"select {', '.join(_FIELDS)} from bulk_jobs"
"""The columns are called as the model's fields."""

_LEFT, _DONE, _REFUSED = (words.BULK_OUTCOME_CODE[each] for each in BulkOutcome)


def look_up(tx: Transaction, run_ids: Sequence[str]) -> list[tuple[Standing, int]]:
    """How those of the runs stand that there are, and how many stand so."""
    rows = tx.rows(
        "select r.status, r.asked, exists (select 1 from dead_letters d where d.run = r.id) as dead, count(*) "
        "from json_each(?) j join runs r on r.run_id = j.value group by 1, 2, 3",
        json.dumps(run_ids),
    )
    return [
        ((words.STATUS[status], None if asked is None else words.ASK[asked], bool(dead)), count)
        for status, asked, dead, count in rows
    ]


def create(tx: Transaction, spec: BulkSpec, run_ids: Sequence[str]) -> BulkJob:
    by = spec.actor
    for run_id in run_ids:
        require_storable(run_id, "a run's id")
    job = tx.insert(
        "insert into bulk_jobs (verb, total, actor, source, assurance, reason, created_at) "
        "values (?, ?, ?, ?, ?, ?, ?)",
        *(spec.verb, len(run_ids), by.name, by.source, by.assurance, spec.reason, tx.now),
    )
    tx.change_many(
        "insert into bulk_items (job, number, run_id) values (?, ?, ?)",
        [(job, number, run_id) for number, run_id in enumerate(run_ids, 1)],
    )
    _note(tx, EventKind.BULK_STARTED, {"job": job, "verb": spec.verb, "total": len(run_ids)}, by, spec.reason)
    return get(tx, job)


def next_job(tx: Transaction, job: int | None) -> int | None:
    """The oldest that runs, or this one if it does. Raises BulkNotFound."""
    if job is None:
        oldest: int | None = tx.value("select id from bulk_jobs where status = 1 order by id limit 1")
        return oldest
    return job if get(tx, job).status is BulkStatus.RUNNING else None


def advance(tx: Transaction, job: int, limit: int) -> int:
    """Nobody else writes meanwhile: what is left now is nobody's."""
    found = tx.rows(f"{_JOB} where id = ? and status = 1", job)
    if not found:
        return 0
    going = _job(found[0])
    items = tx.rows(
        "select number, run_id from bulk_items where job = ? and outcome = ? order by number limit ?",
        job,
        _LEFT,
        limit,
    )
    by = Actor(going.actor, going.source, cast(Assurance, going.assurance))
    settled = [(*_carry_out(tx, going, by, run_id), job, number) for number, run_id in items]
    tx.change_many("update bulk_items set outcome = ?, detail = ? where job = ? and number = ?", settled)
    refused = sum(outcome == _REFUSED for outcome, *_ in settled)
    over = len(settled) == going.left
    tx.change(
        "update bulk_jobs set done = done + ?, refused = refused + ?, status = ?, ended_at = ? where id = ?",
        *(len(settled) - refused, refused, 3 if over else 1, tx.now if over else None, job),
    )
    return len(settled)


def stop(tx: Transaction, job: int, actor: Actor, reason: str) -> BulkJob:
    found = get(tx, job)
    if found.status is BulkStatus.RUNNING:
        tx.change("update bulk_jobs set status = 2, ended_at = ? where id = ?", tx.now, job)
        _note(tx, EventKind.BULK_STOPPED, {"job": job, "left": found.left}, actor, reason)
    return get(tx, job)


def get(tx: Transaction, job: int) -> BulkJob:
    row = tx.row(f"{_JOB} where id = ?", job)
    if row is None:
        raise no_bulk(job)
    return _job(row)


def list_jobs(tx: Transaction, limit: int) -> list[BulkJob]:
    return [_job(row) for row in tx.rows(f"{_JOB} order by id desc limit ?", limit)]


def items(tx: Transaction, job: int, after: int, limit: int, outcome: BulkOutcome | None) -> list[BulkItem]:
    get(tx, job)
    which = "" if outcome is None else f"outcome = {words.BULK_OUTCOME_CODE[outcome]} and "
    rows = tx.rows(
        "select number, run_id, outcome, detail from bulk_items "
        f"where job = ? and {which}number > ? order by number limit ?",
        *(job, after, limit),
    )
    return [
        BulkItem(number, run_id, words.BULK_OUTCOME[code], detail) for number, run_id, code, detail in rows
    ]


def _carry_out(tx: Transaction, job: BulkJob, by: Actor, run_id: str) -> tuple[int, str]:
    try:
        operate(tx, run_id, OPERATIONS[job.verb], by, job.reason, None)
    except (RunError, DeadLetterNotFound) as refusal:  # raised before anything is written
        return _REFUSED, str(refusal)
    reach("bulk item")
    return _DONE, ""


def _note(tx: Transaction, kind: EventKind, detail: dict[str, object], actor: Actor, reason: str) -> None:
    events = Events(tx)
    events.note(None, kind, detail, actor=actor, reason=reason)
    events.write()


def _job(row: Row) -> BulkJob:
    values = dict(zip(_FIELDS, row, strict=True))
    values["status"] = words.BULK_STATUS[values["status"]]
    values["created_at"] = read_time(values["created_at"])
    values["ended_at"] = maybe_time(values["ended_at"])
    return BulkJob(**values)
