"""WorkerLoadBalancer: prefers the least loaded worker for a run, for a few seconds; nothing strands when it dies."""

from __future__ import annotations

from collections.abc import Mapping

from sagewai.core.actors import as_actor
from sagewai.core.retry import check_number
from sagewai.core.serving import is_claiming, takers
from sagewai.core.stores.base import Store
from sagewai.models.actor import Actor
from sagewai.models.run import LabelValue
from sagewai.models.session import Session


class WorkerLoadBalancer:
    """``prefer_for`` seconds an assigned run is visible to its worker alone, then to every match again."""

    def __init__(self, store: Store, *, prefer_for: float = 5.0) -> None:
        self.store = store
        self.prefer_for = check_number("prefer_for", prefer_for, low=0.1, high=300.0)

    async def loads(self) -> dict[str, float]:
        """Load of every live worker by name: runs held and assigned, over what it can hold."""
        sessions = await self.store.list_sessions(live_only=True)
        return {session.name: load(session) for session in sessions if is_claiming(session)}

    async def select_worker(
        self,
        workflow: str,
        *,
        pool: str = "default",
        labels: Mapping[str, LabelValue] | None = None,
        version: str = "",
    ) -> Session | None:
        """The live worker with the lowest load that has the pool, the labels and the code (of that version, where one
        is given); None without one."""
        sessions = await self.store.list_sessions(live_only=True)
        matching = takers(sessions, pool=pool, workflow=workflow, labels=labels, version=version)
        return min(matching, key=lambda worker: (load(worker), worker.id), default=None)

    async def assign(self, run_id: str, *, actor: Actor | str | None = None) -> Session | None:
        """Show a pending run to the least loaded matching worker first. Gives that worker; None when the run isn't
        pending any more, or nobody matches. Raises RunNotFound."""
        run = await self.store.get_run(run_id)
        worker = await self.select_worker(run.workflow, pool=run.pool, labels=run.labels, version=run.version)
        if worker is None:
            return None
        done = await self.store.assign(run_id, worker.id, self.prefer_for, as_actor(actor))
        return worker if done else None


def load(worker: Session) -> float:
    """Runs held and assigned, over what the worker can hold."""
    return (worker.running + worker.assigned) / max(1, worker.max_concurrent)
