"""Sessions: opened, kept alive by beats, closed or given up; asked by operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from sagewai.core.codec import require_storable
from sagewai.core.labels import encode_labels
from sagewai.core.stores.base import check_pool_ask
from sagewai.core.stores.memory.checks import check_actor, checked
from sagewai.core.stores.memory.moves import release
from sagewai.core.stores.memory.rows import SessionRow
from sagewai.core.stores.memory.state import State
from sagewai.errors import WorkerNotFound
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.session import Beat, Held, SessionSpec
from sagewai.models.status import Ask, SessionStatus

_FULFILS = {
    SessionStatus.ACTIVE: Ask.RESUME,
    SessionStatus.DRAINING: Ask.DRAIN,
    SessionStatus.PAUSED: Ask.PAUSE,
}


def open_session(state: State, spec: SessionSpec) -> int:
    process = spec.process
    for text in (spec.name, spec.pool, process.host, process.boot_id, process.pid_namespace, process.started):
        require_storable(text, "the session")
    definitions = tuple(checked(definition) for definition in spec.definitions)
    session = SessionRow(
        id=len(state.sessions) + 1,
        spec=replace(spec, labels=None, definitions=definitions),
        labels=encode_labels(spec.labels),
        started=state.now,
        beat=state.now,
        lease_until=state.now + spec.lease_ttl,
    )
    state.sessions[session.id] = session
    state.definitions.update({known.workflow: known for known in definitions})
    return session.id


def heartbeat(state: State, session_id: int, status: Literal["active", "draining", "paused"]) -> Beat:
    session = state.sessions.get(session_id)
    if session is None or not session.is_live(state.now):
        return Beat(alive=False, asked=None, held=())
    session.status = SessionStatus(status)
    session.beat, session.lease_until = state.now, state.now + session.spec.lease_ttl
    if session.asked is _FULFILS[session.status]:
        session.asked = None
    runs = [state.runs[key] for key in sorted(session.held)]
    held = tuple(Held(run.key, run.run_id, run.token, run.asked.ask if run.asked else None) for run in runs)
    return Beat(alive=True, asked=session.asked, held=held)


def close_session(state: State, session_id: int) -> None:
    session = state.sessions.get(session_id)
    if session is None or session.ended is not None:
        return
    for key in sorted(session.held):
        release(state, state.runs[key])
    session.status, session.ended = SessionStatus.STOPPED, state.now


def lapse_sessions(state: State, sessions: Sequence[int]) -> int:
    found = [state.sessions[each] for each in dict.fromkeys(sessions) if each in state.sessions]
    live = [session for session in found if session.is_live(state.now)]
    for session in live:
        session.lease_until = state.now
    return len(live)


def ask_session(state: State, session_id: int, ask: Ask, actor: Actor, reason: str) -> SessionRow:
    check_actor(actor, reason)
    session = state.sessions.get(session_id)
    if session is None or not session.is_live(state.now):
        raise WorkerNotFound(f"no live session {session_id}: it stopped or lost its lease")
    session.asked = ask
    state.tell(None, EventKind.WORKER_ASKED, actor, reason, {"worker": session.spec.name, "ask": ask.value})
    return session


def ask_pool(state: State, pool: str, ask: Ask, actor: Actor, reason: str) -> int:
    check_actor(actor, reason)
    require_storable(pool, "the pool")
    check_pool_ask(pool, ask)
    live = [
        session
        for session in state.sessions.values()
        if session.spec.kind == "worker" and session.spec.pool == pool and session.is_live(state.now)
    ]
    if ask is Ask.DRAIN:
        for session in live:
            session.asked = ask
    elif ask is Ask.PAUSE:
        state.paused_pools.add(pool)
    else:
        state.paused_pools.discard(pool)
        state.heard.add("work")
    state.tell(None, EventKind.POOL_ASKED, actor, reason, {"pool": pool, "ask": ask.value})
    return len(live)
