"""The operator's verbs: the gate, the dead-letter queue, the CLI and the console all call these, none writes by itself.

Each takes an actor and a reason and leaves one event that commits with what it changed. The errors are the store's.
"""

from __future__ import annotations

import base64
import secrets
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sagewai.core.codec import encode, input_digest, shown
from sagewai.core.edits import check_edit
from sagewai.core.failpoints import reach
from sagewai.core.retry import MAX_DELAY, check_number
from sagewai.core.serving import takers
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation, after
from sagewai.errors import InvalidOptionError, WorkerNotFound
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, Attention, DecisionRequest
from sagewai.models.bulk import BulkJob, BulkPreview, BulkSpec, BulkVerb
from sagewai.models.run import ForkSpec, Run
from sagewai.models.session import Session
from sagewai.models.status import TERMINAL, ApprovalStatus, Ask, RunStatus, Verdict
from sagewai.models.wait import Signal

MAX_NAME = 200
"""Characters of a name, an id or a pool."""

MAX_REASON = 4_000
"""Characters of a reason."""

CLAIM_SECONDS = 300.0
"""How long a reviewer's claim on an approval lasts, unless they say."""

STEP_SECONDS = 30.0
"""How long a run that goes a single step is kept for the worker that was named, unless it is said."""

MAX_PRIORITY = 1_000
"""Priorities lie between minus this and this; higher goes first."""

SWEPT_ITEMS = 50
"""Items of a bulk job that a sweep carries out before it looks at other things again."""


async def approve(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str = "",
    approval_id: int | None = None,
    digest: str | None = None,
    payload: object = None,
    shared: bool = False,
) -> Approval:
    """Open a gate. Without ``digest`` the decision is recorded as made without seeing the content. ``payload`` goes to
    the step; where the gate allows an edit it replaces the context, and must fit the gate's schema
    (ApprovalEditInvalid). ``shared``: this process executes runs with the same rights."""
    check_actor(actor)
    check_reason(reason)
    text = None if payload is None else encode(payload, what="payload", limit=store.payload_limit)
    if payload is not None:
        asked = await _asked(store, run_id, approval_id)
        if asked is not None and asked.policy.edit_schema is not None:
            check_edit(asked.policy.edit_schema, payload)
            approval_id = asked.id  # what was checked is what is decided
    return await _decide(
        store,
        DecisionRequest(
            run_id=run_id,
            verdict=Verdict.APPROVE,
            reviewer=actor,
            reason=reason,
            approval_id=approval_id,
            digest=digest,
            payload=text,
            shared=shared,
        ),
    )


async def reject(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str,
    approval_id: int | None = None,
    digest: str | None = None,
    shared: bool = False,
) -> Approval:
    """Say no: the run ends as rejected, with reviewer and reason. Needs a reason. ``shared`` as in :func:`approve`."""
    if not reason.strip():
        raise InvalidOptionError("a rejection needs a reason: whoever wrote the run reads it")
    return await _decide(
        store,
        DecisionRequest(
            run_id=run_id,
            verdict=Verdict.REJECT,
            reviewer=check_actor(actor),
            reason=check_reason(reason),
            approval_id=approval_id,
            digest=digest,
            shared=shared,
        ),
    )


async def claim(
    store: Store, approval_id: int, *, actor: Actor, seconds: float = CLAIM_SECONDS, reason: str = ""
) -> Approval:
    """Say that one looks at an approval, for some seconds, so that two don't; it hinders nobody from deciding."""
    check_number("seconds", seconds, low=1.0, high=86_400.0)
    return await _attend(store, approval_id, Attention.CLAIM, actor, seconds, check_reason(reason))


async def unclaim(store: Store, approval_id: int, *, actor: Actor, reason: str = "") -> Approval:
    """Give one's claim back before its time is over."""
    return await _attend(store, approval_id, Attention.UNCLAIM, actor, 0.0, check_reason(reason))


async def snooze(
    store: Store, approval_id: int, *, actor: Actor, seconds: float, reason: str = ""
) -> Approval:
    """Take an approval out of everybody's inbox for some seconds (0: put it back); its deadline stays."""
    check_number("seconds", seconds, low=0.0, high=MAX_DELAY)
    return await _attend(store, approval_id, Attention.SNOOZE, actor, seconds, check_reason(reason))


async def comment(store: Store, approval_id: int, text: str, *, actor: Actor) -> Approval:
    """Leave a remark for whoever decides."""
    check_text("the comment", text, limit=MAX_REASON, empty=False)
    return await _attend(store, approval_id, Attention.COMMENT, actor, 0.0, text)


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


async def resume(store: Store, run_id: str, *, actor: Actor, reason: str = "") -> Run:
    """Let a paused run go on."""
    return await _operate(store, run_id, Operation.RESUME, actor, reason)


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
        check_number("seconds", seconds, low=0.1, high=3_600.0)
        after((await store.get_run(run_id)).status, Operation.STEP, run_id=run_id)
        if not await store.assign(run_id, worker, seconds, actor):
            raise WorkerNotFound(f"no live session {worker}: it stopped or lost its lease")
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


async def preview_bulk(store: Store, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
    """What a bulk job would find now; changes nothing."""
    return await store.preview_bulk(verb, check_run_ids(run_ids))


async def start_bulk(
    store: Store, verb: BulkVerb, run_ids: Sequence[str], *, actor: Actor, reason: str = ""
) -> BulkJob:
    """Record a job that does to each of these runs what the verb of that name does, in this order, whoever carries it
    out. The list is frozen: what comes later isn't touched."""
    runs = tuple(check_run_ids(run_ids))
    return await store.create_bulk(BulkSpec(verb, runs, check_actor(actor), check_reason(reason)))


async def advance_bulk(store: Store, *, job: int | None = None, limit: int = SWEPT_ITEMS) -> int:
    """Carry out some items of the oldest bulk job that runs, or of this one, in its beginner's name; gives how many. 0:
    nothing is left, or what is left is in others' hands."""
    return await store.advance_bulk(limit, job=job)


async def stop_bulk(store: Store, job: int, *, actor: Actor, reason: str = "") -> BulkJob:
    """Leave the rest of a bulk job's list alone."""
    return await store.stop_bulk(job, check_actor(actor), check_reason(reason))


async def drain_worker(store: Store, session: int, *, actor: Actor, reason: str = "") -> Session:
    """Ask a worker to finish what it holds and claim nothing new."""
    return await store.ask_session(session, Ask.DRAIN, check_actor(actor), check_reason(reason))


async def pause_worker(store: Store, session: int, *, actor: Actor, reason: str = "") -> Session:
    """Ask a worker to claim nothing new until it is resumed."""
    return await store.ask_session(session, Ask.PAUSE, check_actor(actor), check_reason(reason))


async def resume_worker(store: Store, session: int, *, actor: Actor, reason: str = "") -> Session:
    """Ask a paused worker to claim again."""
    return await store.ask_session(session, Ask.RESUME, check_actor(actor), check_reason(reason))


async def pause_pool(store: Store, pool: str, *, actor: Actor, reason: str = "") -> int:
    """Let nothing of a pool be claimed until it is resumed, whoever serves it; what runs goes on. Gives how many live
    workers the pool has."""
    return await _ask_pool(store, pool, Ask.PAUSE, actor, reason)


async def resume_pool(store: Store, pool: str, *, actor: Actor, reason: str = "") -> int:
    """Let a paused pool be claimed from again. Gives how many live workers it has."""
    return await _ask_pool(store, pool, Ask.RESUME, actor, reason)


async def drain_pool(store: Store, pool: str, *, actor: Actor, reason: str = "") -> int:
    """Ask all live workers of a pool to finish what they hold, claim nothing new, and stop. Gives how many there are;
    workers that begin later claim."""
    return await _ask_pool(store, pool, Ask.DRAIN, actor, reason)


async def prune(
    store: Store,
    older_than: float,
    *,
    actor: Actor,
    keep: frozenset[RunStatus] = frozenset(),
    batch: int = 1_000,
    told: Callable[[int], None] | None = None,
) -> int:
    """Remove every run that has been over for more than ``older_than`` seconds, unless it is in a status of ``keep``.
    A batch is a short piece of work, beside which others go on; after each ``told`` hears how many are gone so far.
    Cut short, what is gone stays gone, and is noted."""
    check_actor(actor)
    check_kept(keep)
    gone, full = 0, True
    try:
        while full:
            now = await store.prune(older_than, keep=keep, limit=batch)
            gone, full = gone + now, now == batch
            if told is not None and now:
                told(gone)
    finally:
        if gone:
            await store.note_pruned(gone, older_than, keep, actor)
    return gone


def check_kept(keep: frozenset[RunStatus]) -> frozenset[RunStatus]:
    """Raise InvalidOptionError for a status of runs that aren't over: they stay anyhow."""
    if keep - TERMINAL:
        raise InvalidOptionError(
            f"runs that are {', '.join(sorted(keep - TERMINAL))} stay anyhow: keep takes {', '.join(sorted(TERMINAL))}"
        )
    return keep


def check_actor(actor: Actor) -> Actor:
    """Raise InvalidOptionError unless the actor has a name that can be stored."""
    if not check_text("the actor's name", actor.name, limit=200).strip():
        raise InvalidOptionError("the actor has no name: every decision and operation says who made it")
    return actor


def check_reason(reason: str) -> str:
    """Raise InvalidOptionError unless the reason can be stored."""
    return check_text("the reason", reason, limit=MAX_REASON)


def check_run_ids(run_ids: Sequence[str]) -> Sequence[str]:
    """Raise InvalidOptionError unless they can be ids of runs."""
    if isinstance(run_ids, str):
        raise InvalidOptionError(f"the runs are one text, {run_ids[:60]!r}: give a list of ids")
    for run_id in run_ids:
        check_text("a run's id", run_id, limit=MAX_NAME, empty=False)
    return run_ids


def check_priority(priority: object) -> int:
    """Raise InvalidOptionError unless it is an int that every store can order."""
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MAX_PRIORITY:
        raise InvalidOptionError(
            f"priority is {shown(priority)}: it must be an int from -{MAX_PRIORITY} to {MAX_PRIORITY}"
        )
    return priority


def check_text(what: str, text: object, *, limit: int, empty: bool = True) -> str:
    """Raise InvalidOptionError unless ``text`` is a str that every store keeps as it is."""
    if not isinstance(text, str):
        raise InvalidOptionError(f"{what} is a {type(text).__name__}: it must be a str")
    if not empty and not text.strip():
        raise InvalidOptionError(f"{what} is blank")
    if len(text) > limit:
        raise InvalidOptionError(f"{what} has {len(text):,} characters; the limit is {limit:,}")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidOptionError(f"{what} holds NUL or a lone surrogate, which no database stores")
    return text


def a_run_id(workflow: str) -> str:
    """``<workflow>-<12 characters>``. The first two of them change about every minute and are the same for all who make
    one then, the others are random: what is submitted together lies together in a store's index of ids, which each
    change of a status goes through."""
    minute = int(time.time() // 64) % 1024
    when = base64.b32encode((minute << 6).to_bytes(2, "big"))[:2].decode().lower()
    return f"{workflow[: MAX_NAME - 13]}-{when}{base64.b32encode(secrets.token_bytes(7))[:10].decode().lower()}"


async def _asked(store: Store, run_id: str, approval_id: int | None) -> Approval | None:
    """The approval a decision is about; None where the store will say what is wrong with that."""
    found = [
        approval
        for approval in await store.approvals_of(run_id)
        if (approval.status is ApprovalStatus.PENDING if approval_id is None else approval.id == approval_id)
    ]
    return found[0] if len(found) == 1 else None


async def _attend(
    store: Store, approval_id: int, attention: Attention, actor: Actor, seconds: float, text: str
) -> Approval:
    return await store.attend(approval_id, attention, check_actor(actor), seconds=seconds, text=text)


async def _decide(store: Store, request: DecisionRequest) -> Approval:
    reach("before decide")
    decided = await store.decide(request)
    reach("after decide")
    return decided


async def _operate(store: Store, run_id: str, operation: Operation, actor: Actor, reason: str) -> Run:
    return await store.operate(run_id, operation, check_actor(actor), check_reason(reason))


async def _ask_pool(store: Store, pool: str, ask: Ask, actor: Actor, reason: str) -> int:
    check_text("the pool", pool, limit=MAX_NAME, empty=False)
    return await store.ask_pool(pool, ask, check_actor(actor), check_reason(reason))
