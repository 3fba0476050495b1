"""``sagewai runs fork``: a new run that starts from a copy of another's checkpoints."""

from __future__ import annotations

from typing import Annotated

import typer

from sagewai.cli import parse
from sagewai.cli.invocation import Invocation, JsonOption, ReasonOption, RunArgument, StoreOption
from sagewai.cli.output import emit, emit_json
from sagewai.cli.safe import visible
from sagewai.cli.shape import plain


def fork(
    context: typer.Context,
    run: RunArgument,
    from_step: Annotated[
        str | None,
        typer.Option(
            "--from-step",
            metavar="STEP",
            help="Where it starts: results before this step are copied. Default: the first step without a result.",
            show_default=False,
        ),
    ] = None,
    input_: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="JSON|@FILE|-",
            help="Another input, one JSON object; - is stdin. Copied results stay as they are.",
            show_default=False,
        ),
    ] = None,
    run_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="The new run's. The same fork again changes nothing.", show_default=False
        ),
    ] = None,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a new run from a copy of a run's results, and print its id (with --json: the run). The old one stays."""
    from sagewai.core import commands

    values = None if input_ is None else parse.read_input(input_)
    call = Invocation.of(context, store, as_json)
    forked = call.call(
        lambda opened: commands.fork(
            opened, run, actor=call.actor, reason=reason, from_step=from_step, input=values, new_run_id=run_id
        )
    )
    if call.json:
        emit_json(plain(forked))
    else:
        emit([visible(forked.run_id)])
