"""``sagewai approvals claim``, ``release``, ``snooze``, ``comment``: what reviewers tell each other beforehand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import parse, shape, words
from sagewai.cli.approvals import ApprovalOption, choose
from sagewai.cli.invocation import Invocation, JsonOption, ReasonOption, RunArgument, StoreOption
from sagewai.cli.output import emit, emit_json
from sagewai.cli.safe import visible
from sagewai.models.approval import Approval

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

_DURATION = "90, 10m, 2h, 1d."


def claim(
    context: typer.Context,
    run: RunArgument,
    period: Annotated[str, typer.Option("--for", metavar="TIME", help=f"How long: {_DURATION}")] = "10m",
    approval: ApprovalOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the others that you look at it. It hinders no decision."""
    from sagewai.core import commands

    seconds = parse.duration(period)
    call = Invocation.of(context, store, as_json)
    _attend(
        call,
        run,
        approval,
        lambda opened, found: commands.claim(opened, found.id, actor=call.actor, seconds=seconds),
    )


def release(
    context: typer.Context,
    run: RunArgument,
    approval: ApprovalOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give back what you claimed."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    _attend(
        call,
        run,
        approval,
        lambda opened, found: commands.unclaim(opened, found.id, actor=call.actor),
    )


def snooze(
    context: typer.Context,
    run: RunArgument,
    period: Annotated[
        str, typer.Option("--for", metavar="TIME", help=f"How long: {_DURATION} 0 brings it back.")
    ] = "1h",
    approval: ApprovalOption = None,
    reason: ReasonOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take it out of everybody's inbox for a while. Its deadline goes on."""
    from sagewai.core import commands

    seconds = parse.duration(period)
    call = Invocation.of(context, store, as_json)
    _attend(
        call,
        run,
        approval,
        lambda opened, found: commands.snooze(
            opened, found.id, actor=call.actor, seconds=seconds, reason=reason
        ),
    )


def comment(
    context: typer.Context,
    run: RunArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False)],
    approval: ApprovalOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a remark to its run's timeline."""
    from sagewai.core import commands

    call = Invocation.of(context, store, as_json)
    _attend(
        call,
        run,
        approval,
        lambda opened, found: commands.comment(opened, found.id, text, actor=call.actor),
    )


def _attend(
    call: Invocation,
    run: str,
    wanted: int | None,
    verb: Callable[[Store, Approval], Awaitable[Approval]],
) -> None:
    async def act(opened: Store) -> Approval:
        await opened.get_run(run)
        return await verb(opened, choose(run, await opened.approvals_of(run), wanted))

    found = call.call(act)
    if call.json:
        emit_json(shape.approval(found))
        return
    said = [f"approval {found.id} of run {visible(found.run_id)}: {found.status}"]
    if found.claimed_by is not None and found.claimed_until is not None:
        said.append(f"claimed by {visible(found.claimed_by)} until {words.clock(found.claimed_until)}")
    if found.snoozed_until is not None:
        said.append(f"snoozed until {words.clock(found.snoozed_until)}")
    emit([", ".join(said)])
