"""The verbs on workers and pools."""

from __future__ import annotations

from sagewai.core.commands.checks import MAX_NAME, check_actor, check_reason, check_text
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.session import Session
from sagewai.models.status import Ask


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


async def _ask_pool(store: Store, pool: str, ask: Ask, actor: Actor, reason: str) -> int:
    check_text("the pool", pool, limit=MAX_NAME, empty=False)
    return await store.ask_pool(pool, ask, check_actor(actor), check_reason(reason))
