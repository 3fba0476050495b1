"""``sagewai runs export``: runs as JSON, whole, one a line; what the console writes to a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli.bulk import ErrorOption
from sagewai.cli.invocation import Invocation, StoreOption
from sagewai.cli.output import emit_json
from sagewai.errors import InvalidOptionError, RunNotFound
from sagewai.models.page import MAX_PAGE, DeadLetterQuery

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

NEWEST = MAX_PAGE
"""Dead letters of one error that are exported at most."""


async def document(store: Store, run_id: str) -> dict[str, object]:
    """The run as ``sagewai runs show --json`` gives it, with its timeline, its signals and waits, and the whole of its
    calls. What this role may not see reads as the database gives it. Raises RunNotFound."""
    from sagewai.cli import calls, detail, shape
    from sagewai.core.monitor import WorkflowMonitor

    found, outcome, account, _ = await detail.read(store, run_id)
    timeline = await WorkflowMonitor(store=store).get_execution_timeline(run_id)
    return {
        **detail.shape(found, outcome, account),
        "signals": [shape.signal(each) for each in found.signals],
        "waits": [shape.wait(each) for each in found.waits],
        "timeline": shape.plain(timeline),
        "calls": [calls.shape(each, whole=True) for each in calls.in_order(account.calls)],
    }


def export(
    context: typer.Context,
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="One or several ids.", show_default=False)
    ] = None,
    error: ErrorOption = None,
    store: StoreOption = None,
) -> None:
    """Runs as JSON, whole, one a line.

    What `runs show --json` has, with timeline, signals, waits, and what each call was asked and answered. With --error
    the newest 1,000 dead letters of that error.
    """
    if bool(runs) == (error is not None):
        raise InvalidOptionError("name the runs, or --error TYPE, and not both")
    Invocation.of(context, store, as_json=True).call(lambda opened: _export(opened, runs or (), error))


async def _export(store: Store, runs: Sequence[str], error: str | None) -> None:
    """Each as it is read. Of dead letters those that were removed meanwhile are left out."""
    found = runs
    if error is not None:
        page = await store.list_dead_letters(DeadLetterQuery(error_type=error, limit=NEWEST))
        found = [letter.run_id for letter in page]
    for run_id in dict.fromkeys(found):
        try:
            emit_json(await document(store, run_id))
        except RunNotFound:
            if error is None:
                raise
