"""The operator's verbs: the table of legal moves says what follows, a compare-and-set on what was seen does it."""

from __future__ import annotations

from dataclasses import dataclass

from sagewai.core.stores import words
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import check_actor, is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.core.stores.postgres.pool import Connection
from sagewai.core.transitions import Operation, after
from sagewai.errors import DeadLetterNotFound, InvalidOptionError, InvalidTransition, StoreUnavailable
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.run import Run
from sagewai.models.status import Ask, RunStatus

_TRIES = 100
"""How often a run may change under an operator's hands before that is given up."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a run was seen to stand."""

    key: int
    status: RunStatus
    asked: Ask | None
    dead: bool


@dataclass(frozen=True, slots=True)
class _By:
    actor: Actor
    reason: str

    @property
    def values(self) -> tuple[str, str, str, str]:
        return (self.actor.name, self.actor.source, self.actor.assurance, self.reason)


async def operate(
    database: Database, run_id: str, operation: Operation, actor: Actor, reason: str, priority: int | None
) -> Run:
    check_actor(actor, reason)
    if not is_storable(run_id):
        raise run_not_found(run_id)
    for _ in range(_TRIES):
        row = await database.fetchrow(statements.STANDING, run_id)
        if row is None:
            raise run_not_found(run_id)
        statement, *values = _plan(run_id, _standing(row), operation, _By(actor, reason), priority)
        if await database.fetch(str(statement), *values):
            return await get_run(database, run_id)
    raise StoreUnavailable(f"run {run_id!r} changes too fast for {operation}: try again")


async def operate_on_held(
    connection: Connection, run_id: str, row: Row, operation: Operation, actor: Actor, reason: str
) -> None:
    """The same for a run that this transaction has locked, and that stands as ``row`` (of STANDINGS) says."""
    statement, *values = _plan(run_id, _standing(row), operation, _By(actor, reason), None)
    if not await connection.fetch(str(statement), *values):
        raise StoreUnavailable(f"run {run_id!r} doesn't stand as it was read under its lock")


async def get_run(database: Database, run_id: str) -> Run:
    row = await database.fetchrow(statements.GET_RUN, run_id) if is_storable(run_id) else None
    if row is None:
        raise run_not_found(run_id)
    return rows.run(row)


def _standing(row: Row) -> _Standing:
    return _Standing(row["id"], words.STATUS[row["status"]], rows.asked(row["asked"]), row["dead"])


def _plan(
    run_id: str, run: _Standing, operation: Operation, by: _By, priority: int | None
) -> tuple[object, ...]:
    """The statement that does it, with its values. Raises what the contract says where it can't be done."""
    if (operation is Operation.SET_PRIORITY and priority is None) or operation not in _OPERATORS:
        raise InvalidOptionError(
            f"an operator can't {operation} a run with priority {priority!r}: use CANCEL, PAUSE, RESUME, STEP, RETRY, "
            "DISCARD, or SET_PRIORITY with a priority"
        )
    follows = after(run.status, operation, run_id=run_id)
    seen = (run.key, words.STATUS_CODE[run.status])
    if operation is Operation.SET_PRIORITY:
        return (statements.SET_PRIORITY, *seen, priority, *by.values)
    if operation in (Operation.RETRY, Operation.DISCARD):
        if not run.dead:
            raise DeadLetterNotFound(f"run {run_id!r} has no dead letter: it was discarded")
        retry = operation is Operation.RETRY
        return (statements.RETRY_RUN if retry else statements.DISCARD_RUN, run.key, *by.values)
    if follows is RunStatus.RUNNING or (operation is Operation.RESUME and run.status is RunStatus.PENDING):
        return _plan_asking(run_id, run, operation, by)
    if operation is Operation.RESUME:
        return (statements.RESUME_RUN, run.key, *by.values)
    if operation is Operation.STEP:
        return (statements.STEP_RUN, run.key, *by.values)
    cancel = operation is Operation.CANCEL
    return (statements.END_RUN if cancel else statements.PAUSE_RUN, *seen, *by.values)


_OPERATORS = frozenset(
    {
        Operation.CANCEL,
        Operation.PAUSE,
        Operation.RESUME,
        Operation.STEP,
        Operation.RETRY,
        Operation.DISCARD,
        Operation.SET_PRIORITY,
    }
)


def _plan_asking(run_id: str, run: _Standing, operation: Operation, by: _By) -> tuple[object, ...]:
    """What is asked of the owner of a running run, or of whoever takes a run for a single step."""
    if operation is Operation.RESUME:
        if run.asked is not Ask.PAUSE:
            raise InvalidTransition(
                f"can't resume run {run_id!r}: it is {run.status} and nobody asked it to pause", run_id=run_id
            )
        return (statements.UNASK_RUN, run.key, *by.values)
    ask = Ask.CANCEL if operation is Operation.CANCEL else Ask.PAUSE
    if run.asked is Ask.CANCEL and ask is Ask.PAUSE:
        raise InvalidTransition(f"can't pause run {run_id!r}: it is being cancelled", run_id=run_id)
    kind = EventKind.CANCEL_REQUESTED if ask is Ask.CANCEL else EventKind.PAUSE_REQUESTED
    seen = None if run.asked is None else words.ASK_CODE[run.asked]
    return (statements.ASK_RUN, run.key, seen, words.ASK_CODE[ask], *by.values, kind.value)
