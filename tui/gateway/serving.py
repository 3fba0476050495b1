"""Who does the work: workers as they are listed, the runs that each holds, and the sessions of this console's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sagewai.models.page import MAX_PAGE, RunQuery
from sagewai.models.session import Session
from sagewai.models.status import RunStatus
from tui.gateway.door import Door
from tui.gateway.here import Here
from tui.views import RunRow, WorkerRow

_PAGES = 2
"""Pages of MAX_PAGE running runs that are looked through for those of one worker."""


class Serving:
    """Reads about workers. Raises Unreachable while the database doesn't answer."""

    def __init__(self, door: Door, here: Here) -> None:
        self._door = door
        self._here = here
        self._sessions: Mapping[int, Session] = {}

    async def workers(self) -> tuple[WorkerRow, ...]:
        """Sessions, live ones first; one statement."""
        sessions = await self._door.read(lambda store: store.list_sessions())
        self._sessions = {session.id: session for session in sessions}
        now = self._door.now()
        return tuple(self._door.shaper.worker(session, now) for session in sessions)

    async def held_by(self, session: int) -> tuple[RunRow, ...]:
        """The running runs of a worker that :meth:`workers` listed, newest first; of the newest 2,000 of its pool."""
        holder = self._sessions.get(session)
        if holder is None:
            return ()
        pool = holder.pool if holder.kind == "worker" else None
        now, cursor, found = self._door.now(), None, []
        for _ in range(_PAGES):
            query = RunQuery(status=frozenset({RunStatus.RUNNING}), pool=pool, cursor=cursor, limit=MAX_PAGE)
            page = await self._door.read(lambda store, query=query: store.list_runs(query))  # type: ignore[misc]
            found += [self._door.shaper.run(run, now) for run in page if run.worker == holder.name]
            cursor = page.next_cursor
            if cursor is None or len(found) >= holder.running:
                break
        return tuple(found)

    async def sessions_here(self, pids: Collection[int]) -> dict[int, int]:
        """The live workers among these processes of this machine: their sessions by pid; one statement."""
        from sagewai.core.worker.process import this_process

        sessions = await self._door.read(lambda store: store.list_sessions(live_only=True))
        self._here.seen = sessions
        here = this_process()
        return {
            session.process.pid: session.id
            for session in sorted(sessions, key=lambda session: session.id)
            if session.kind == "worker"
            and session.process.pid in pids
            and (session.process.host, session.process.boot_id, session.process.pid_namespace)
            == (here.host, here.boot_id, here.pid_namespace)
        }
