"""What the console asks of a demo: a hint for newcomers, life, and a worker to kill."""

from __future__ import annotations

from typing import Protocol

from tui.keymap import Keymap


class DemoHooks(Protocol):
    """Behind ``--demo``. Everything happens on the console's event loop."""

    def hint(self, keys: Keymap) -> str:
        """One line for a newcomer, shown until the first decision; it names these keys."""
        ...

    async def start(self) -> None:
        """Begin; called after the first frame."""
        ...

    async def stop(self) -> None:
        """End everything that was begun; called before the terminal is given back."""
        ...

    async def kill_worker(self) -> str:
        """Kill the demo's worker process with -9; gives what to say about it."""
        ...
