"""``sagewai bulk``: one verb for many runs, as a job that goes on whoever is there to carry it out."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import bulk_words, parse
from sagewai.cli.invocation import Invocation, JsonOption, LimitOption, ReasonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width, note
from sagewai.cli.selection import Selection, select
from sagewai.cli.shape import model, plain
from sagewai.errors import InvalidOptionError, InvalidTransition
from sagewai.models.bulk import BulkItem, BulkJob, BulkOutcome, BulkPreview, BulkStatus, BulkVerb
from sagewai.models.right import Right
from sagewai.models.status import RunStatus

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="One verb for many runs: a job with a frozen list.", rich_markup_mode=None)

LOOK_EVERY = 0.1
"""Seconds between two looks at a job whose items are in others' hands."""

SAY_EVERY = 1.0
"""Seconds between two lines about how far a job is."""

RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="RUN", help="Ids; @FILE or - has one a line.", show_default=False),
]
StatusOption = Annotated[
    list[RunStatus] | None,
    typer.Option(
        "--status",
        case_sensitive=False,
        help="Only these. Repeatable. Default: what it is possible for.",
        show_default=False,
    ),
]
WorkflowOption = Annotated[str | None, typer.Option(metavar="NAME", show_default=False)]
PoolOption = Annotated[str | None, typer.Option(metavar="NAME", show_default=False)]
TagOption = Annotated[str | None, typer.Option(metavar="KEY=VALUE", show_default=False)]
PrefixOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What the run's id begins with.", show_default=False)
]
ErrorOption = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE", help="Of dead letters, as `dlq list --by-error` names it.", show_default=False
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All runs that it is possible for.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only count what would be done.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
DetachOption = Annotated[
    bool, typer.Option("--detach", help="Leave it to workers and consoles, and don't wait for its end.")
]
JobArgument = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.", show_default=False)]

_HELP: dict[BulkVerb, str] = {
    "cancel": "End runs. Those that are running are asked to.",
    "pause": "Hold runs; those that are running stop before their next step.",
    "resume": "Let paused runs go on.",
    "retry": "Let failed runs go on from their first step without a checkpoint.",
    "discard": "Remove dead letters; their runs stay failed.",
}


def _add(verb: BulkVerb) -> None:
    def command(
        context: typer.Context,
        runs: RunsArgument = None,
        status: StatusOption = None,
        workflow: WorkflowOption = None,
        pool: PoolOption = None,
        tag: TagOption = None,
        prefix: PrefixOption = None,
        error: ErrorOption = None,
        everything: AllOption = False,
        dry_run: DryRunOption = False,
        yes: YesOption = False,
        detach: DetachOption = False,
        reason: ReasonOption = "",
        store: StoreOption = None,
        as_json: JsonOption = False,
    ) -> None:
        call = Invocation.of(context, store, as_json)
        chosen = Selection(
            runs=tuple(runs or ()),
            status=frozenset(status) if status else None,
            workflow=workflow,
            pool=pool,
            tag=None if tag is None else parse.tag(tag),
            prefix=prefix,
            error=error,
            everything=everything,
        )
        chosen.check(verb)
        asks = not (dry_run or yes)
        if asks and (chosen.reads_stdin or not sys.stdin.isatty()):
            raise InvalidOptionError(
                f"nobody can be asked: say --yes to {verb} them, or --dry-run to count them"
            )
        run_ids, found = call.call(lambda opened: _look(opened, verb, chosen))
        if call.json and (dry_run or not run_ids):
            emit_json(plain(found))
        elif not call.json:
            emit(bulk_words.preview_lines(verb, found, line_width()))
        if dry_run or not run_ids:
            return
        if found.possible == 0:
            raise InvalidTransition(bulk_words.impossible(verb, len(run_ids)))
        if asks and not _agreed(bulk_words.question(verb, found)):
            raise typer.Abort
        job = call.call(lambda opened: _carry_out(opened, call, verb, run_ids, reason, detach=detach))
        if call.json:
            emit_json(plain(job))
        elif detach:
            emit([f"bulk job {job.id} has begun: `sagewai bulk watch {job.id}` follows it"])
        else:
            emit(bulk_words.ending(job))
        if not detach:
            raise typer.Exit(bulk_words.exit_code(job))

    app.command(verb, help=_HELP[verb])(command)


for _verb in _HELP:
    _add(_verb)


@app.command("list")
def list_jobs(
    context: typer.Context, limit: LimitOption = 50, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Bulk jobs, newest first."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> tuple[list[BulkJob], datetime]:
        return await opened.list_bulks(limit), await opened.now()

    jobs, now = call.call(read)
    if call.json:
        emit_json(plain(jobs))
    else:
        emit(bulk_words.job_lines(jobs, now, line_width()) if jobs else ["no bulk jobs"])


@app.command()
def show(
    context: typer.Context,
    job: JobArgument,
    outcome: Annotated[
        BulkOutcome | None, typer.Option(case_sensitive=False, help="Only these runs.", show_default=False)
    ] = None,
    after: Annotated[int, typer.Option(metavar="N", min=0, help="Only runs behind this one.")] = 0,
    limit: LimitOption = 50,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """A job and what became of its runs, in its order. With --json `items` has the runs."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> tuple[BulkJob, list[BulkItem]]:
        found = await opened.get_bulk(job)
        return found, await opened.bulk_items(job, after=after, limit=limit, outcome=outcome)

    found, items = call.call(read)
    if call.json:
        emit_json({**model(found), "items": plain(items)})
        return
    lines = bulk_words.detail_lines(found, line_width())
    emit([*lines, "", *bulk_words.item_lines(items, line_width())] if items else lines)
    if len(items) == limit:
        note(f"more: --after {items[-1].number}")


@app.command()
def watch(
    context: typer.Context, job: JobArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Follow a job to its end. Workers and writing consoles carry it out, and so does this."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> BulkJob:
        return await _follow(opened, await opened.get_bulk(job))

    found = call.call(read)
    if call.json:
        emit_json(plain(found))
    else:
        emit(bulk_words.ending(found))
    raise typer.Exit(bulk_words.exit_code(found))


@app.command()
def stop(
    context: typer.Context,
    job: JobArgument,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leave alone what a job hasn't come to yet; what it did stays done."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    found = call.call(lambda opened: commands.stop_bulk(opened, job, actor=call.actor, reason=reason))
    if call.json:
        emit_json(plain(found))
    else:
        emit(bulk_words.ending(found))


async def _look(store: Store, verb: BulkVerb, chosen: Selection) -> tuple[list[str], BulkPreview]:
    """The runs that are meant, and what would be done to them now."""
    from sagewai.core import commands

    run_ids = await select(store, verb, chosen)
    if not run_ids:
        return [], BulkPreview({}, possible=0, missing=0)
    return run_ids, await commands.preview_bulk(store, verb, run_ids)


async def _carry_out(
    store: Store, call: Invocation, verb: BulkVerb, run_ids: list[str], reason: str, *, detach: bool
) -> BulkJob:
    from sagewai.core import commands

    job = await commands.start_bulk(store, verb, run_ids, actor=call.actor, reason=reason)
    if detach:
        return job
    try:
        return await _follow(store, job)
    except asyncio.CancelledError:
        note(
            f"bulk job {job.id} goes on where workers or consoles run; `sagewai bulk stop {job.id}` stops it"
        )
        raise


async def _follow(store: Store, job: BulkJob) -> BulkJob:
    """Carry out what is left, unless that is for others to do, and give the job as it ended."""
    from sagewai.core import commands

    may = Right.OPERATE in (await store.get_identity()).rights
    said = time.monotonic()
    while job.status is BulkStatus.RUNNING:
        if not (may and await commands.advance_bulk(store, job=job.id)):
            await asyncio.sleep(LOOK_EVERY)
        job = await store.get_bulk(job.id)
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            note(bulk_words.progress(job))
    return job


def _agreed(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
