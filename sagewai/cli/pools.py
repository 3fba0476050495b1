"""``sagewai pools``: what is queued in each pool, and who serves it; pausing, resuming and draining one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import words
from sagewai.cli.invocation import Invocation, JsonOption, ReasonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.safe import visible
from sagewai.cli.shape import plain
from sagewai.cli.tables import Column, table
from sagewai.models.session import PoolOverview

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="What is queued in each pool, and who serves it; pause one.", rich_markup_mode=None)

PoolArgument = Annotated[str, typer.Argument(metavar="POOL", show_default=False)]

_COLUMNS = (
    Column("POOL", 16),
    Column("STATE"),
    Column("PENDING"),
    Column("RUNNING"),
    Column("WAITING"),
    Column("WORKERS"),
    Column("STALE"),
    Column("CAPACITY"),
    Column("OLDEST"),
)


@app.command("list")
def list_pools(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Every pool that has runs which aren't over, or a live worker, or is paused.

    NONE: runs wait and nobody serves them.
    """
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


@app.command()
def pause(
    context: typer.Context,
    pool: PoolArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let nothing of a pool be claimed until it is resumed; what runs goes on."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    workers = call.call(lambda opened: commands.pause_pool(opened, pool, actor=call.actor, reason=reason))
    _tell(call, pool, "pause", workers, f"is paused: {_workers(workers)} of it will claim nothing")


@app.command()
def resume(
    context: typer.Context,
    pool: PoolArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused pool be claimed from again."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    workers = call.call(lambda opened: commands.resume_pool(opened, pool, actor=call.actor, reason=reason))
    _tell(call, pool, "resume", workers, f"is open: {_workers(workers)} of it may claim")


@app.command()
def drain(
    context: typer.Context,
    pool: PoolArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask all workers of a pool to finish what they hold, claim nothing new, and stop; later ones will claim."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    workers = call.call(lambda opened: commands.drain_pool(opened, pool, actor=call.actor, reason=reason))
    _tell(call, pool, "drain", workers, f"drains: {_workers(workers)} of it asked")


def _tell(call: Invocation, pool: str, ask: str, workers: int, text: str) -> None:
    if call.json:
        emit_json({"pool": pool, "ask": ask, "workers": workers})
    else:
        emit([f"pool {visible(pool)} {text}"])


def _workers(number: int) -> str:
    return words.count(number, "live worker")


def _row(pool: PoolOverview, now: datetime) -> tuple[str, ...]:
    nobody = pool.pending > 0 and pool.live_workers == 0
    return (
        pool.pool,
        "paused" if pool.paused else "open",
        str(pool.pending),
        str(pool.running),
        str(pool.waiting),
        "NONE" if nobody else str(pool.live_workers),
        str(pool.stale_workers),
        str(pool.capacity),
        words.age(pool.oldest_pending_at, now),
    )
