"""Calls inside steps: recorded once, read again, and added up; budgets, and what models are saying right now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from sagewai.core.codec import require_storable
from sagewai.core.stores.journal import SpendingBy
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database, Row
from sagewai.models.call import Budget, Call, CallRecord, Spending, Spent, Tail

_Key = tuple[int, int, bytes]
"""Run, step and identity: under what a call is recorded."""


async def record_calls(database: Database, calls: Sequence[CallRecord]) -> list[str | None]:
    """A call that another transaction recorded while this one waited for its run is there, but not to be seen by the
    statement that ran into it: the few that were not written are read by a second one."""
    if not calls:
        return []
    for call in calls:
        _require_storable(call)
    keys = [(call.key, call.seq, identity(call)) for call in calls]
    held: set[int] = set()
    written: set[_Key] = set()
    for place, run, seq, name in await database.fetch(statements.RECORD_CALLS, *_columns(calls, keys)):
        if place is None:
            written.add((run, seq, name))
        else:
            held.add(place - 1)
    known: dict[_Key, str | None] = {}
    missing: list[_Key] = []
    for at in sorted(held):
        if keys[at] in written:
            known.setdefault(keys[at], calls[at].response)
        else:
            missing.append(keys[at])
    if missing:
        found = await database.fetch(statements.FIND_CALLS, *map(list, zip(*missing, strict=True)))
        known.update((missing[place - 1], response) for place, response in found)
    return [known[key] if at in held else None for at, key in enumerate(keys)]


def identity(call: CallRecord) -> bytes:
    """What tells this call from the others of its run and step. It may never change: what was recorded under another
    one would be asked, and paid for, again."""
    parts = [call.branch, call.name, call.position, call.round, call.digest]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).digest()


def _require_storable(call: CallRecord) -> None:
    for text in (call.step, call.branch, call.name, call.digest, call.model):
        require_storable(text, "the call")
    require_storable(call.request or "", "the call's request")
    require_storable(call.response, "the call's response")


def _columns(calls: Sequence[CallRecord], keys: Sequence[_Key]) -> tuple[list[object], ...]:
    return (
        [call.key for call in calls],
        [call.token for call in calls],
        [call.seq for call in calls],
        [call.step for call in calls],
        [call.attempt for call in calls],
        [call.branch for call in calls],
        [call.name for call in calls],
        [call.position for call in calls],
        [call.round for call in calls],
        [call.kind for call in calls],
        [call.digest for call in calls],
        [name for _, _, name in keys],
        [call.request for call in calls],
        [call.response for call in calls],
        [call.model for call in calls],
        [call.input_tokens for call in calls],
        [call.output_tokens for call in calls],
        [call.cost for call in calls],
        [call.latency for call in calls],
    )


async def calls_of(
    database: Database, run_id: str, seq: int | None, after: int, limit: int | None
) -> list[Call]:
    if not is_storable(run_id):
        return []
    found = await database.fetch(statements.CALLS_OF, run_id, seq, after, limit)
    return [rows.call(run_id, row) for row in found]


async def spent(database: Database, run_id: str) -> Spent:
    return rows.spent(await _of_run(database, statements.SPENT, run_id))


async def spending(database: Database, by: SpendingBy, days: int | None, limit: int) -> list[Spending]:
    found = await database.fetch(statements.SPENDING, by, days, max(limit, 0))
    return [Spending(row["key"], rows.spent(row)) for row in found]


async def get_budget(database: Database, run_id: str) -> Budget | None:
    row = await _of_run(database, statements.GET_BUDGET, run_id)
    return None if row["on_exceed"] is None else Budget(row["usd"], row["tokens"], row["on_exceed"])


async def write_tails(database: Database, tails: Mapping[int, tuple[str, str, str]]) -> None:
    for texts in tails.values():
        for text in texts:
            require_storable(text, "the tail")
    if tails:
        await database.fetch(
            statements.WRITE_TAILS, list(tails), *map(list, zip(*tails.values(), strict=True))
        )


async def tail_of(database: Database, run_id: str) -> Tail | None:
    row = await _of_run(database, statements.TAIL_OF, run_id)
    return None if row["at"] is None else Tail(run_id, row["step"], row["name"], row["text"], row["at"])


async def _of_run(database: Database, statement: str, run_id: str) -> Row:
    """The statement's one row. Raises RunNotFound."""
    row = await database.fetchrow(statement, run_id) if is_storable(run_id) else None
    if row is None:
        raise run_not_found(run_id)
    return row
