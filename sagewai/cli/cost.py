"""``sagewai cost``: what model calls have cost, by workflow, model or day."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sagewai.cli import shape, words
from sagewai.cli.invocation import Invocation, JsonOption, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.tables import Column, table
from sagewai.models.call import Spending


class By(StrEnum):
    """What a line is about."""

    WORKFLOW = "workflow"
    MODEL = "model"
    DAY = "day"


def cost(
    context: typer.Context,
    by: Annotated[By, typer.Option("--by", case_sensitive=False, help="What a line is about.")] = By.WORKFLOW,
    days: Annotated[
        int | None,
        typer.Option(
            "--days", min=1, max=36_500, metavar="N", help="Only the last N days.", show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many.")] = 500,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """What model calls have cost, in USD.

    By workflow or model the dearest first, by day (UTC) the newest first; today counts as one of --days. What calls
    cost whose price isn't known is unknown, not nothing: they are counted beside the sum (as `unpriced` with --json,
    where `cost` is null if no price was known at all).
    """
    call = Invocation.of(context, store, as_json)
    found = call.call(lambda opened: opened.spending(by.value, days=days, limit=limit))
    if call.json:
        emit_json([{by.value: each.key, **shape.spent(each.spent)} for each in found])
    elif found:
        columns = (
            Column(by.value.upper(), 12),
            Column("CALLS"),
            Column("TOKENS IN"),
            Column("TOKENS OUT"),
            Column("COST"),
        )
        emit(table(columns, (_row(each) for each in found), line_width()))
    else:
        emit(["no model calls"])


def _row(each: Spending) -> tuple[str, ...]:
    spent = each.spent
    return (
        each.key or "?",
        f"{spent.calls:,}",
        f"{spent.input_tokens:,}",
        f"{spent.output_tokens:,}",
        words.cost(spent),
    )
