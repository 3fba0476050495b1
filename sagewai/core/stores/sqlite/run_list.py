"""Which runs to list: read from an index that is in the right order already, so that no depth makes a page dearer.

Of a filter's index one range is read per chosen status (per status there is, where none is chosen), newest first, and
the ranges are merged. What other filters ask is compared beside it.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.pages import Key, check_limit, page, read_cursor
from sagewai.core.stores.sqlite.rows import RUN, run_of
from sagewai.core.stores.sqlite.transaction import Transaction, Value
from sagewai.models.page import Page, RunQuery
from sagewai.models.run import Run

FEW = 4_000
"""This many runs are cheaper sorted than looked for among all the others."""

FEW_NAMES = 15_000
"""As many, where their index alone has all that is asked for."""


_BY_ID = "runs r indexed by runs_by_id"


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


def held_by(tx: Transaction, session: int, limit: int) -> list[Run]:
    rows = tx.rows(f"{RUN} where r.session = ? order by r.id desc limit ?", session, check_limit(limit))
    return [run_of(row) for row in rows]


def _ranges(tx: Transaction, query: RunQuery, after: Key | None, most: int) -> Iterator[Sequence[Key]]:
    """What matches, in ranges, each from newest to oldest; a key is (changed_at or 0, id)."""
    for source, conditions in _sources(tx, query):
        key = "g.run" if source.startswith("run_tags") else "r.id"
        for behind in _behind(query, after, key):
            yield _read(tx, source, key, [*conditions, *behind], query, most)


def _sources(tx: Transaction, query: RunQuery) -> Iterator[tuple[str, list[_Condition]]]:
    """Where the rows are found in their order, and what must hold of them."""
    statuses = [words.STATUS_CODE[status] for status in query.status or ()]
    if query.status is not None and not statuses:
        return
    by_name: dict[str, _Condition] = {}
    if query.workflow is not None:
        by_name["workflow"] = _named(tx, "workflow", "workflows", query.workflow)
    if query.pool is not None:
        by_name["pool"] = _named(tx, "pool", "pools", query.pool)
    others = list(by_name.values())
    prefix = None
    if query.prefix:
        prefix = _Condition("r.run_id >= ? and r.run_id < ?", (query.prefix, _past(query.prefix)))
        others.append(prefix)

    if query.tag is not None:
        tag = tx.value("select id from tags where key = ? and value = ?", *query.tag)
        if query.order == "newest" or _is_few(tx, "run_tags g", _Condition("g.tag = ?", (tag,)), FEW):
            yield (
                "run_tags g join runs r on r.id = g.run",
                [_Condition("g.tag = ?", (tag,)), *others, *_among(statuses)],
            )
            return
        others.append(
            _Condition("exists (select 1 from run_tags g where g.tag = ? and g.run = r.id)", (tag,))
        )
    alone = query.order == "newest" and not statuses and not by_name and query.tag is None
    if prefix is not None and _is_few(tx, _BY_ID, prefix, FEW_NAMES if alone else FEW):
        yield _BY_ID, [*others, *_among(statuses)]
    elif not statuses and not by_name:
        yield "runs r not indexed" if query.order == "newest" else "runs r indexed by runs_changed", others
    else:
        name = next(iter(by_name), "status")
        suffix = "" if query.order == "newest" else "_changed"
        for status in statuses or words.STATUS:
            yield f"runs r indexed by runs_{name}{suffix}", [*others, *_among([status])]


def _behind(query: RunQuery, after: Key | None, key: str) -> Iterator[list[_Condition]]:
    """What is behind the last row seen. Two ranges where many may have changed at one moment: the others of them, and
    what is older."""
    if after is None:
        yield []
    elif query.order == "newest":
        yield [_Condition(f"{key} < ?", (after[1],))]
    else:
        yield [_Condition(f"r.changed_at = ? and {key} < ?", after)]
        yield [_Condition("r.changed_at < ?", (after[0],))]


def _read(
    tx: Transaction, source: str, key: str, conditions: Sequence[_Condition], query: RunQuery, most: int
) -> Sequence[Key]:
    columns, order = f"0, {key}", f"{key} desc"
    if query.order == "changed":
        columns, order = f"r.changed_at, {key}", f"r.changed_at desc, {key} desc"
    where = " and ".join(condition.sql for condition in conditions) or "true"
    values = [value for condition in conditions for value in condition.values]
    rows = tx.rows(f"select {columns} from {source} where {where} order by {order} limit ?", *values, most)
    return [(at, number) for at, number in rows]


def _named(tx: Transaction, column: str, table: str, name: str) -> _Condition:
    return _Condition(f"r.{column} = ?", (tx.value(f"select id from {table} where name = ?", name),))


def _among(statuses: Sequence[int]) -> list[_Condition]:
    if not statuses:
        return []
    if len(statuses) == 1:
        return [_Condition("r.status = ?", (statuses[0],))]
    return [_Condition("r.status in (select value from json_each(?))", (json.dumps(statuses),))]


def _is_few(tx: Transaction, source: str, condition: _Condition, few: int) -> bool:
    counted = tx.value(
        f"select count(*) from (select 1 from {source} where {condition.sql} limit ?)",
        *condition.values,
        few + 1,
    )
    return bool(counted <= few)


def _past(prefix: str) -> str:
    """The first text, in the order of code points, that is behind all that begin with ``prefix``."""
    kept = prefix.rstrip("\U0010ffff")
    if not kept:
        return prefix + "\U0010ffff" * 8
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)
