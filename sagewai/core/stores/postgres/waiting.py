"""Timers and signals: what steps wait for besides people, what was sent to their runs, and how the two meet."""

from __future__ import annotations

from sagewai.core.codec import require_storable
from sagewai.core.stores import words
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import check_actor, is_storable
from sagewai.core.stores.postgres.claiming import run_not_found
from sagewai.core.stores.postgres.database import Database
from sagewai.core.transitions import Operation, after
from sagewai.models.actor import Actor
from sagewai.models.wait import Signal, Wait


async def signal(database: Database, run_id: str, name: str, payload: str, actor: Actor) -> Signal:
    check_actor(actor)
    require_storable(name, "the signal's name")
    require_storable(payload, "the signal's payload")
    if not is_storable(run_id):
        raise run_not_found(run_id)
    row = await database.fetchrow(
        statements.SEND_SIGNAL, run_id, name, payload, actor.name, actor.source, actor.assurance
    )
    assert row is not None
    if row["told"] == "run not found":
        raise run_not_found(run_id)
    after(words.STATUS[row["standing"]], Operation.SIGNAL, run_id=run_id)
    return Signal(
        id=row["signal_id"],
        run_id=run_id,
        name=name,
        payload=payload,
        sent_at=row["at"],
        sender=actor,
        taken=row["was_taken"],
    )


async def waits_of(database: Database, run_id: str, step: str | None) -> list[Wait]:
    if not is_storable(run_id) or not is_storable(step or ""):
        return []
    return [rows.wait(run_id, row) for row in await database.fetch(statements.WAITS_OF, run_id, step)]


async def signals_of(database: Database, run_id: str) -> list[Signal]:
    found = await database.fetch(statements.SIGNALS_OF, run_id) if is_storable(run_id) else []
    if not found:
        raise run_not_found(run_id)
    return [rows.signal(run_id, row) for row in found if row["id"] is not None]
