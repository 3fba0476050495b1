"""Keyset pages: a cursor names the last row seen, so a page costs the same at any depth while rows come and go.

Each filter has an index in the order it is listed by. A choice of statuses becomes one range per status, merged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sagewai.core.stores import words
from sagewai.core.stores.sqlite.approvals import APPROVAL_LISTED, approval_of
from sagewai.core.stores.sqlite.rows import DEAD_LETTER, dead_letter_of, read_time
from sagewai.core.stores.sqlite.transaction import Row, Transaction, Value
from sagewai.errors import InvalidOptionError
from sagewai.models.approval import Approval
from sagewai.models.history import DeadLetter, ErrorGroup
from sagewai.models.page import MAX_PAGE, ApprovalQuery, DeadLetterQuery, Page

T = TypeVar("T")
Key = tuple[int, int]

NEVER = (1 << 63) - 1
"""Sorts behind every time."""


def list_approvals(tx: Transaction, query: ApprovalQuery) -> Page[Approval]:
    wanted = check_limit(query.limit) + 1
    after = read_cursor(query.cursor, "approvals")
    rows: list[Row] = []
    for behind, values, order in _behind(after):
        sql = APPROVAL_LISTED + f"where {behind}"
        if query.status is not None:
            sql += " and a.status = ?"
            values = (*values, words.APPROVAL_CODE[query.status])
        if query.run_id is not None:
            sql += " and a.run = (select id from runs where run_id = ?)"
            values = (*values, query.run_id)
        if not query.snoozed:
            sql += " and ifnull(a.snoozed_until, 0) <= ?"
            values = (*values, tx.now)
        rows += tx.rows(f"{sql} order by {order} limit ?", *values, wanted - len(rows))
    return page(
        rows,
        query.limit,
        "approvals",
        lambda row: (NEVER if row[14] is None else row[14], row[0]),
        lambda row: approval_of(row, tx.now),
    )


_URGENCY = f"ifnull(a.deadline_at, {NEVER})"


def _behind(after: Key | None) -> list[tuple[str, tuple[Value, ...], str]]:
    """Two ranges where many may share a deadline, or have none: the others of them, and what is less urgent."""
    order = f"{_URGENCY}, a.id"
    if after is None:
        return [("true", (), order)]
    return [(f"{_URGENCY} = ? and a.id > ?", after, "a.id"), (f"{_URGENCY} > ?", (after[0],), order)]


def list_dead_letters(tx: Transaction, query: DeadLetterQuery) -> Page[DeadLetter]:
    _, number = read_cursor(query.cursor, "dead") or (0, NEVER)
    sql = DEAD_LETTER + "where l.id < ?"
    values: list[Value] = [number]
    if query.error_type is not None:
        sql += " and l.error_type = ?"
        values.append(query.error_type)
    if query.workflow is not None:
        sql += " and l.workflow = (select id from workflows where name = ?)"
        values.append(query.workflow)
    rows = tx.rows(f"{sql} order by l.id desc limit ?", *values, check_limit(query.limit) + 1)
    return page(rows, query.limit, "dead", lambda row: (0, row[0]), dead_letter_of)


def group_dead_letters(tx: Transaction, limit: int) -> list[ErrorGroup]:
    groups = []
    for error_type, count in tx.rows(
        "select error_type, sum(n) from error_groups group by error_type order by sum(n) desc, error_type limit ?",
        limit,
    ):
        workflows = tx.rows(
            "select w.name from error_groups g join workflows w on w.id = g.workflow where g.error_type = ? "
            "order by w.name",
            error_type,
        )
        newest = tx.value(
            "select failed_at from dead_letters where error_type = ? order by id desc limit 1", error_type
        )
        groups.append(
            ErrorGroup(
                error_type=error_type,
                count=count,
                newest_at=read_time(newest),
                workflows=tuple(name for (name,) in workflows),
            )
        )
    return groups


def check_limit(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidOptionError(f"a page of {limit} rows can't be listed: ask for 1 to {MAX_PAGE}")
    return limit


def read_cursor(cursor: str | None, kind: str) -> Key | None:
    """The key that a cursor names. One of another listing or order is refused, not misread."""
    if cursor is None:
        return None
    its_kind, _, rest = cursor.partition(":")
    at, _, number = rest.partition(":")
    if its_kind == kind and _is_number(at) and _is_number(number):
        return (int(at), int(number))
    raise InvalidOptionError(
        f"{cursor[:60]!r} is no cursor of this listing: take next_cursor as it was given"
    )


def page(
    rows: Sequence[Row], limit: int, kind: str, key: Callable[[Row], Key], show: Callable[[Row], T]
) -> Page[T]:
    """A page of ``rows``, of which there is one more than ``limit`` where another page follows."""
    shown = rows[:limit]
    cursor = None
    if len(rows) > limit:
        at, number = key(shown[-1])
        cursor = f"{kind}:{at}:{number}"
    return Page(tuple(show(row) for row in shown), cursor)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= NEVER
