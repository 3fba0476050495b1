"""``sagewai approvals``: see what waits for a person, whole, and decide it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sagewai.cli import card, parse, shape, words
from sagewai.cli.invocation import CursorOption, Invocation, JsonOption, LimitOption, RunArgument, StoreOption
from sagewai.cli.output import emit, emit_json, line_width, note, note_cursor
from sagewai.cli.paging import gather
from sagewai.cli.safe import visible
from sagewai.cli.tables import Column, table
from sagewai.errors import ApprovalAmbiguous, ApprovalNotFound, InvalidOptionError
from sagewai.models.approval import Approval
from sagewai.models.page import ApprovalQuery, Page
from sagewai.models.status import ApprovalStatus

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

app = typer.Typer(help="See what waits for a person, and decide it.", rich_markup_mode=None)

ApprovalOption = Annotated[
    int | None,
    typer.Option("--approval", metavar="N", help="Which, where a run has several.", show_default=False),
]
DigestOption = Annotated[
    str | None,
    typer.Option(
        "--digest",
        metavar="D",
        help="The digest that was shown: decides that content and no other. Without it the decision is recorded as "
        "made without seeing the content.",
        show_default=False,
    ),
]

_COLUMNS = (
    Column("ID"),
    Column("RUN", 20),
    Column("STEP", 8),
    Column("STATUS"),
    Column("AGE"),
    Column("DUE"),
    Column("PROMPT", 10),
)


@app.command("list")
def list_approvals(
    context: typer.Context,
    status: Annotated[
        ApprovalStatus, typer.Option("--status", case_sensitive=False, help="Only these.")
    ] = ApprovalStatus.PENDING,
    every: Annotated[bool, typer.Option("--all", help="Whatever their status.")] = False,
    run: Annotated[
        str | None, typer.Option(metavar="RUN", help="Only of this run.", show_default=False)
    ] = None,
    awake: Annotated[bool, typer.Option("--awake", help="Without those that somebody snoozed.")] = False,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Approvals by deadline, then the oldest first. Contents are left out: `show` has them."""
    call = Invocation.of(context, store, as_json)
    query = ApprovalQuery(
        status=None if every else status, run_id=run, snoozed=not awake, cursor=cursor, limit=limit
    )

    async def read(opened: Store) -> tuple[Page[Approval], datetime]:
        return await gather(opened.list_approvals, query), await opened.now()

    page, now = call.call(read)
    if call.json:
        emit_json([shape.approval(approval) for approval in page])
    elif page.items:
        emit(table(_COLUMNS, (_row(approval, now) for approval in page), line_width()))
    else:
        emit(["no approvals"])
    note_cursor(page.next_cursor, as_json=call.json)


@app.command()
def show(
    context: typer.Context,
    run: RunArgument,
    approval: ApprovalOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """The run's pending approval (or its latest, when none waits): prompt, whole context, digest, decision."""
    call = Invocation.of(context, store, as_json)

    async def read(opened: Store) -> tuple[Approval, datetime]:
        await opened.get_run(run)
        return choose(run, await opened.approvals_of(run), approval), await opened.now()

    found, now = call.call(read)
    if call.json:
        emit_json(shape.approval(found))
    else:
        emit(card.lines(found, now, line_width()))


@app.command()
def approve(
    context: typer.Context,
    run: RunArgument,
    digest: DigestOption = None,
    approval: ApprovalOption = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)] = "",
    edited: Annotated[
        str | None,
        typer.Option(
            "--edit",
            metavar="JSON|@FILE|-",
            help="What the step gets in place of the context, where its gate allows that; - is stdin.",
            show_default=False,
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say yes: a worker goes on with the run."""
    from sagewai.core import commands

    seen = check_digest(digest)
    payload = None if edited is None else parse.read_json(edited, "--edit")
    call = Invocation.of(context, store, as_json)
    _decide(
        call,
        lambda opened: commands.approve(
            opened, run, actor=call.actor, reason=reason, approval_id=approval, digest=seen, payload=payload
        ),
    )


@app.command()
def reject(
    context: typer.Context,
    run: RunArgument,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why. Required.", show_default=False)
    ],
    digest: DigestOption = None,
    approval: ApprovalOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say no: the run ends as rejected, with this reason."""
    from sagewai.core import commands

    seen = check_digest(digest)
    call = Invocation.of(context, store, as_json)
    _decide(
        call,
        lambda opened: commands.reject(
            opened, run, actor=call.actor, reason=reason, approval_id=approval, digest=seen
        ),
    )


def choose(run_id: str, approvals: list[Approval], wanted: int | None) -> Approval:
    """The one that is meant. Raises ApprovalNotFound; ApprovalAmbiguous naming those that wait."""
    if wanted is not None:
        for approval in approvals:
            if approval.id == wanted:
                return approval
        raise ApprovalNotFound(f"run {run_id!r} has no approval {wanted}")
    pending = [approval for approval in approvals if approval.status is ApprovalStatus.PENDING]
    if len(pending) > 1:
        ids = tuple(approval.id for approval in pending)
        names = ", ".join(
            f"{approval.id} (step {approval.step!r}, gate {approval.gate!r})" for approval in pending
        )
        raise ApprovalAmbiguous(
            f"run {run_id!r} has several approvals pending: {names}; name one with --approval",
            approval_ids=ids,
        )
    if not approvals:
        raise ApprovalNotFound(f"run {run_id!r} has asked for no approval")
    return pending[0] if pending else approvals[-1]


def check_digest(digest: str | None) -> str | None:
    """A digest is whole or it is none: a prefix could be met by other content."""
    if digest is None:
        return None
    digest = digest.strip().lower()
    if len(digest) != 64 or not all(character in "0123456789abcdef" for character in digest):
        raise InvalidOptionError(
            f"--digest {digest[:70]!r} isn't 64 hexadecimal characters: copy it from `sagewai approvals show`"
        )
    return digest


def _decide(call: Invocation, verb: Callable[[Store], Awaitable[Approval]]) -> None:
    async def act(opened: Store) -> tuple[Approval, str | None]:
        from sagewai.core import commands

        decided = await verb(opened)
        ready = decided.status is ApprovalStatus.APPROVED
        return decided, await commands.unserved(opened, decided.run_id) if ready else None

    decided, warning = call.call(act)
    if warning is not None:
        note(f"sagewai: warning: {visible(warning)}")
    if call.json:
        emit_json(shape.approval(decided))
        return
    decision = decided.decision or (decided.decisions[-1] if decided.decisions else None)
    so_far = f", {card.quorum(decided)}" if decided.status is ApprovalStatus.PENDING else ""
    by = "" if decision is None else f" by {visible(words.actor(decision.reviewer))}"
    unseen = (
        ", without the digest of its content" if decision is not None and decision.digest_seen is None else ""
    )
    emit([f"{decided.status}{by}: approval {decided.id} of run {visible(decided.run_id)}{unseen}{so_far}"])


def _row(approval: Approval, now: datetime) -> tuple[str, ...]:
    return (
        str(approval.id),
        approval.run_id,
        approval.step,
        str(approval.status),
        words.age(approval.requested_at, now),
        words.age(approval.deadline_at, now),
        approval.prompt[:400],
    )
