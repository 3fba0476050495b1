"""Keyset pages: a cursor names the last row of the page before, so rows may come and go around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sagewai.core.stores import words
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import is_storable
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.recording import MAX_ERROR_TYPE
from sagewai.errors import InvalidOptionError
from sagewai.models.approval import Approval
from sagewai.models.history import DeadLetter, ErrorGroup
from sagewai.models.page import MAX_PAGE, ApprovalQuery, DeadLetterQuery, Page, RunQuery
from sagewai.models.run import Run

Item = TypeVar("Item")

_LAST_ID = 2**63 - 1
_LAST_CHARACTER = "\U0010ffff"
_LAST_TEXT = _LAST_CHARACTER * 1_000  # longer than any run_id an index can hold
_LAST_MOMENT = datetime.max  # noqa: DTZ901 - the driver's word for infinity, which has no zone
_FIRST_MOMENT = datetime.min  # noqa: DTZ901 - and for its opposite


async def list_runs(database: Database, query: RunQuery) -> Page[Run]:
    _check_limit(query.limit)
    moment, last = _after(query.cursor, query.order, (_LAST_MOMENT, _LAST_ID))
    if not all(map(is_storable, _texts(query))):
        return Page(())
    filters = (query.workflow, query.pool, *(query.tag or (None, None)), *_range(query.prefix))
    first = (_codes(query), last, query.limit + 1)
    if query.order == "changed":
        found = await database.fetch(_statement_of_changes(query), *first, *filters, moment)
    elif any(value is not None for value in filters):
        found = await database.fetch(_statement(query), *first, *filters)
    else:
        every = len(first[0]) == len(words.STATUS)
        found = await database.fetch(statements.LIST_RUNS if every else statements.LIST_BY_STATUS, *first)
    return _page(query.order, found, query.limit, rows.run, lambda row: (row["changed_at"], row["id"]))


async def held_by(database: Database, session: int, limit: int) -> list[Run]:
    _check_limit(limit)
    return [rows.run(row) for row in await database.fetch(statements.LIST_HELD, session, limit)]


def _statement(query: RunQuery) -> str:
    """By the filter that leaves least, of those there are."""
    if query.tag is not None:
        return statements.LIST_BY_TAG
    if query.prefix:
        return statements.LIST_BY_PREFIX
    if query.workflow is not None:
        return statements.LIST_BY_WORKFLOW
    return statements.LIST_BY_POOL


def _statement_of_changes(query: RunQuery) -> str:
    if query.tag is not None:
        return statements.LIST_CHANGED_BY_TAG
    if query.prefix:
        return statements.LIST_CHANGED_BY_PREFIX
    return statements.LIST_CHANGED if query.workflow is None else statements.LIST_CHANGED_BY_WORKFLOW


def _codes(query: RunQuery) -> list[int]:
    return (
        sorted(words.STATUS_CODE[status] for status in query.status)
        if query.status is not None
        else list(words.STATUS)
    )


def _texts(query: RunQuery) -> list[str]:
    return [query.workflow or "", query.pool or "", *(query.tag or ()), query.prefix or ""]


def _range(prefix: str | None) -> tuple[str | None, str | None]:
    """The prefix, and the least text that comes after everything that begins with it."""
    if not prefix:
        return None, None
    body = prefix.rstrip(_LAST_CHARACTER)
    if not body:
        return prefix, _LAST_TEXT
    following = ord(body[-1]) + 1
    if 0xD800 <= following <= 0xDFFF:
        following = 0xE000
    return prefix, body[:-1] + chr(following)


async def list_approvals(database: Database, query: ApprovalQuery) -> Page[Approval]:
    _check_limit(query.limit)
    moment, last = _after(query.cursor, "approvals", (_FIRST_MOMENT, 0))
    codes = list(words.APPROVAL) if query.status is None else [words.APPROVAL_CODE[query.status]]
    if query.run_id is None:
        found = await database.fetch(
            statements.LIST_APPROVALS, codes, moment, last, query.limit + 1, query.snoozed
        )
    elif is_storable(query.run_id):
        found = await database.fetch(
            statements.LIST_APPROVALS_OF, codes, moment, last, query.limit + 1, query.snoozed, query.run_id
        )
    else:
        found = []
    return _page("approvals", found, query.limit, rows.approval, lambda row: (row["due_at"], row["id"]))


async def list_dead_letters(database: Database, query: DeadLetterQuery) -> Page[DeadLetter]:
    _check_limit(query.limit)
    _, last = _after(query.cursor, "dead", (_FIRST_MOMENT, _LAST_ID))
    if not is_storable(query.error_type or "") or not is_storable(query.workflow or ""):
        return Page(())
    statement = statements.LIST_DEAD_LETTERS
    if query.error_type is not None:
        statement = statements.LIST_DEAD_LETTERS_BY_TYPE
    elif query.workflow is not None:
        statement = statements.LIST_DEAD_LETTERS_BY_WORKFLOW
    kind = None if query.error_type is None else query.error_type[:MAX_ERROR_TYPE]
    found = await database.fetch(statement, last, query.limit + 1, kind, query.workflow)
    return _page("dead", found, query.limit, rows.dead_letter, lambda row: (_LAST_MOMENT, row["id"]))


async def group_dead_letters(database: Database, limit: int) -> list[ErrorGroup]:
    found = await database.fetch(statements.GROUP_DEAD_LETTERS, limit)
    return [
        ErrorGroup(row["error_type"], row["count"], row["newest_at"], tuple(row["workflows"]))
        for row in found
    ]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidOptionError(f"a page of {limit} rows can't be listed: ask for 1 to {MAX_PAGE}")


def _page(
    kind: str,
    found: Sequence[Row],
    limit: int,
    show: Callable[[Row], Item],
    key: Callable[[Row], tuple[datetime, int]],
) -> Page[Item]:
    cursor = None
    if len(found) > limit:
        moment, last = key(found[limit - 1])
        cursor = f"{kind}:{moment.isoformat()}:{last}"
    return Page(tuple(show(row) for row in found[:limit]), cursor)


def _after(cursor: str | None, kind: str, start: tuple[datetime, int]) -> tuple[datetime, int]:
    """The key that a cursor names. One of another listing or order is refused, not misread."""
    if cursor is None:
        return start
    its_kind, _, rest = cursor.partition(":")
    moment, _, last = rest.rpartition(":")
    try:
        if its_kind != kind:
            raise ValueError
        number = int(last)
        at = datetime.fromisoformat(moment)
        if (at.tzinfo is None and at != _LAST_MOMENT) or not 0 <= number <= _LAST_ID:
            raise ValueError
    except ValueError:
        raise InvalidOptionError(
            f"{cursor[:60]!r} is no cursor of this listing: take next_cursor as it was given"
        ) from None
    return at, number
