"""How sessions get runs: routes resolved, runs claimed, one shown to one session first."""

from __future__ import annotations

import heapq
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sagewai.core.labels import contained, decode_labels, encode_labels
from sagewai.core.stores.base import SUSPECT_AFTER, Claimed, Routes
from sagewai.core.stores.memory.checks import check_actor
from sagewai.core.stores.memory.rows import RunRow, SessionRow
from sagewai.core.stores.memory.state import State
from sagewai.core.transitions import Operation, after
from sagewai.models.actor import Actor
from sagewai.models.history import EventKind
from sagewai.models.run import LabelValue, LeasedRun
from sagewai.models.status import RunStatus


def resolve_routes(
    state: State, pool: str, labels: Mapping[str, LabelValue], workflows: Mapping[str, Sequence[str]]
) -> Routes:
    offered = encode_labels(labels)
    fitting = [
        route
        for (its_pool, workflow, version, required), route in state.routes.items()
        if its_pool == pool
        and version in workflows.get(workflow, ())
        and contained(_labels(required), offered)
    ]
    return Routes(tuple(fitting), newest=len(state.routes))


def _labels(text: str) -> dict[str, str]:
    decoded: dict[str, str] = json.loads(text)
    return decoded


def claim(state: State, session_id: int, routes: Sequence[int], limit: int) -> Claimed:
    session = state.sessions.get(session_id)
    if session is None or not session.may_claim(state.now):
        return Claimed((), newest_route=len(state.routes))
    suspects_allowed = not any(state.runs[key].takeovers >= SUSPECT_AFTER for key in session.held)
    chosen: list[RunRow] = []
    for _, key in heapq.merge(
        *(state.ready[route] for route in dict.fromkeys(routes) if route in state.ready)
    ):
        if len(chosen) >= limit:
            break
        run = state.runs[key]
        if run.pool in state.paused_pools:
            continue
        if run.assigned_to not in (None, session.id) and state.now < run.assigned_until:
            continue
        if run.takeovers >= SUSPECT_AFTER:
            if not suspects_allowed:
                continue
            suspects_allowed = False
        chosen.append(run)
    return Claimed(tuple(take(state, run, session) for run in chosen), newest_route=len(state.routes))


def claim_run(state: State, session_id: int, run_id: str) -> LeasedRun | None:
    run = state.run(run_id)
    session = state.sessions.get(session_id)
    if session is None or not session.may_claim(state.now) or run.status is not RunStatus.PENDING:
        return None
    return take(state, run, session)


def assign(state: State, run_id: str, session_id: int, seconds: float, actor: Actor) -> bool:
    check_actor(actor)
    run = state.run(run_id)
    session = state.sessions.get(session_id)
    assignable = run.status in (RunStatus.PENDING, RunStatus.PAUSED)
    if not assignable or session is None or not session.is_live(state.now):
        return False
    state.assign(run, session, state.now + seconds)
    detail = {"worker": session.spec.name, "seconds": seconds}
    state.tell(run, EventKind.ASSIGNED, actor, detail=detail)
    return True


def take(state: State, run: RunRow, session: SessionRow) -> LeasedRun:
    run.adopt(session.definition_of(run.workflow))
    status = after(run.status, Operation.CLAIM, run_id=run.run_id)
    state.move(run, status, session=session, asked=run.asked)  # a run that goes a single step pauses after it
    run.token += 1
    run.rev += 1
    run.step_started = state.now
    state.tell(run, EventKind.CLAIMED, detail={"token": run.token, "worker": session.spec.name})
    return LeasedRun(
        key=run.key,
        run_id=run.run_id,
        workflow=run.workflow,
        token=run.token,
        rev=run.rev,
        seq=run.seq,
        attempt=run.attempt,
        wakeups=run.wakeups,
        takeovers=run.takeovers,
        input=run.input,
        results=MappingProxyType(dict(run.results)),
        pool=run.pool,
        labels=MappingProxyType(decode_labels(run.labels)),
        tags=MappingProxyType(dict(run.tags)),
        asked=None,
    )
