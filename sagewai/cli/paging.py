"""Lists longer than a page: pages are fetched until enough items are there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from sagewai.models.page import MAX_PAGE, ApprovalQuery, DeadLetterQuery, Page, RunQuery

T = TypeVar("T")
Q = TypeVar("Q", RunQuery, ApprovalQuery, DeadLetterQuery)


async def gather(fetch: Callable[[Q], Awaitable[Page[T]]], query: Q) -> Page[T]:
    """Up to ``query.limit`` items, however many pages that takes, and the cursor that goes on behind them."""
    items: list[T] = []
    cursor = query.cursor
    while True:
        page = await fetch(replace(query, cursor=cursor, limit=min(MAX_PAGE, query.limit - len(items))))
        items.extend(page.items)
        cursor = page.next_cursor
        if cursor is None or len(items) >= query.limit:
            return Page(tuple(items), cursor)
