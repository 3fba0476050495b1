"""Sessions: opened, kept alive by beats, closed or given up; asked by operators."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sagewai.core.labels import labels_text
from sagewai.core.stores import words
from sagewai.core.stores.sqlite import names
from sagewai.core.stores.sqlite.changes import Changes, heads_of
from sagewai.core.stores.sqlite.events import Events
from sagewai.core.stores.sqlite.record import release
from sagewai.core.stores.sqlite.rows import SESSION, session_of
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.errors import WorkerNotFound
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.session import Beat, Held, Session, SessionSpec
from sagewai.models.status import Ask, SessionStatus

LISTED_FOR = 24 * 3600 * 1_000_000
"""Microseconds for which sessions that are over are still listed."""

_FULFILS = {
    SessionStatus.ACTIVE: Ask.RESUME,
    SessionStatus.DRAINING: Ask.DRAIN,
    SessionStatus.PAUSED: Ask.PAUSE,
}


def open_session(tx: Transaction, spec: SessionSpec) -> int:
    ttl, process = round(spec.lease_ttl * 1e6), spec.process
    session = tx.insert(
        "insert into sessions (name, kind, pool, labels, workflows, lease_ttl, lease_until, beat_at, started_at, "
        "max_concurrent, host, boot_id, pid_namespace, pid, process_started) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        spec.name,
        spec.kind,
        spec.pool,
        labels_text(spec.labels),
        json.dumps([definition.workflow for definition in spec.definitions]),
        ttl,
        tx.now + ttl,
        tx.now,
        tx.now,
        spec.max_concurrent,
        process.host,
        process.boot_id,
        process.pid_namespace,
        process.pid,
        process.started,
    )
    for definition in spec.definitions:
        workflow = names.workflow_id(tx, definition.workflow)
        tx.change(
            "insert or ignore into session_definitions (workflow, session, definition) values (?, ?, ?)",
            workflow,
            session,
            names.definition_id(tx, workflow, definition),
        )
    return session


def heartbeat(tx: Transaction, session: int, status: SessionStatus) -> Beat:
    renewed = tx.rows(
        "update sessions set status = ?, beat_at = ?, lease_until = ? + lease_ttl, "
        "asked = case when asked is ? then null else asked end "
        "where id = ? and status <= 3 and lease_until > ? returning asked",
        words.SESSION_CODE[status],
        tx.now,
        tx.now,
        words.ASK_CODE[_FULFILS[status]],
        session,
        tx.now,
    )
    if not renewed:
        return Beat(alive=False, asked=None, held=())
    asked = renewed[0][0]
    held = tx.rows("select id, run_id, token, asked from runs where session = ? order by id", session)
    return Beat(
        alive=True,
        asked=None if asked is None else words.ASK[asked],
        held=tuple(
            Held(key, run_id, token, None if its is None else words.ASK[its])
            for key, run_id, token, its in held
        ),
    )


def close_session(tx: Transaction, session: int) -> None:
    ended = tx.change(
        "update sessions set status = 4, ended_at = ? where id = ? and status <= 3", tx.now, session
    )
    if not ended:
        return
    changes = Changes(tx)
    held = [key for (key,) in tx.rows("select id from runs where session = ? order by id", session)]
    for run in heads_of(tx, held).values():
        release(changes, run)
    changes.write()


def lapse_sessions(tx: Transaction, sessions: Sequence[int]) -> int:
    return tx.change(
        "update sessions set lease_until = ? "
        "where id in (select value from json_each(?)) and status <= 3 and lease_until > ?",
        tx.now,
        json.dumps(list(sessions)),
        tx.now,
    )


def ask_session(tx: Transaction, session: int, ask: Ask, actor: Actor, reason: str) -> Session:
    asked = tx.rows(
        "update sessions set asked = ? where id = ? and status <= 3 and lease_until > ? returning name",
        words.ASK_CODE[ask],
        session,
        tx.now,
    )
    if not asked:
        raise WorkerNotFound(f"no live session {session}: it stopped or lost its lease")
    events = Events(tx)
    detail = {"worker": asked[0][0], "ask": ask.value}
    events.note(None, EventKind.WORKER_ASKED, detail, actor=actor, reason=reason)
    events.write()
    (row,) = tx.rows(f"{SESSION} where s.id = ?2", tx.now, session)
    return session_of(row)


def list_sessions(tx: Transaction, live_only: bool, limit: int) -> list[Session]:
    live = tx.rows(
        f"{SESSION} where s.status <= 3 and s.lease_until > ?1 order by s.id desc limit ?2", tx.now, limit
    )
    over = [] if live_only else tx.rows(_OVER, tx.now, tx.now - LISTED_FOR, limit - len(live))
    return [session_of(row) for row in live + over]


_OVER = f"""
{SESSION} where s.id in (
  select id from sessions where status <= 3 and lease_until <= ?1 and lease_until > ?2
  union all
  select id from sessions where ended_at > ?2
) order by s.id desc limit ?3
"""
