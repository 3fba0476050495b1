"""``sagewai db``: bring a store's schema up to date, or check it; who may do what there; how long runs are kept."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import parse, words
from sagewai.cli.exits import Exit
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width, note
from sagewai.cli.safe import visible
from sagewai.cli.shape import plain
from sagewai.cli.tables import fields
from sagewai.errors import InvalidOptionError
from sagewai.models.status import RunStatus

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store, StoreInfo

app = typer.Typer(help="The store's schema, roles and retention.", rich_markup_mode=None)

TOLD_EACH = 5.0
"""Seconds between two words on how far a pruning is."""


@app.command()
def migrate(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Make the schema, or bring it up to date; verify it where the rights for that are missing."""
    call = Invocation.of(context, store, as_json)
    _tell(call, call.call(_info, migrate=True))


@app.command()
def check(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Reach the store and compare its schema with this code's; changes nothing. Exit code 5 when it is older."""
    call = Invocation.of(context, store, as_json)
    info = call.call(_info)
    _tell(call, info)
    if info.schema < info.expected:
        note(
            f"sagewai: the schema is at {info.schema}, this code's at {info.expected}: run `sagewai db migrate`"
        )
        raise typer.Exit(Exit.STORE)


@app.command()
def roles(
    context: typer.Context,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="What the roles' names begin with.")
    ] = "sagewai_",
    apply: Annotated[bool, typer.Option("--apply", help="Carry it out as well, all or none.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the SQL that makes the group roles viewer, operator, approver, worker and owner in PostgreSQL, and gives
    them their rights. Put people and workers into them with GRANT."""
    call = Invocation.of(context, store, as_json)
    statements = call.call(lambda opened: opened.apply_roles(prefix) if apply else opened.plan_roles(prefix))
    if call.json:
        emit_json({"applied": apply, "statements": list(statements)})
        return
    emit(["begin;", *(f"{visible(statement)};" for statement in statements), "commit;"])
    if apply:
        note(f"sagewai: done; now e.g. `grant {prefix}approver to alice`")


@app.command()
def prune(
    context: typer.Context,
    older_than: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Of runs that have been over for longer: 90d, 12h.", show_default=False
        ),
    ],
    keep: Annotated[
        list[RunStatus] | None,
        typer.Option(
            case_sensitive=False,
            metavar="STATUS",
            help="Not those that ended so. Repeatable.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    batch: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="Runs at once.")] = 1_000,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove runs that ended long ago, with all that is theirs, and bulk jobs; the audit and what was spent stay. Takes
    batch after batch until none is left, beside work that goes on. In PostgreSQL it is the schema's owner who may."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    seconds = parse.duration(older_than)
    kept = commands.check_kept(frozenset(keep or ()))
    if not (dry_run or yes):
        _must_be_able_to_ask()
    if dry_run or not yes:
        found = call.call(lambda opened: opened.prunable(seconds, keep=kept))
        total = sum(found.values())
        if dry_run:
            _tell_prunable(call, {status.value: found[status] for status in sorted(found)}, total)
            return
        if total and not _agrees(f"Remove {words.count(total, 'run')} for good? [y/N] "):
            raise typer.Abort
    last = time.monotonic()

    def told(gone: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_EACH:
            last = time.monotonic()
            note(f"sagewai: {words.count(gone, 'run')} removed so far")

    gone = call.call(
        lambda opened: commands.prune(opened, seconds, actor=call.actor, keep=kept, batch=batch, told=told)
    )
    if call.json:
        emit_json({"removed": gone})
    else:
        emit([f"{words.count(gone, 'run')} removed"])


def _must_be_able_to_ask() -> None:
    if not sys.stdin.isatty():
        raise InvalidOptionError("nobody can be asked: say --yes to remove runs, or --dry-run to count them")


def _agrees(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _tell_prunable(call: Invocation, by_status: dict[str, int], total: int) -> None:
    if call.json:
        emit_json({"removable": total, "by_status": by_status})
    else:
        parts = ", ".join(f"{count:,} {status}" for status, count in by_status.items())
        emit([f"{words.count(total, 'run')} would be removed" + (f": {parts}" if parts else "")])


async def _info(store: Store) -> StoreInfo:
    return await store.info()


def _tell(call: Invocation, info: StoreInfo) -> None:
    if call.json:
        emit_json(plain(info))
        return
    emit(
        fields(
            [
                ("store", info.url),
                ("kind", info.kind),
                ("server", info.server),
                ("schema", f"{info.schema} of {info.expected}"),
            ],
            line_width(),
        )
    )
