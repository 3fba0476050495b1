"""Runs that are held here: which of this console's own workers gets one first when it is let go, or why none does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sagewai.models.run import Run
from sagewai.models.session import Session
from sagewai.models.status import SessionStatus
from tui.gateway.shape import Shaper
from tui.views import Ref, Taker

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store


class Here:
    """Kept by this console alone, so a run that is held here goes to anybody when somebody else lets it go. ``ours``
    gives the sessions of its workers that take up runs now, with their names; ``seen`` are the last ones read."""

    def __init__(self, shaper: Shaper) -> None:
        self.ours: Callable[[], Mapping[int, str]] = dict
        self.seen: Sequence[Session] = ()
        self._shaper = shaper
        self._runs: frozenset[str] = frozenset()

    def has(self, run: Ref) -> bool:
        return run.raw in self._runs

    def add(self, run: Ref) -> None:
        self._runs |= {run.raw}

    def drop(self, run: Ref) -> None:
        self._runs -= {run.raw}

    def about(self, run: Run) -> Taker | None:
        """Who gets a run that is held here, by what was read last; None for any other."""
        return taker(run, self.seen, self.ours(), self._shaper) if run.run_id in self._runs else None

    async def taker(self, store: Store, run: Ref) -> Taker:
        """Who gets a run if it is let go now; no worker of this console may be alive."""
        ours = self.ours()
        self.seen = await store.list_sessions(live_only=True) if ours else ()
        return taker(await store.get_run(run.raw), self.seen, ours, self._shaper)


def taker(run: Run, sessions: Sequence[Session], ours: Mapping[int, str], shaper: Shaper) -> Taker:
    """The least loaded of our workers that can take the run. Pure."""
    from sagewai.core.balancer import load
    from sagewai.core.serving import takers

    here = [session for session in sessions if session.id in ours]
    able = takers(here, pool=run.pool, workflow=run.workflow, labels=run.labels, version=run.version)
    if able:
        first = min(able, key=lambda session: (load(session), session.id))
        return Taker(first.id, shaper.short(ours[first.id]))
    if not here:
        return Taker(None, why="none runs here")
    name = shaper.short(ours[here[0].id])
    return Taker(None, why=f"{name} {_unfit(run, here[0], shaper)}")


def _unfit(run: Run, worker: Session, shaper: Shaper) -> str:
    if worker.status is not SessionStatus.ACTIVE:
        return f"is {worker.status}"
    if worker.pool != run.pool:
        return f"serves pool {shaper.short(worker.pool)}"
    if run.workflow not in worker.workflows:
        return f"has no {shaper.short(run.workflow)}"
    if run.version and worker.versions.get(run.workflow, run.version) != run.version:
        return f"has another version of {shaper.short(run.workflow)}"
    return "lacks its labels"
