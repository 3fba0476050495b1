"""The verbs on one run: steer it, signal it, fork it, and say whether anybody can take it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from sagewai.core.codec import encode, input_digest
from sagewai.core.commands.checks import (
    MAX_NAME,
    a_run_id,
    check_actor,
    check_priority,
    check_reason,
    check_text,
)
from sagewai.core.retry import check_number
from sagewai.core.serving import takers
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation, after
from sagewai.errors import WorkerNotFound
from sagewai.models.actor import Actor
from sagewai.models.run import ForkSpec, Run
from sagewai.models.status import RunStatus
from sagewai.models.wait import Signal

STEP_SECONDS = 30.0
"""How long a run that is let go is kept for the worker that was named, unless it is said."""


async def signal(store: Store, run_id: str, name: str, payload: object = None, *, actor: Actor) -> Signal:
    """Send a signal to a run that isn't over; it is kept until a step of the run waits for its name."""
    check_text("the signal's name", name, limit=MAX_NAME, empty=False)
    text = encode(payload, what="payload", limit=store.payload_limit)
    return await store.signal(run_id, name, text, check_actor(actor))


async def fork(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str = "",
    from_step: str | None = None,
    input: Mapping[str, Any] | None = None,  # noqa: A002 - what it is called wherever runs are started
    new_run_id: str | None = None,
) -> Run:
    """Start a new run from a copy of another's checkpoints: those before ``from_step``, or all there are. ``input``
    replaces the source's. The source stays as it is."""
    check_actor(actor)
    check_reason(reason)
    if from_step is not None:
        check_text("from_step", from_step, limit=MAX_NAME, empty=False)
    if new_run_id is None:
        new_run_id = a_run_id((await store.get_run(run_id)).workflow)
    check_text("new_run_id", new_run_id, limit=MAX_NAME, empty=False)
    values = None if input is None else dict(input)
    spec = ForkSpec(
        source=run_id,
        run_id=new_run_id,
        actor=actor,
        reason=reason,
        from_step=from_step,
        input=None if values is None else encode(values, what="input", limit=store.payload_limit),
        input_digest=None if values is None else input_digest(values),
    )
    return await store.fork_run(spec)


async def unserved(store: Store, run_id: str) -> str | None:
    """What to tell somebody who made a run ready (by a decision, a retry, a submit) that no live worker can take; None
    when one can, or the run isn't pending. Raises RunNotFound."""
    run = await store.get_run(run_id)
    if run.status is not RunStatus.PENDING:
        return None
    if any(pool.paused for pool in await store.list_pools() if pool.pool == run.pool):
        return (
            f"run {run_id!r} is ready, but pool {run.pool!r} is paused: it waits until somebody resumes the pool "
            f"(`sagewai pools resume {shlex.quote(run.pool)}`) or calls wf.run() for it"
        )
    sessions = await store.list_sessions(live_only=True)
    if takers(sessions, pool=run.pool, workflow=run.workflow, labels=run.labels, version=run.version):
        return None
    version = f" of version {run.version!r}" if run.version else ""
    labels = f" and its labels ({', '.join(run.labels)})" if run.labels else ""
    return (
        f"run {run_id!r} is ready, but no live worker of pool {run.pool!r} has workflow {run.workflow!r}{version}"
        f"{labels}: it waits until one is started (`sagewai worker MODULE:NAME --pool {shlex.quote(run.pool)}`) or "
        "somebody calls wf.run() for it"
    )


async def cancel(store: Store, run_id: str, *, actor: Actor, reason: str = "") -> Run:
    """End a run that isn't terminal. A running one is asked: its step is cancelled at the next heartbeat."""
    return await _operate(store, run_id, Operation.CANCEL, actor, reason)


async def pause(store: Store, run_id: str, *, actor: Actor, reason: str = "") -> Run:
    """Hold a run; a running one stops before its next step."""
    return await _operate(store, run_id, Operation.PAUSE, actor, reason)


async def resume(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str = "",
    worker: int | None = None,
    seconds: float = STEP_SECONDS,
) -> Run:
    """Let a paused run go on. With ``worker``, a session, nobody else takes it within some seconds (WorkerNotFound
    where that doesn't live); one that is only asked to pause stays where it runs."""
    check_actor(actor)
    check_reason(reason)
    if worker is not None and (await store.get_run(run_id)).status is RunStatus.PAUSED:
        await _show_to(store, run_id, worker, seconds, actor)
    return await store.operate(run_id, Operation.RESUME, actor, reason)


async def step(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str = "",
    worker: int | None = None,
    seconds: float = STEP_SECONDS,
) -> Run:
    """Let a paused run go one attempt further, after which it is paused again; a step asked to wait, to retry or to
    end has gone one further too. With ``worker``, a session, nobody else takes it within some seconds (WorkerNotFound
    where that doesn't live)."""
    check_actor(actor)
    check_reason(reason)
    if worker is not None:
        after((await store.get_run(run_id)).status, Operation.STEP, run_id=run_id)
        await _show_to(store, run_id, worker, seconds, actor)
    return await store.operate(run_id, Operation.STEP, actor, reason)


async def retry(store: Store, run_id: str, *, actor: Actor, reason: str = "") -> Run:
    """Take a failed run out of the dead letters; it goes on at its first step without a checkpoint."""
    return await _operate(store, run_id, Operation.RETRY, actor, reason)


async def discard(store: Store, run_id: str, *, actor: Actor, reason: str = "") -> Run:
    """Remove a dead letter; its run stays failed."""
    return await _operate(store, run_id, Operation.DISCARD, actor, reason)


async def set_priority(store: Store, run_id: str, priority: int, *, actor: Actor, reason: str = "") -> Run:
    """Change how soon a run is claimed; higher goes first."""
    check_priority(priority)
    return await store.operate(
        run_id, Operation.SET_PRIORITY, check_actor(actor), check_reason(reason), priority=priority
    )


async def _show_to(store: Store, run_id: str, worker: int, seconds: float, actor: Actor) -> None:
    check_number("seconds", seconds, low=0.1, high=3_600.0)
    if not await store.assign(run_id, worker, seconds, actor):
        raise WorkerNotFound(f"no live session {worker}: it stopped or lost its lease")


async def _operate(store: Store, run_id: str, operation: Operation, actor: Actor, reason: str) -> Run:
    return await store.operate(run_id, operation, check_actor(actor), check_reason(reason))
