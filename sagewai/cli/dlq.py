"""``sagewai dlq``: the runs that failed for good, to be retried or discarded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import words
from sagewai.cli.invocation import (
    CursorOption,
    Invocation,
    JsonOption,
    LimitOption,
    ReasonOption,
    RunArgument,
    StoreOption,
)
from sagewai.cli.output import emit, emit_json, line_width, note_cursor
from sagewai.cli.paging import gather
from sagewai.cli.runs import operate
from sagewai.cli.safe import block
from sagewai.cli.shape import plain
from sagewai.cli.tables import Column, fields, table
from sagewai.models.history import DeadLetter, ErrorGroup
from sagewai.models.page import DeadLetterQuery, Page

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="Dead letters: runs that failed for good.", rich_markup_mode=None)

_COLUMNS = (
    Column("RUN", 22),
    Column("WORKFLOW", 8),
    Column("STEP", 8),
    Column("TRIES"),
    Column("AGE"),
    Column("ERROR", 12),
)
_GROUPS = (Column("ERROR", 20), Column("COUNT"), Column("NEWEST"), Column("WORKFLOWS", 10))


@app.command("list")
def list_letters(
    context: typer.Context,
    error_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="As --by-error names it.", show_default=False)
    ] = None,
    workflow: Annotated[str | None, typer.Option(metavar="NAME", show_default=False)] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    by_error: Annotated[bool, typer.Option("--by-error", help="How many of each error, instead.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Dead letters, newest first."""
    call = Invocation.of(context, store, as_json)
    if by_error:
        _list_groups(call)
        return
    query = DeadLetterQuery(error_type=error_type, workflow=workflow, cursor=cursor, limit=limit)

    async def read(opened: Store) -> tuple[Page[DeadLetter], datetime]:
        return await gather(opened.list_dead_letters, query), await opened.now()

    page, now = call.call(read)
    if call.json:
        emit_json(plain(page.items))
    elif page.items:
        emit(table(_COLUMNS, (_row(letter, now) for letter in page), line_width()))
    else:
        emit(["no dead letters"])
    note_cursor(page.next_cursor, as_json=call.json)


@app.command()
def show(
    context: typer.Context, run: RunArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """One dead letter with its whole error."""
    call = Invocation.of(context, store, as_json)
    letter = call.call(lambda opened: opened.get_dead_letter(run))
    if call.json:
        emit_json(plain(letter))
        return
    width = line_width()
    lines = fields(
        [
            ("run", letter.run_id),
            ("workflow", letter.workflow),
            ("pool", letter.pool),
            ("step", letter.step or ""),
            ("tries", str(letter.attempts)),
            ("takeovers", str(letter.takeovers) if letter.takeovers else ""),
            ("failed", words.clock(letter.failed_at)),
        ],
        width,
    )
    lines += ["", "error", *block(words.error(letter.error), width)]
    if letter.error.traceback:
        lines += ["traceback", *block(letter.error.traceback.rstrip("\n"), width)]
    emit(lines)


@app.command()
def retry(
    context: typer.Context,
    run: RunArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The same run goes on from its first step without a checkpoint."""
    from sagewai.core.dlq import DeadLetterQueue

    call = Invocation.of(context, store, as_json)
    operate(
        call, lambda opened: DeadLetterQueue(store=opened).retry_entry(run, actor=call.actor, reason=reason)
    )


@app.command()
def discard(
    context: typer.Context,
    run: RunArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove the dead letter; its run stays failed."""
    from sagewai.core.dlq import DeadLetterQueue

    call = Invocation.of(context, store, as_json)
    operate(
        call, lambda opened: DeadLetterQueue(store=opened).discard_entry(run, actor=call.actor, reason=reason)
    )


def _list_groups(call: Invocation) -> None:
    async def read(opened: Store) -> tuple[list[ErrorGroup], datetime]:
        return await opened.group_dead_letters(), await opened.now()

    groups, now = call.call(read)
    if call.json:
        emit_json(plain(groups))
    elif groups:
        rows = (
            (group.error_type, str(group.count), words.age(group.newest_at, now), " ".join(group.workflows))
            for group in groups
        )
        emit(table(_GROUPS, rows, line_width()))
    else:
        emit(["no dead letters"])


def _row(letter: DeadLetter, now: datetime) -> tuple[str, ...]:
    return (
        letter.run_id,
        letter.workflow,
        letter.step or "",
        str(letter.attempts),
        words.age(letter.failed_at, now),
        words.error(letter.error)[:400],
    )
