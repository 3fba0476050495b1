"""The session of a script: one per store and event loop, opened by the first wf.run and closed with the loop."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Generator

from sagewai.core.stores.base import Store
from sagewai.core.worker.host import Host


def script_host(store: Store) -> Host:
    """The host through which this event loop executes runs of ``store``. When the loop ends (``asyncio.run`` cancels
    its tasks) the session is closed, and what the loop opened with it."""
    return store.companion(_open)


def _open(store: Store) -> Host:
    host = Host(store, name=_name(), kind="script", max_concurrent=1_000_000)
    closing = _close_with_loop(host)
    closing.send(None)  # it has begun: a task that is cancelled before it begins would skip its finally
    keeper = asyncio.get_running_loop().create_task(closing, name="sagewai script session")
    host.keeper = keeper  # a loop holds its tasks weakly
    return host


class _Begun:
    """Gives way once, to nothing in particular."""

    def __await__(self) -> Generator[None, None, None]:
        yield


async def _close_with_loop(host: Host) -> None:
    try:
        await _Begun()
        await asyncio.get_running_loop().create_future()
    finally:
        host.store.dismiss(_open)  # who goes on in this loop all the same gets a host of its own
        await host.close()
        await host.store.close()


def _name() -> str:
    program = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "python"
    return f"{program}@{socket.gethostname()}-{os.getpid()}"[:200]
