"""The tree of commands, and what holds for all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from sagewai.cli import (
    approvals,
    attending,
    audit,
    bulk,
    calls,
    cost,
    db,
    dlq,
    export,
    forks,
    pools,
    rates,
    runs,
    signals,
    submit,
    worker,
    workers,
)
from sagewai.cli.exits import MEANING
from sagewai.cli.invocation import Common, JsonOption, StoreOption
from sagewai.cli.output import emit

EPILOG = f"""\
--store and --json are taken before the command or after it. Lists print an array; where more follows, a line on stderr
gives the --cursor to go on with (as {{"next_cursor": ...}} with --json). Times are ISO 8601 in UTC.

A store URL on the command line shows its password to every user of the machine: put it into SAGEWAI_STORE, or a file
named by PGPASSFILE.

{MEANING}"""

app = typer.Typer(
    name="sagewai",
    help="Submit, run, watch and steer durable workflows. `sagewai-tui` is the console that does the same.",
    epilog=EPILOG,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("submit")(submit.submit)
app.command("worker")(worker.worker)
app.command("cost")(cost.cost)
app.command("rates")(rates.rates)
runs.app.command("signal")(signals.signal)
runs.app.command("signals")(signals.signals)
runs.app.command("fork")(forks.fork)
runs.app.command("export")(export.export)
for verb in (attending.claim, attending.release, attending.snooze, attending.comment):
    approvals.app.command()(verb)
app.add_typer(runs.app, name="runs")
app.add_typer(calls.app, name="calls")
app.add_typer(approvals.app, name="approvals")
app.add_typer(dlq.app, name="dlq")
app.add_typer(bulk.app, name="bulk")
app.add_typer(workers.app, name="workers")
app.add_typer(pools.app, name="pools")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")


def _version(asked: bool) -> None:
    if asked:
        from sagewai import __version__

        emit([f"sagewai {__version__}"])
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    store: StoreOption = None,
    as_json: JsonOption = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    context.obj = Common(store, as_json)
