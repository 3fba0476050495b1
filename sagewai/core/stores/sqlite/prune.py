"""Removing old runs that are over, with all that belongs to them alone, and old bulk jobs."""

from __future__ import annotations

import heapq
import json
from collections.abc import Sequence
from itertools import islice

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.models.status import RunStatus

OLD = (
    "select changed_at, id from runs indexed by runs_status_changed "
    "where status = ? and changed_at < ? order by changed_at, id limit ?"
)
OLD_BULK = "select id from bulk_jobs indexed by bulk_jobs_ended where ended_at < ? order by ended_at limit 1"

_THEIRS = (
    "asks",
    "attempts",
    "budgets",
    "calls",
    "dead_letters",
    "deadlines",
    "endings",
    "events",
    "forks",
    "run_inputs",
    "signals",
    "spent",
    "tails",
    "waits",
)
"""Tables that name their run in a column ``run``, by which they are found."""

_KEYS = "(select value from json_each(?))"

_THEIR_TAGS = (
    "select t.id, i.run from run_inputs i, json_each(i.tags) j join tags t on t.key = j.key and t.value = j.value "
    f"where i.run in {_KEYS}"
)


def prune(tx: Transaction, statuses: Sequence[int], older_than: float, limit: int) -> int:
    """The runs whose last change of status is the longest ago; gives how many."""
    before = _before(tx, older_than)
    ranges = [tx.rows(OLD, status, before, limit) for status in statuses]
    found = [key for _, key in islice(heapq.merge(*ranges), limit)]
    if found:
        _remove(tx, json.dumps(found))
    return len(found)


def count(tx: Transaction, statuses: Sequence[int], older_than: float) -> dict[RunStatus, int]:
    before = _before(tx, older_than)
    counted = {
        words.STATUS[status]: tx.value(
            "select count(*) from runs indexed by runs_status_changed where status = ? and changed_at < ?",
            status,
            before,
        )
        for status in statuses
    }
    return {status: runs for status, runs in counted.items() if runs}


def prune_bulk(tx: Transaction, older_than: float) -> bool:
    """The bulk job that ended the longest ago, with its list; whether there was one."""
    job = tx.value(OLD_BULK, _before(tx, older_than))
    if job is not None:
        tx.change("delete from bulk_items where job = ?", job)
        tx.change("delete from bulk_jobs where id = ?", job)
    return job is not None


def _before(tx: Transaction, older_than: float) -> int:
    return tx.now - round(older_than * 1e6)


def _remove(tx: Transaction, keys: str) -> None:
    pairs = tx.rows(_THEIR_TAGS, keys)
    tags = json.dumps(list({tag for tag, _ in pairs}))
    tx.change_many("delete from run_tags where tag = ? and run = ?", pairs)
    tx.change(
        f"delete from tags where id in {_KEYS} and not exists (select 1 from run_tags where tag = tags.id)",
        tags,
    )
    theirs = f"select id from approvals where run in {_KEYS}"
    tx.change(f"delete from approval_contexts where approval in ({theirs})", keys)
    tx.change(f"delete from earlier_decisions where approval in ({theirs})", keys)
    for table in ("approvals", *_THEIRS):
        tx.change(f"delete from {table} where run in {_KEYS}", keys)
    tx.change(f"delete from runs where id in {_KEYS}", keys)
