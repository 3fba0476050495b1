"""Keyset pages over the memory store: a cursor names the last row seen, so rows may come and go around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sagewai.core.stores.memory.rows import ApprovalRow, RunRow
from sagewai.core.stores.memory.state import State
from sagewai.core.stores.memory.views import approval_view, run_view
from sagewai.errors import InvalidOptionError
from sagewai.models.approval import Approval
from sagewai.models.history import DeadLetter, ErrorGroup
from sagewai.models.page import MAX_PAGE, ApprovalQuery, DeadLetterQuery, Page, RunQuery
from sagewai.models.run import Run

Row = TypeVar("Row")
Item = TypeVar("Item")
Key = tuple[float, int]


def list_runs(state: State, query: RunQuery) -> Page[Run]:
    after = _after(query.cursor, query.order)
    if query.order == "newest":
        rows: Iterable[RunRow] = _newest(state, query, after)
    else:
        changed = sorted(_candidates(state, query), key=_changed)
        rows = (run for run in changed if after is None or _changed(run) > after)
    return _page(
        (run for run in rows if _matches(run, query)),
        query.limit,
        key=_changed if query.order == "changed" else lambda run: (0.0, run.key),
        kind=query.order,
        show=lambda run: run_view(state, run),
    )


def _changed(run: RunRow) -> Key:
    return (-run.changed, -run.key)


def _candidates(state: State, query: RunQuery) -> Iterable[RunRow]:
    if query.status is None:
        return state.runs.values()
    return (state.runs[key] for status in query.status for key in state.by_status[status])


def _newest(state: State, query: RunQuery, after: Key | None) -> Iterator[RunRow]:
    before = state.keys + 1 if after is None else after[1]
    if query.status is None:
        return (run for run in reversed(state.runs.values()) if run.key < before)
    keys = (key for status in query.status for key in state.by_status[status] if key < before)
    return (state.runs[key] for key in sorted(keys, reverse=True))


def _matches(run: RunRow, query: RunQuery) -> bool:
    return (
        (query.workflow is None or run.workflow == query.workflow)
        and (query.pool is None or run.pool == query.pool)
        and (query.tag is None or run.tags.get(query.tag[0]) == query.tag[1])
        and (query.prefix is None or run.run_id.startswith(query.prefix))
    )


def list_approvals(state: State, query: ApprovalQuery) -> Page[Approval]:
    after = _after(query.cursor, "approvals")
    rows: Iterable[ApprovalRow] = state.approvals.values()
    if query.run_id is not None:
        run = state.by_id.get(query.run_id)
        rows = run.approvals if run else ()
    wanted = [
        row
        for row in rows
        if query.status in (None, row.status) and (query.snoozed or row.snoozed_until <= state.now)
    ]
    return _page(
        (row for row in sorted(wanted, key=_urgency) if after is None or _urgency(row) > after),
        query.limit,
        key=_urgency,
        kind="approvals",
        show=lambda row: approval_view(state, row, whole=False),
    )


def _urgency(approval: ApprovalRow) -> Key:
    return (math.inf if approval.deadline is None else approval.deadline, approval.id)


def list_dead_letters(state: State, query: DeadLetterQuery) -> Page[DeadLetter]:
    after = _after(query.cursor, "dead")
    return _page(
        (
            (number, letter)
            for number, letter in reversed(state.dead.values())
            if (after is None or number < after[1])
            and query.error_type in (None, letter.error.type)
            and query.workflow in (None, letter.workflow)
        ),
        query.limit,
        key=lambda row: (0.0, row[0]),
        kind="dead",
        show=lambda row: row[1],
    )


def group_dead_letters(state: State, limit: int) -> list[ErrorGroup]:
    groups: dict[str, list[DeadLetter]] = {}
    for _, letter in state.dead.values():
        groups.setdefault(letter.error.type, []).append(letter)
    found = [
        ErrorGroup(
            error_type=error_type,
            count=len(letters),
            newest_at=max(letter.failed_at for letter in letters),
            workflows=tuple(sorted({letter.workflow for letter in letters})),
        )
        for error_type, letters in groups.items()
    ]
    return sorted(found, key=lambda group: (-group.count, group.error_type))[:limit]


def _page(
    rows: Iterable[Row], limit: int, *, key: Callable[[Row], Key], kind: str, show: Callable[[Row], Item]
) -> Page[Item]:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidOptionError(f"a page of {limit} rows can't be listed: ask for 1 to {MAX_PAGE}")
    found = list(islice(rows, limit + 1))
    more = len(found) > limit
    at, number = key(found[limit - 1]) if more else (0.0, 0)
    return Page(tuple(show(row) for row in found[:limit]), f"{kind}:{at!r}:{number}" if more else None)


def _after(cursor: str | None, kind: str) -> Key | None:
    """The key that a cursor names. One of another listing or order is refused, not misread."""
    if cursor is None:
        return None
    its_kind, _, rest = cursor.partition(":")
    at, _, number = rest.partition(":")
    try:
        key = (float(at), int(number))
    except ValueError:
        key = None
    if key is None or its_kind != kind:
        raise InvalidOptionError(
            f"{cursor[:60]!r} is no cursor of this listing: take next_cursor as it was given"
        )
    return key
