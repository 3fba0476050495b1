"""``sagewai audit``: what people did, as one chain, and whether it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli.exits import Exit
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width, note
from sagewai.cli.shape import payload, plain
from sagewai.cli.tables import Column, table
from sagewai.errors import InvalidOptionError
from sagewai.models.history import AuditEntry

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="What people did: an append-only chain.", rich_markup_mode=None)

_COLUMNS = (
    Column("N"),
    Column("AT"),
    Column("KIND"),
    Column("RUN", 12),
    Column("ACTOR", 12),
    Column("REASON", 8),
)


@app.command("list")
def list_audit(
    context: typer.Context,
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="N", help="Only entries above this one.")
    ] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most this many.")] = 50,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Entries in order, oldest first: who did what, when, to which run, and how sure it is that it was them."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> list[AuditEntry]:
        return await opened.list_audit(after=after, limit=limit + 1)

    entries = call.call(read)
    shown = entries[:limit]
    if call.json:
        emit_json([_shape(entry) for entry in shown])
    elif shown:
        emit(table(_COLUMNS, (_row(entry) for entry in shown), line_width()))
    else:
        emit(["no entries"])
    if len(entries) > limit:
        last = shown[-1].number
        note(f'{{"next_after": {last}}}' if call.json else f"more: --after {last}")


@app.command()
def verify(
    context: typer.Context,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="HASH",
            help="The head noted earlier, elsewhere: the chain must still contain it. Without it, a cut-off end of "
            "the chain can't be seen.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute every hash. Prints how many entries there are and the head, to be noted elsewhere. Exit code 1 when the
    chain is broken."""
    from sagewai.core import audit

    noted = _check_head(head)
    call = Invocation.of(context, store, as_json)
    verified = call.call(lambda opened: audit.verify(opened, head=noted))
    entries = "1 entry" if verified.entries == 1 else f"{verified.entries:,} entries"
    if call.json:
        emit_json(plain(verified))
    elif verified.broken is None:
        emit([f"the chain holds: {entries}", f"head  {verified.head or '-'}"])
    else:
        emit([f"the chain is BROKEN after {entries}", f"head  {verified.head or '-'}"])
    if verified.broken is not None:
        note(f"sagewai: {verified.broken}")
        raise typer.Exit(Exit.FAILED)


def _check_head(head: str | None) -> str | None:
    if head is None:
        return None
    head = head.strip().lower()
    if len(head) != 64 or not all(character in "0123456789abcdef" for character in head):
        raise InvalidOptionError(
            f"--head {head[:70]!r} isn't 64 hexadecimal characters: copy it from `sagewai audit verify`"
        )
    return head


def _shape(entry: AuditEntry) -> object:
    """The entry with its detail as the JSON it is."""
    shape = plain(entry)
    assert isinstance(shape, dict)
    return {**shape, "detail": payload(entry.detail)}


def _row(entry: AuditEntry) -> tuple[str, ...]:
    return (
        str(entry.number),
        entry.at[:19],
        entry.kind,
        entry.run_id or "-",
        f"{entry.actor} ({entry.assurance})",
        entry.reason[:400],
    )
