"""What an operator can do, each pinned to an id.

A verb never raises for what a store may say: it gives a record of what came of it, which also goes into the action log
beside its headless twin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sagewai.models.bulk import BulkJob
from sagewai.models.status import RunStatus
from tui import progress
from tui.gateway import twins
from tui.gateway.bulk import BulkPlan
from tui.gateway.deciding import Deciding
from tui.gateway.door import Door
from tui.gateway.forks import ForkPlan
from tui.gateway.here import Here
from tui.views import ActionRecord, Ref, Taker

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store


class Verbs(Deciding):
    """The operator's verbs on one store."""

    def __init__(self, door: Door, here: Here, *, shared: bool = False) -> None:
        super().__init__(door, shared=shared)
        self._here = here

    async def operate(self, verb: twins.RunVerb, run: Ref, reason: str = "") -> ActionRecord:
        """Cancel, pause, resume, retry or discard one run. One that is held here is resumed here."""
        from sagewai.core import commands

        if verb == "resume" and self._here.has(run):
            return await self._resume_here(run, reason)

        command = {
            "cancel": commands.cancel,
            "pause": commands.pause,
            "resume": commands.resume,
            "retry": commands.retry,
            "discard": commands.discard,
        }[verb]
        return await self._act(
            f"{verb} {run}",
            twins.operate(verb, run.raw, reason),
            lambda store: command(store, run.raw, actor=self._door.actor, reason=reason),
        )

    async def fork(self, plan: ForkPlan, reason: str) -> ActionRecord:
        """Start the run that ``plan`` shows; the same plan again changes nothing."""
        from sagewai.core import commands

        return await self._act(
            f"fork {plan.run} as {plan.new}",
            twins.fork(plan.run.raw, plan.new.raw, plan.from_step, plan.edited, reason),
            lambda store: commands.fork(
                store,
                plan.run.raw,
                actor=self._door.actor,
                reason=reason,
                from_step=plan.from_step,
                input=plan.values,
                new_run_id=plan.new.raw,
            ),
        )

    async def signal(self, run: Ref, name: str, payload: object, text: str) -> ActionRecord:
        """Send a signal; ``text`` is the JSON that ``payload`` was written as."""
        from sagewai.core import commands

        return await self._act(
            f"signal {self._door.shaper.short(name)} to {run}",
            twins.signal(run.raw, name, text),
            lambda store: commands.signal(store, run.raw, name, payload, actor=self._door.actor),
        )

    async def hold(self, run: Ref) -> ActionRecord:
        """Pause a run before its next step, and keep it for this console's workers."""
        from sagewai.core import commands

        async def act(store: Store) -> Taker:
            await commands.pause(store, run.raw, actor=self._door.actor)
            self._here.add(run)
            return await self._here.taker(store, run)

        twin = twins.operate("pause", run.raw)
        return await self._act(f"hold {run} here", twin, act, lambda taker: f"then {goes_to(taker)}")

    async def step(self, run: Ref) -> ActionRecord:
        """Let a held run go one step further, on a worker of this console where one can take it; from now on it is held
        here."""
        from sagewai.core import commands

        taker = Taker(None)

        async def act(store: Store) -> Taker:
            nonlocal taker
            taker = await self._here.taker(store, run)
            await commands.step(store, run.raw, actor=self._door.actor, worker=taker.session)
            self._here.add(run)
            return taker

        return await self._act(f"step {run}", lambda: twins.step(run.raw, taker.name), act, goes_to)

    async def _resume_here(self, run: Ref, reason: str) -> ActionRecord:
        from sagewai.core import commands

        taker = Taker(None)

        async def act(store: Store) -> str:
            nonlocal taker
            taker = await self._here.taker(store, run)
            by = self._door.actor
            resumed = await commands.resume(store, run.raw, actor=by, reason=reason, worker=taker.session)
            self._here.drop(run)
            return goes_to(taker) if resumed.status is RunStatus.PENDING else "it goes on where it runs"

        def twin() -> str:
            return twins.operate("resume", run.raw, reason, taker.name)

        return await self._act(f"resume {run}", twin, act, str)

    async def ask_worker(self, verb: twins.WorkerVerb, session: int, name: Ref) -> ActionRecord:
        """Ask one worker to drain, pause or resume."""
        from sagewai.core import commands

        command = {
            "drain": commands.drain_worker,
            "pause": commands.pause_worker,
            "resume": commands.resume_worker,
        }[verb]
        return await self._act(
            f"{verb} worker {name}",
            twins.worker(verb, name.raw),
            lambda store: command(store, session, actor=self._door.actor),
        )

    async def ask_pool(self, verb: twins.WorkerVerb, pool: Ref) -> ActionRecord:
        """Pause or resume a whole pool, or drain every worker of it."""
        from sagewai.core import commands

        command = {
            "drain": commands.drain_pool,
            "pause": commands.pause_pool,
            "resume": commands.resume_pool,
        }[verb]
        return await self._act(
            f"{verb} pool {pool}",
            twins.pool(verb, pool.raw),
            lambda store: command(store, pool.raw, actor=self._door.actor),
        )

    async def start_bulk(self, plan: BulkPlan, begun: Callable[[BulkJob, str], None]) -> ActionRecord:
        """Begin the job that ``plan`` shows, about exactly those runs; ``begun`` hears of it and of its twin."""
        from sagewai.core import commands

        def told(job: BulkJob) -> str:
            begun(job, self._door.shaper.short(plan.twin))
            return f"bulk job {job.id} has begun"

        return await self._act(
            plan.what,
            plan.twin,
            lambda store: commands.start_bulk(store, plan.verb, plan.run_ids, actor=self._door.actor),
            told,
        )

    async def stop_bulk(self, job: int) -> ActionRecord:
        """Leave alone what a job hasn't come to yet."""
        from sagewai.core import commands

        return await self._act(
            f"stop bulk job {job}",
            twins.stop_bulk(job),
            lambda store: commands.stop_bulk(store, job, actor=self._door.actor),
            lambda stopped: progress.ending(stopped).text,
        )

    def executes(self) -> None:
        """From now on this process, or one that it started, executes runs with the console's own rights."""
        self._shared = True


def goes_to(taker: Taker) -> str:
    """Who gets a run that is let go."""
    if taker.session is None:
        return f"any worker takes it: {taker.why}"
    return f"{taker.name} first, after 30 s any other"
