"""The operator's verbs: the gate, the dead-letter queue, the CLI and the console all call these, none writes by itself.

Each takes an actor and a reason and leaves one event that commits with what it changed. The errors are the store's.
"""

from __future__ import annotations

from sagewai.core.codec import encode
from sagewai.core.failpoints import reach
from sagewai.core.stores.base import Store
from sagewai.core.transitions import Operation
from sagewai.errors import InvalidOptionError
from sagewai.models.actor import Actor
from sagewai.models.approval import Approval, DecisionRequest
from sagewai.models.run import Run
from sagewai.models.session import Session
from sagewai.models.status import Ask, Verdict

MAX_REASON = 4_000
"""Characters of a reason."""

MAX_PRIORITY = 1_000
"""Priorities lie between minus this and this; higher goes first."""


async def approve(
    store: Store,
    run_id: str,
    *,
    actor: Actor,
    reason: str = "",
    approval_id: int | None = None,
    digest: str | None = None,
    payload: object = None,
) -> Approval:
    """Open a gate. Without ``digest`` the decision is recorded as made without seeing the content."""
    return await _decide(
        store,
        DecisionRequest(
            run_id=run_id,
            verdict=Verdict.APPROVE,
            reviewer=check_actor(actor),
            reason=check_reason(reason),
            approval_id=approval_id,
            digest=digest,
            payload=None if payload is None else encode(payload, what="payload", limit=store.payload_limit),
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
) -> Approval:
    """Say no: the run ends as rejected, with reviewer and reason. Needs a reason."""
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
        ),
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


async def drain_worker(store: Store, session: int, *, actor: Actor, reason: str = "") -> Session:
    """Ask a worker to finish what it holds and claim nothing new."""
    return await store.ask_session(session, Ask.DRAIN, check_actor(actor), check_reason(reason))


async def pause_worker(store: Store, session: int, *, actor: Actor, reason: str = "") -> Session:
    """Ask a worker to claim nothing new until it is resumed."""
    return await store.ask_session(session, Ask.PAUSE, check_actor(actor), check_reason(reason))


async def resume_worker(store: Store, session: int, *, actor: Actor, reason: str = "") -> Session:
    """Ask a paused worker to claim again."""
    return await store.ask_session(session, Ask.RESUME, check_actor(actor), check_reason(reason))


def check_actor(actor: Actor) -> Actor:
    """Raise InvalidOptionError unless the actor has a name that can be stored."""
    if not actor.name.strip():
        raise InvalidOptionError("the actor has no name: every decision and operation says who made it")
    check_text("the actor's name", actor.name, limit=200)
    return actor


def check_reason(reason: str) -> str:
    """Raise InvalidOptionError unless the reason can be stored."""
    return check_text("the reason", reason, limit=MAX_REASON)


def check_priority(priority: object) -> int:
    """Raise InvalidOptionError unless it is an int that every store can order."""
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MAX_PRIORITY:
        raise InvalidOptionError(
            f"priority is {priority!r}: it must be an int from -{MAX_PRIORITY} to {MAX_PRIORITY}"
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


async def _decide(store: Store, request: DecisionRequest) -> Approval:
    reach("before decide")
    decided = await store.decide(request)
    reach("after decide")
    return decided


async def _operate(store: Store, run_id: str, operation: Operation, actor: Actor, reason: str) -> Run:
    return await store.operate(run_id, operation, check_actor(actor), check_reason(reason))
