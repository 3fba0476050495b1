"""Sessions: opened, kept alive by beats, closed or given up; asked by operators."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Literal

from sagewai.core.codec import require_storable
from sagewai.core.labels import encode_labels
from sagewai.core.stores import words
from sagewai.core.stores.base import check_pool_ask
from sagewai.core.stores.postgres import rows, statements
from sagewai.core.stores.postgres.checks import check_actor, check_definition
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.names import Names
from sagewai.core.stores.postgres.sweeping import take_over
from sagewai.errors import WorkerNotFound
from sagewai.models.actor import Actor
from sagewai.models.session import Beat, Held, Session, SessionSpec
from sagewai.models.status import Ask, SessionStatus

_FULFILS = {
    SessionStatus.ACTIVE: Ask.RESUME,
    SessionStatus.DRAINING: Ask.DRAIN,
    SessionStatus.PAUSED: Ask.PAUSE,
}

_RELEASE_TRIES = 50
_RELEASE_PAUSE = 0.02
"""Seconds between two looks at runs that somebody else had locked."""


async def open_session(database: Database, names: Names, spec: SessionSpec) -> int:
    process = spec.process
    for text in (spec.name, spec.pool, process.host, process.boot_id, process.pid_namespace, process.started):
        require_storable(text, "the session")
    for definition in spec.definitions:
        check_definition(definition)
    brought = {definition.workflow: definition for definition in reversed(spec.definitions)}
    ids = await names.definitions(dict.fromkeys(spec.definitions))
    workflows = list(dict.fromkeys(definition.workflow for definition in spec.definitions))
    row = await database.fetchrow(
        statements.OPEN_SESSION,
        spec.name,
        spec.kind,
        spec.pool,
        json.dumps(encode_labels(spec.labels)),
        spec.lease_ttl,
        spec.max_concurrent,
        process.host,
        process.boot_id,
        process.pid_namespace,
        process.pid,
        process.started,
        workflows,
        [ids[brought[workflow]] for workflow in workflows],
    )
    assert row is not None
    opened: int = row["id"]
    return opened


async def heartbeat(
    database: Database, session: int, status: Literal["active", "draining", "paused"]
) -> Beat:
    word = SessionStatus(status)
    found = await database.fetch(
        statements.HEARTBEAT, session, words.SESSION_CODE[word], words.ASK_CODE[_FULFILS[word]]
    )
    if not found:
        return Beat(alive=False, asked=None, held=())
    held = tuple(
        Held(row["id"], row["run_id"], row["token"], rows.asked(row["asked"]))
        for row in found
        if row["id"] is not None
    )
    return Beat(alive=True, asked=rows.asked(found[0]["session_asked"]), held=held)


async def close_session(database: Database, session: int) -> None:
    """Runs that somebody else has locked at this moment are tried again; a sweep would release what is left."""
    if not await database.fetch(statements.STOP_SESSION, session):
        return
    for _ in range(_RELEASE_TRIES):
        await take_over(database, limit=1_000, session=session)
        row = await database.fetchrow(statements.IS_EMPTY_HANDED, session)
        if row is not None and row["empty"]:
            return
        await asyncio.sleep(_RELEASE_PAUSE)


async def lapse_sessions(database: Database, sessions: Sequence[int]) -> int:
    return len(await database.fetch(statements.LAPSE_SESSIONS, list(sessions)))


async def list_sessions(database: Database, live_only: bool, limit: int) -> list[Session]:
    found = await database.fetch(statements.LIST_SESSIONS, None, live_only, limit)
    return [rows.session(row) for row in found]


async def ask_session(database: Database, session: int, ask: Ask, actor: Actor, reason: str) -> Session:
    check_actor(actor, reason)
    asked = await database.fetch(
        statements.ASK_SESSION,
        session,
        words.ASK_CODE[ask],
        ask.value,
        actor.name,
        actor.source,
        actor.assurance,
        reason,
    )
    row = await database.fetchrow(statements.LIST_SESSIONS, session, False, 1)
    if not asked or row is None:
        raise WorkerNotFound(f"no live session {session}: it stopped or lost its lease")
    return rows.session(row)


async def ask_pool(database: Database, pool: str, ask: Ask, actor: Actor, reason: str) -> int:
    check_actor(actor, reason)
    require_storable(pool, "the pool")
    check_pool_ask(pool, ask)
    row = await database.fetchrow(
        statements.ASK_POOL,
        pool,
        ask.value,
        words.ASK_CODE[ask],
        actor.name,
        actor.source,
        actor.assurance,
        reason,
    )
    assert row is not None
    workers: int = row["workers"]
    return workers
