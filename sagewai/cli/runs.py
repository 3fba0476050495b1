"""``sagewai runs``: list, look at, watch and steer runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import parse, words
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
from sagewai.cli.shape import plain
from sagewai.cli.tables import Column, table
from sagewai.cli.workers import choose
from sagewai.models.page import Page, RunQuery
from sagewai.models.run import Run
from sagewai.models.status import RunStatus

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="List, look at, watch and steer runs.", rich_markup_mode=None)

WorkerOption = Annotated[
    str | None,
    typer.Option(
        "--worker",
        metavar="WORKER",
        help="Its id or its name: for 30 seconds no other takes the run.",
        show_default=False,
    ),
]

_COLUMNS = (
    Column("RUN", 22),
    Column("STATUS"),
    Column("WORKFLOW", 8),
    Column("STEP", 8),
    Column("TRY"),
    Column("AGE"),
    Column("POOL", 7),
)


@app.command("list")
def list_runs(
    context: typer.Context,
    status: Annotated[
        list[RunStatus] | None,
        typer.Option("--status", case_sensitive=False, help="Only these. Repeatable.", show_default=False),
    ] = None,
    workflow: Annotated[str | None, typer.Option(metavar="NAME", show_default=False)] = None,
    pool: Annotated[str | None, typer.Option(metavar="NAME", show_default=False)] = None,
    tag: Annotated[str | None, typer.Option(metavar="KEY=VALUE", show_default=False)] = None,
    prefix: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the run's id begins with.", show_default=False)
    ] = None,
    changed: Annotated[bool, typer.Option("--changed", help="Order by the last change of status.")] = False,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Runs, newest first; all filters given must hold. COST is there where a run has made model calls."""
    call = Invocation.of(context, store, as_json)
    query = RunQuery(
        status=frozenset(status) if status else None,
        workflow=workflow,
        pool=pool,
        tag=None if tag is None else parse.tag(tag),
        prefix=prefix,
        order="changed" if changed else "newest",
        cursor=cursor,
        limit=limit,
    )

    async def read(opened: Store) -> tuple[Page[Run], datetime]:
        return await gather(opened.list_runs, query), await opened.now()

    page, now = call.call(read)
    if call.json:
        emit_json(plain(page.items))
    elif page.items:
        emit(_table(page.items, now))
    else:
        emit(["no runs"])
    note_cursor(page.next_cursor, as_json=call.json)


@app.command()
def show(
    context: typer.Context, run: RunArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Everything about one run.

    Its steps with their results, input, output or error, who ended it and why, its approvals, its calls and their cost.
    """
    from sagewai.cli import detail

    call = Invocation.of(context, store, as_json)
    found, outcome, account, now = call.call(lambda opened: detail.read(opened, run))
    if call.json:
        emit_json(detail.shape(found, outcome, account))
    else:
        emit(detail.lines(found, outcome, account, now, line_width()))


@app.command()
def timeline(
    context: typer.Context, run: RunArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """What happened to a run, in order.

    Attempts, claims, lost leases, approvals, and what operators did.
    """
    from sagewai.cli import timeline as shown
    from sagewai.core.monitor import WorkflowMonitor

    call = Invocation.of(context, store, as_json)
    entries = call.call(lambda opened: WorkflowMonitor(store=opened).get_execution_timeline(run))
    if call.json:
        emit_json(plain(entries))
    else:
        emit(shown.lines(entries, line_width()))


@app.command()
def watch(
    context: typer.Context,
    run: RunArgument,
    to_end: Annotated[
        bool, typer.Option("--to-end", help="Go on through approvals and pauses, until the run is over.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow a run until it rests.

    Prints a line per change (with --json a run object per line) until the run is over, waits for a person or a signal,
    or is paused. The exit code says which.
    """
    from sagewai.cli import watch as watching
    from sagewai.cli.exits import of_status

    call = Invocation.of(context, store, as_json)
    rested = call.call(lambda opened: watching.follow(opened, run, to_end=to_end, as_json=call.json))
    raise typer.Exit(of_status(rested.status))


@app.command()
def retry(
    context: typer.Context,
    run: RunArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a failed run go on from its first step without a checkpoint."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    operate(call, lambda opened: commands.retry(opened, run, actor=call.actor, reason=reason))


@app.command()
def cancel(
    context: typer.Context,
    run: RunArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a run. One that is running is asked to: its step is cancelled at the worker's next heartbeat."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    operate(call, lambda opened: commands.cancel(opened, run, actor=call.actor, reason=reason))


@app.command()
def pause(
    context: typer.Context,
    run: RunArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a run; one that is running stops before its next step."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    operate(call, lambda opened: commands.pause(opened, run, actor=call.actor, reason=reason))


@app.command()
def resume(
    context: typer.Context,
    run: RunArgument,
    worker: WorkerOption = None,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused run go on."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)

    async def go(opened: Store) -> Run:
        first = await _session(opened, worker)
        return await commands.resume(opened, run, actor=call.actor, reason=reason, worker=first)

    operate(call, go)


@app.command()
def step(
    context: typer.Context,
    run: RunArgument,
    worker: WorkerOption = None,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused run go one attempt further; then it is paused again."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)

    async def go(opened: Store) -> Run:
        first = await _session(opened, worker)
        return await commands.step(opened, run, actor=call.actor, reason=reason, worker=first)

    operate(call, go)


@app.command(context_settings={"ignore_unknown_options": True})  # so that -5 is a priority, not an option
def priority(
    context: typer.Context,
    run: RunArgument,
    priority: Annotated[
        int, typer.Argument(metavar="PRIORITY", help="Higher is claimed first.", show_default=False)
    ],
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change how soon a run is claimed."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    operate(
        call, lambda opened: commands.set_priority(opened, run, priority, actor=call.actor, reason=reason)
    )


async def _session(store: Store, worker: str | None) -> int | None:
    return None if worker is None else choose(await store.list_sessions(live_only=True), worker)


def operate(call: Invocation, verb: Callable[[Store], Awaitable[Run]]) -> None:
    """Carry out a verb and print the run as it is then."""
    run = call.call(verb)
    if call.json:
        emit_json(plain(run))
    else:
        emit(_table([run], run.changed_at))


def _table(runs: Sequence[Run], now: datetime) -> list[str]:
    """With what they cost, where any of them has cost something."""
    if not any(run.spent.calls for run in runs):
        return table(_COLUMNS, (_row(run, now) for run in runs), line_width())
    rows = ((*_row(run, now), words.cost(run.spent) if run.spent.calls else "-") for run in runs)
    return table((*_COLUMNS, Column("COST")), rows, line_width())


def _row(run: Run, now: datetime) -> tuple[str, ...]:
    return (
        run.run_id,
        words.status(run),
        run.workflow,
        words.step(run),
        words.tries(run),
        words.age(run.created_at, now),
        run.pool,
    )
