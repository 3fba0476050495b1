"""``sagewai calls``: what a run's steps asked of models, or had done once, and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import shape as shapes
from sagewai.cli import words
from sagewai.cli.invocation import Invocation, JsonOption, RunArgument, StoreOption
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.safe import block, clip, visible
from sagewai.cli.tables import Column, fields, table
from sagewai.core.money import money
from sagewai.errors import InvalidOptionError
from sagewai.models.call import Call

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="Model calls of a run, and what it had done once.", rich_markup_mode=None)

_COLUMNS = (
    Column("N"),
    Column("STEP", 6),
    Column("WHO", 6),
    Column("MODEL", 6),
    Column("IN"),
    Column("OUT"),
    Column("COST"),
    Column("TOOK"),
    Column("TRY"),
)

Numbered = tuple[int, Call]
"""A call and its place among all calls of its run, from 1, in the order they were recorded."""


@app.command("list")
def list_calls(
    context: typer.Context,
    run: RunArgument,
    step: Annotated[
        str | None, typer.Option("--step", metavar="STEP", help="Only of this step.", show_default=False)
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calls in the order they were recorded.

    With --json each has its request and response. A price that isn't known is `unknown`, and null.
    """
    call = Invocation.of(context, store, as_json)
    found = call.call(lambda opened: _read(opened, run, step))
    if call.json:
        emit_json([shape(each) for each in found])
    elif found:
        emit(lines(found, line_width()))
    else:
        emit(["no calls"])


@app.command()
def show(
    context: typer.Context,
    run: RunArgument,
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[N]", min=1, help="As the list numbers it. Default: all.", show_default=False
        ),
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="STEP", help="Only of this step.", show_default=False)
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Calls with all that was asked and answered."""
    call = Invocation.of(context, store, as_json)
    found = call.call(lambda opened: _read(opened, run, step))
    if number is not None:
        last = len(found)
        found = [each for each in found if each[0] == number]
        if not found:
            raise InvalidOptionError(f"there is no call {number}: `sagewai calls list` shows {last:,}")
    if call.json:
        emit_json([shape(each) for each in found])
    else:
        width = line_width()
        emit([line for each in found for line in (*_whole(each, width), "")][:-1] or ["no calls"])


def lines(found: list[Numbered], width: int) -> list[str]:
    """A line per call."""
    return table(_COLUMNS, (_row(each) for each in found), width)


def shape(numbered: Numbered, *, whole: bool = True) -> dict[str, object]:
    """A call for programs, with request and response (unless not ``whole``) as the JSON they are."""
    number, call = numbered
    values = {"number": number, **shapes.model(call)}
    if not whole:
        return {key: value for key, value in values.items() if key not in {"request", "response"}}
    return {**values, "request": shapes.payload(call.request), "response": shapes.payload(call.response)}


def in_order(calls: list[Call]) -> list[Numbered]:
    """All calls of a run, with their places."""
    return list(enumerate(calls, 1))


async def _read(store: Store, run_id: str, step: str | None) -> list[Numbered]:
    await store.get_run(run_id)  # a run that isn't there has no calls, and should be named
    found = in_order(await store.calls_of(run_id))
    if step is None:
        return found
    chosen = [each for each in found if each[1].step == step]
    if not chosen:
        declared = [info.name for info in await store.get_steps(run_id)]
        if declared and step not in declared:
            raise InvalidOptionError(f"run {run_id!r} has no step {step!r}; it has {', '.join(declared)}")
    return chosen


def _row(numbered: Numbered) -> tuple[str, ...]:
    number, call = numbered
    model = call.kind == "model"
    return (
        str(number),
        call.step,
        _who(call),
        call.model if model else f"({call.kind})",
        _tokens(call.input_tokens) if model else "",
        _tokens(call.output_tokens) if model else "",
        money(call.cost) if model else "",
        "" if call.kind == "void" else words.took(call.latency),
        str(call.attempt),
    )


def _whole(numbered: Numbered, width: int) -> Iterator[str]:
    number, call = numbered
    model = call.kind == "model"
    yield from fields(
        [
            ("call", f"{number}, recorded {words.clock(call.recorded_at)}"),
            ("step", f"{call.step}, try {call.attempt}"),
            ("agent" if model else "name", f"{_who(call)} #{call.position}"),
            ("kind", "" if model else call.kind),
            ("model", call.model),
            (
                "tokens",
                f"{_tokens(call.input_tokens)} in, {_tokens(call.output_tokens)} out" if model else "",
            ),
            ("cost", money(call.cost) if model else ""),
            ("took", words.took(call.latency)),
            ("digest", call.digest),
        ],
        width,
    )
    if call.kind == "void":
        return
    if call.request is None:
        yield "request, too long to be kept"
    else:
        yield from _payload("request", call.request, width)
    yield from _payload("response", call.response, width)


def _payload(name: str, text: str, width: int) -> Iterator[str]:
    for part, shown in _parts(name, shapes.payload(text)):
        size = words.count(len(shown), "character")
        yield f"{clip(visible(part), width - len(size) - 2)}, {size}"
        yield from block(shown, width)


def _parts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Every part of what was asked or answered: texts as they are, so that their lines are lines, the rest as JSON."""
    if not isinstance(value, dict) or not value:
        yield name, value if isinstance(value, str) else words.pretty(value)
        return
    for key, entry in value.items():
        if key == "messages" and isinstance(entry, list) and entry:
            for at, message in enumerate(entry, 1):
                yield from _message(f"{name} message {at}", message)
        else:
            yield f"{name} {key}", entry if isinstance(entry, str) else words.pretty(entry)


def _message(name: str, message: object) -> Iterator[tuple[str, str]]:
    """A plain message of a conversation by its role, any other as JSON."""
    if isinstance(message, dict) and message.keys() == {"role", "content"}:
        role, content = message["role"], message["content"]
        if isinstance(role, str) and isinstance(content, str):
            yield f"{name}, {role}", content
            return
    yield name, words.pretty(message)


def _who(call: Call) -> str:
    return f"{call.branch}/{call.name}" if call.branch else call.name


def _tokens(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"
