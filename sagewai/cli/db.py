"""``sagewai db``: bring a store's schema up to date, or check it; who may do what there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli.exits import Exit
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width, note
from sagewai.cli.safe import visible
from sagewai.cli.shape import plain
from sagewai.cli.tables import fields

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store, StoreInfo

app = typer.Typer(help="The store's schema.", rich_markup_mode=None)


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
