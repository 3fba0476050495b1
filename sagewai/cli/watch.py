"""Follows one run until it rests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sagewai.cli import words
from sagewai.cli.output import emit, emit_json, line_width
from sagewai.cli.safe import block, visible
from sagewai.cli.shape import plain
from sagewai.models.run import Run, RunOutcome
from sagewai.models.status import TERMINAL, RunStatus, WaitReason

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

LOOK_EVERY = 0.25
"""Seconds between looks where the store gives no hint; what comes and goes in between is on the timeline."""


async def follow(store: Store, run_id: str, *, to_end: bool, as_json: bool) -> Run:
    """Print the run whenever it has changed; gives it as it rests. Raises RunNotFound."""
    before: Run | None = None
    while True:
        run = await store.get_run(run_id)
        if run != before:
            if as_json:
                emit_json(plain(run))
            elif before is None or line(run) != line(before):
                emit([line(run)])
            before = run
        if run.status in TERMINAL or (not to_end and rests(run)):
            if not as_json:
                emit(ending(run, await store.get_outcome(run_id)))
            return run
        await store.wait("done", LOOK_EVERY)


def rests(run: Run) -> bool:
    """Whether it goes on only when somebody does something. A timer wakes by itself."""
    if run.status is RunStatus.WAITING:
        return run.wait is not WaitReason.TIMER
    return run.status in TERMINAL or run.status is RunStatus.PAUSED


def line(run: Run) -> str:
    """When it became so, its status, where it stands, who holds it."""
    at = max(run.changed_at, run.step_started_at or run.changed_at)
    parts = [words.clock(at), f"{words.status(run):<16}", visible(words.step(run)), f"try {words.tries(run)}"]
    if run.worker is not None:
        parts.append(visible(run.worker))
    return "  ".join(parts)


def ending(run: Run, outcome: RunOutcome) -> Iterator[str]:
    """How it rests, and what to do about it."""
    if outcome.error is not None:
        yield "failed; `sagewai runs retry` goes on from here"
        yield from block(words.error(outcome.error), line_width())
    elif run.status in TERMINAL and outcome.by:
        yield f"{run.status} by {visible(outcome.by)}"
        yield from block(outcome.reason, line_width())
    elif run.wait is WaitReason.APPROVAL:
        yield "waits for a person: `sagewai approvals show` has what is asked"
    elif run.wait is WaitReason.SIGNAL:
        yield "waits for a signal: `sagewai runs signals` has its name, `runs signal` sends it"
    else:
        yield str(run.status)
