"""``sagewai workers``: who executes runs, and asking them to drain, pause or resume."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import words
from sagewai.cli.invocation import Invocation, JsonOption, ReasonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.shape import plain
from sagewai.cli.tables import Column, table
from sagewai.errors import InvalidOptionError, WorkerNotFound
from sagewai.models.session import Session

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="See and steer the workers.", rich_markup_mode=None)

WorkerArgument = Annotated[
    str, typer.Argument(metavar="WORKER", help="Its id or its name.", show_default=False)
]

_COLUMNS = (
    Column("ID"),
    Column("NAME", 16),
    Column("KIND"),
    Column("STATUS"),
    Column("RUNS"),
    Column("BEAT"),
    Column("POOL", 7),
    Column("LABELS", 8),
)


@app.command("list")
def list_workers(
    context: typer.Context,
    live: Annotated[bool, typer.Option("--live", help="Only those whose lease hasn't lapsed.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Workers, and scripts that execute their own runs: live ones first, those gone for a day left out."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> tuple[list[Session], datetime]:
        return await opened.list_sessions(live_only=live), await opened.now()

    sessions, now = call.call(read)
    if call.json:
        emit_json(plain(sessions))
    elif sessions:
        emit(table(_COLUMNS, (_row(session, now) for session in sessions), line_width()))
    else:
        emit(["no workers"])


@app.command()
def drain(
    context: typer.Context,
    worker: WorkerArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a worker to finish what it holds, claim nothing new, and stop."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    _ask(
        call, worker, lambda opened, id_: commands.drain_worker(opened, id_, actor=call.actor, reason=reason)
    )


@app.command()
def pause(
    context: typer.Context,
    worker: WorkerArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a worker to claim nothing new until it is resumed."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    _ask(
        call, worker, lambda opened, id_: commands.pause_worker(opened, id_, actor=call.actor, reason=reason)
    )


@app.command()
def resume(
    context: typer.Context,
    worker: WorkerArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a paused worker to claim again."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    _ask(
        call, worker, lambda opened, id_: commands.resume_worker(opened, id_, actor=call.actor, reason=reason)
    )


def choose(sessions: Sequence[Session], wanted: str) -> int:
    """The id of the live worker of that name or id. Raises WorkerNotFound; InvalidOptionError if a name fits two."""
    live = [session for session in sessions if session.live]
    ids = [session.id for session in live if session.name == wanted] or [
        session.id for session in live if str(session.id) == wanted
    ]
    if not ids:
        raise WorkerNotFound(
            f"no live worker has the id or name {wanted!r}: `sagewai workers list --live` has them all"
        )
    if len(ids) > 1:
        raise InvalidOptionError(
            f"workers {', '.join(map(str, ids))} are all named {wanted!r}: name one by its id"
        )
    return ids[0]


def _ask(call: Invocation, wanted: str, verb: Callable[[Store, int], Awaitable[Session]]) -> None:
    async def ask(opened: Store) -> tuple[Session, datetime]:
        chosen = choose(await opened.list_sessions(live_only=True), wanted)
        return await verb(opened, chosen), await opened.now()

    session, now = call.call(ask)
    if call.json:
        emit_json(plain(session))
    else:
        emit(table(_COLUMNS, [_row(session, now)], line_width()))


def _row(session: Session, now: datetime) -> tuple[str, ...]:
    over = session.status in ("stopped", "lapsed")
    status = str(session.status) if session.live or over else "stale"
    return (
        str(session.id),
        session.name,
        session.kind,
        f"{status}!{session.asked}" if session.asked is not None else status,
        f"{session.running}/{session.max_concurrent}" if session.kind == "worker" else str(session.running),
        words.age(session.beat_at, now),
        session.pool,
        words.labels(session.labels),
    )
