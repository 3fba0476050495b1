"""Who does the work: workers as they are listed, the runs that each holds, and the sessions of this console's own."""

from __future__ import annotations

from collections.abc import Collection

from tui.gateway.door import Door
from tui.gateway.here import Here
from tui.views import RunRow, WorkerRow

HELD_AT_ONCE = 100
"""Runs of a worker that are listed."""


class Serving:
    """Reads about workers. Raises Unreachable while the database doesn't answer."""

    def __init__(self, door: Door, here: Here) -> None:
        self._door = door
        self._here = here

    async def workers(self) -> tuple[WorkerRow, ...]:
        """Sessions, live ones first; one statement."""
        sessions = await self._door.read(lambda store: store.list_sessions())
        now = self._door.now()
        return tuple(self._door.shaper.worker(session, now) for session in sessions)

    async def held_by(self, session: int) -> tuple[RunRow, ...]:
        """The newest runs that a worker holds; one statement."""
        held = await self._door.read(lambda store: store.held_by(session, HELD_AT_ONCE))
        now = self._door.now()
        return tuple(self._door.shaper.run(run, now) for run in held)

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
