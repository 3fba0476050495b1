"""``sagewai rates``: how many runs came into each status, minute by minute."""

from __future__ import annotations

from typing import Annotated

import typer

from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.shape import plain
from sagewai.cli.tables import Column, table
from sagewai.models.session import Minute
from sagewai.models.status import RunStatus


def rates(
    context: typer.Context,
    minutes: Annotated[
        int, typer.Option("--minutes", min=1, max=1_440, metavar="N", help="Only the last N minutes.")
    ] = 60,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many runs came into each status, minute by minute (UTC); it is kept for a day.

    Minutes and statuses into which none came are left out. A run counts each time it comes: when it waited and is ready
    again, it came into pending twice.
    """
    call = Invocation.of(context, store, as_json)
    found = call.call(lambda opened: opened.rates(minutes))
    if call.json:
        emit_json(plain(found))
    elif found:
        shown = [status for status in RunStatus if any(status in minute.entered for minute in found)]
        columns = (Column("MINUTE"), *(Column(status.upper()) for status in shown))
        emit(table(columns, (_row(minute, shown) for minute in found), line_width()))
    else:
        emit(["no run came into any status"])


def _row(minute: Minute, shown: list[RunStatus]) -> tuple[str, ...]:
    counted = (f"{minute.entered[status]:,}" if status in minute.entered else "-" for status in shown)
    return (f"{minute.at:%m-%d %H:%M}Z", *counted)
