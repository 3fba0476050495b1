"""``sagewai pools``: what is queued in each pool, and who serves it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from sagewai.cli import words
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.shape import plain
from sagewai.cli.tables import Column, table
from sagewai.models.session import PoolOverview

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="What is queued in each pool, and who serves it.", rich_markup_mode=None)

_COLUMNS = (
    Column("POOL", 16),
    Column("PENDING"),
    Column("RUNNING"),
    Column("WAITING"),
    Column("WORKERS"),
    Column("STALE"),
    Column("CAPACITY"),
    Column("OLDEST"),
)


@app.callback()
def pools() -> None:
    """Without this a command tree of one verb would lose the verb's name."""


@app.command("list")
def list_pools(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every pool that has runs which aren't over, or a live worker. NONE: runs wait and nobody serves them."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> tuple[list[PoolOverview], datetime]:
        return await opened.list_pools(), await opened.now()

    found, now = call.call(read)
    if call.json:
        emit_json(plain(found))
    elif found:
        emit(table(_COLUMNS, (_row(pool, now) for pool in found), line_width()))
    else:
        emit(["no pools"])


def _row(pool: PoolOverview, now: datetime) -> tuple[str, ...]:
    nobody = pool.pending > 0 and pool.live_workers == 0
    return (
        pool.pool,
        str(pool.pending),
        str(pool.running),
        str(pool.waiting),
        "NONE" if nobody else str(pool.live_workers),
        str(pool.stale_workers),
        str(pool.capacity),
        words.age(pool.oldest_pending_at, now),
    )
