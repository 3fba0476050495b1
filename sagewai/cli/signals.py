"""``sagewai runs signal`` and ``runs signals``: send something to a run, and see what was sent and is waited for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import parse, shape, words
from sagewai.cli.invocation import Invocation, JsonOption, RunArgument, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.safe import visible
from sagewai.cli.tables import Column, table
from sagewai.models.wait import Signal, Wait

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

_SENT = (
    Column("SIGNAL"),
    Column("NAME", 10),
    Column("AGE"),
    Column("TAKEN"),
    Column("BY", 12),
    Column("PAYLOAD", 10),
)
_AWAITED = (
    Column("WAITS FOR", 10),
    Column("STEP", 8),
    Column("KEY", 6),
    Column("STATUS"),
    Column("AGE"),
    Column("DUE"),
)


def signal(
    context: typer.Context,
    run: RunArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the step waits for.", show_default=False)],
    payload: Annotated[
        str,
        typer.Option("--payload", metavar="JSON|@FILE|-", help="What wait_signal() returns; - is stdin."),
    ] = "null",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a signal to a run. It is kept until a step waits for its name; each wait takes one, the oldest first."""
    from sagewai.core import commands

    value = parse.read_json(payload, "--payload")
    call = Invocation.of(context, store, as_json)
    sent = call.call(lambda opened: commands.signal(opened, run, name, value, actor=call.actor))
    if call.json:
        emit_json(shape.signal(sent))
    else:
        became = "a step that waited for it goes on" if sent.taken else "kept until a step waits for it"
        emit([f"signal {sent.id} {visible(sent.name)!r} sent to run {visible(sent.run_id)}: {became}"])


def signals(
    context: typer.Context, run: RunArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """What was sent to a run, and the timers and signals its steps wait or waited for. JSON: {"signals", "waits"}."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> tuple[list[Signal], list[Wait], datetime]:
        return await opened.signals_of(run), await opened.waits_of(run), await opened.now()

    sent, awaited, now = call.call(read)
    if call.json:
        emit_json(
            {
                "signals": [shape.signal(each) for each in sent],
                "waits": [shape.wait(each) for each in awaited],
            }
        )
        return
    width = line_width()
    shown = table(_AWAITED, (_awaited(each, now) for each in awaited), width) if awaited else ["no waits"]
    emit(shown)
    emit(["", *table(_SENT, (_sent(each, now) for each in sent), width)] if sent else ["no signals"])


def _sent(signal: Signal, now: datetime) -> tuple[str, ...]:
    return (
        str(signal.id),
        signal.name,
        words.age(signal.sent_at, now),
        "yes" if signal.taken else "no",
        words.actor(signal.sender),
        signal.payload[:200],
    )


def _awaited(wait: Wait, now: datetime) -> tuple[str, ...]:
    return (
        f"signal {wait.name}" if wait.kind == "signal" else "timer",
        wait.step,
        wait.key,
        str(wait.status),
        words.age(wait.asked_at, now),
        words.age(wait.due_at, now),
    )
