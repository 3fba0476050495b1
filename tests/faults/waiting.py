"""Waiting for the end of a fault's consequences: I7, and the end of runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from sagewai.core.labels import encode_labels
from sagewai.core.stores.base import Store
from sagewai.errors import StoreUnavailable
from sagewai.models.run import Run
from sagewai.models.session import Session
from sagewai.models.status import TERMINAL, RunStatus, SessionStatus, WaitReason
from tests.faults.evidence import all_runs

OVERDUE = timedelta(seconds=3)
"""How long after its time a timer may still wait for a sweep."""


async def settled(store: Store, *, within: float) -> list[str]:
    """I7: what is still stuck ``within`` seconds from now (two leases and five seconds); nothing, if all is well."""
    return [f"I7: {problem}" for problem in await _until_none(lambda: stuck(store), within)]


async def all_over(store: Store, runs: Sequence[str], *, within: float) -> list[str]:
    """Which of these runs aren't terminal ``within`` seconds from now."""
    wanted = set(runs)

    async def moving() -> list[str]:
        found = {run.run_id: run for run in await all_runs(store)}
        return [
            f"run {each} isn't over: {found[each].status if each in found else 'lost'}"
            for each in wanted
            if each not in found or found[each].status not in TERMINAL
        ]

    return await _until_none(moving, within)


async def stuck(store: Store) -> list[str]:
    """Runs that are neither terminal, nor waiting, nor paused, nor held by a live worker, nor pending without one that
    matches and has room."""
    sessions = {session.id: session for session in await store.list_sessions(live_only=True)}
    now = await store.now()
    problems = []
    for run in await all_runs(store):
        told = f"run {run.run_id} ({run.step})"
        if run.status is RunStatus.RUNNING and run.session not in sessions:
            problems.append(f"{told} is held by {run.worker}, which doesn't live")
        elif run.status is RunStatus.PENDING and any(_could_take(each, run) for each in sessions.values()):
            problems.append(f"{told} is pending beside a live worker")
        elif run.status is RunStatus.WAITING and run.due_at is not None and run.due_at + OVERDUE < now:
            problems.append(f"{told} waits for {run.due_at}, which is over")
        elif run.wait is WaitReason.APPROVAL and not await _asks(store, run):
            problems.append(f"{told} waits for an approval, and none is pending")
    return problems


def _could_take(session: Session, run: Run) -> bool:
    return (
        session.kind == "worker"
        and session.status is SessionStatus.ACTIVE
        and session.running < session.max_concurrent
        and session.pool == run.pool
        and run.workflow in session.workflows
        and set(encode_labels(run.labels).items()) <= set(encode_labels(session.labels).items())
    )


async def _asks(store: Store, run: Run) -> bool:
    return any(approval.status == "pending" for approval in await store.approvals_of(run.run_id))


async def _until_none(problems: Callable[[], Awaitable[list[str]]], within: float) -> list[str]:
    """What is left of the problems when the time is over; a store that doesn't answer is one."""
    deadline = time.monotonic() + within
    while True:
        try:
            left = await problems()
        except StoreUnavailable as error:
            left = [f"the store doesn't answer: {error}"]
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.1)
