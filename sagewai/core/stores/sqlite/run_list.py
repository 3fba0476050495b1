"""Which runs to list: read from an index that is in the right order already, so that no depth makes a page dearer.

Of a filter's index one range is read per chosen status (per status there is, where none is chosen), newest first, and
the ranges are merged. What other filters ask is compared beside it.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from sagewai.core.stores.sqlite import words
from sagewai.core.stores.sqlite.pages import NEVER, Key, check_limit, page, read_cursor
from sagewai.core.stores.sqlite.rows import RUN, run_of
from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.models.page import Page, RunQuery
from sagewai.models.run import Run

FEW = 2_000
"""This many runs are cheaper sorted than looked for among all the others."""


@dataclass(frozen=True, slots=True)
class _Condition:
    sql: str
    values: tuple[Value, ...]


def list_runs(tx: Transaction, query: RunQuery) -> Page[Run]:
    limit = check_limit(query.limit)
    after = read_cursor(query.cursor, query.order)
    found = list(islice(heapq.merge(*_ranges(tx, query, after, limit + 1), reverse=True), limit + 1))
    rows = tx.rows(
        f"{RUN} where r.id in (select value from json_each(?))", json.dumps([key for _, key in found])
    )
    by_key = {row[0]: row for row in rows}
    return page(found, limit, query.order, lambda at: (at[0], at[1]), lambda at: run_of(by_key[at[1]]))


def _ranges(tx: Transaction, query: RunQuery, after: Key | None, most: int) -> Iterable[Sequence[Key]]:
    """What matches, in ranges, each from newest to oldest; a key is (changed_at or 0, id)."""
    statuses = [words.STATUS_CODE[status] for status in query.status or ()]
    if query.status is not None and not statuses:
        return
    conditions: dict[str, _Condition] = {}
    if query.workflow is not None:
        conditions["workflow"] = _named(tx, "workflow", "workflows", query.workflow)
    if query.pool is not None:
        conditions["pool"] = _named(tx, "pool", "pools", query.pool)
    if query.prefix:
        conditions["prefix"] = _Condition(
            "r.run_id >= ? and r.run_id < ?", (query.prefix, _behind(query.prefix))
        )

    if query.tag is not None:
        source = "run_tags g join runs r on r.id = g.run"
        tag = tx.value("select id from tags where key = ? and value = ?", *query.tag)
        among = [_Condition("g.tag = ?", (tag,)), *conditions.values(), *_status_condition(statuses)]
        yield _read(tx, source, among, query, after, most, key="g.run")
    elif query.prefix and _is_rare(tx, conditions["prefix"]):
        among = [*conditions.values(), *_status_condition(statuses)]
        yield _read(tx, "runs r indexed by runs_by_id", among, query, after, most)
    elif query.status is None and not conditions.keys() & {"workflow", "pool"}:
        source = "runs r not indexed" if query.order == "newest" else "runs r indexed by runs_changed"
        yield _read(tx, source, list(conditions.values()), query, after, most)
    else:
        suffix = "" if query.order == "newest" else "_changed"
        index = next((name for name in ("workflow", "pool") if name in conditions), "status")
        for status in statuses or words.STATUS:
            among = [*conditions.values(), *_status_condition([status])]
            yield _read(tx, f"runs r indexed by runs_{index}{suffix}", among, query, after, most)


def _read(
    tx: Transaction,
    source: str,
    among: Sequence[_Condition],
    query: RunQuery,
    after: Key | None,
    most: int,
    *,
    key: str = "r.id",
) -> Sequence[Key]:
    """The first ``most`` behind ``after``. Rows that changed at one moment are told apart by their id."""
    at, number = after or (NEVER, NEVER)
    if query.order == "newest":
        columns, order = f"0, {key}", f"{key} desc"
        behind = _Condition(f"{key} < ?", (number,))
    else:
        columns, order = f"r.changed_at, {key}", f"r.changed_at desc, {key} desc"
        behind = _Condition(f"(r.changed_at, {key}) < (?, ?)", (at, number))
    conditions = [*among, behind]
    where = " and ".join(condition.sql for condition in conditions)
    values = [value for condition in conditions for value in condition.values]
    rows = tx.rows(f"select {columns} from {source} where {where} order by {order} limit ?", *values, most)
    return [(row[0], row[1]) for row in rows]


def _named(tx: Transaction, column: str, table: str, name: str) -> _Condition:
    return _Condition(f"r.{column} = ?", (tx.value(f"select id from {table} where name = ?", name),))


def _status_condition(statuses: Sequence[int]) -> list[_Condition]:
    if not statuses:
        return []
    if len(statuses) == 1:
        return [_Condition("r.status = ?", (statuses[0],))]
    return [_Condition("r.status in (select value from json_each(?))", (json.dumps(statuses),))]


def _is_rare(tx: Transaction, prefix: _Condition) -> bool:
    counted = tx.value(
        f"select count(*) from (select 1 from runs r indexed by runs_by_id where {prefix.sql} limit ?)",
        *prefix.values,
        FEW + 1,
    )
    return bool(counted <= FEW)


def _behind(prefix: str) -> str:
    """The first text, in the order of code points, that is behind all that begin with ``prefix``."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return prefix + "\U0010ffff" * 8
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
