"""What a screen may ask of the console around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Literal, Protocol

from tui.format import Cell, Glyphs
from tui.gateway import Door
from tui.habits import Habits
from tui.outside import Lender
from tui.recall import Recall

if TYPE_CHECKING:
    from tui.gateway import Gateway
    from tui.local.locals import Locals
    from tui.views import ActionRecord, Ref

Mode = Literal["runs", "run", "approvals", "workers", "dlq", "overview"]

MODES: tuple[Mode, ...] = ("runs", "run", "approvals", "workers", "dlq", "overview")
"""Keys 1 to 6."""


class Console(Lender, Protocol):
    """The app, as screens see it."""

    connected: asyncio.Event
    """Set once the store is read: what draws the first frame asks nothing that needs more than ``door``."""
    door: Door
    glyphs: Glyphs
    habits: Habits
    """What its operator is used to."""
    hint: str
    """A line for newcomers (the demo's), '' otherwise."""
    locals: Locals
    """The workers that this console carries or supervises."""
    resting: bool
    """Whether the operator asked for a still picture."""

    @property
    def gateway(self) -> Gateway:
        """What reads and acts."""
        ...

    @property
    def looks(self) -> bool:
        """Whether the screen in front reads the store: its picture isn't to be still, and the terminal is in front."""
        ...

    def unlock(self, name: str) -> bool:
        """Show what the lock covers; with the operator's name it can be acted on again. False for another's name."""
        ...

    def local_worker(self) -> Cell | None:
        """How the local workers do; None without any."""
        ...

    def start_local(self, line: str, at: int | None = None) -> Cell:
        """Start the local workers that a line asks for; gives what to say about it. ``at``: the number of the local
        worker under the cursor."""
        ...

    def more_local(self, at: int | None) -> Cell:
        """One more local worker like the one with this number, or that one again; gives what to say about it."""
        ...

    def go(self, mode: Mode) -> Awaitable[None]:
        """Show a screen; ``back`` returns to the one before."""
        ...

    def back(self) -> None:
        """Return to the screen before, if any."""
        ...

    def open_run(self, run: Ref) -> None:
        """Show one run."""
        ...

    def open_approval(self, run: Ref) -> None:
        """Show the card of what the run waits for."""
        ...

    def open_error(self, error_type: Ref) -> None:
        """List the dead letters of one error type."""
        ...

    def report(self, record: ActionRecord) -> None:
        """Say what came of an action on the screen in front."""
        ...

    def copy(self, ref: Ref) -> Cell:
        """Put an id on the clipboard; gives what to say about it."""
        ...

    def recall(self, line: str) -> Recall:
        """What was typed into a line before."""
        ...

    @property
    def came_from(self) -> str:
        """The screen from which this one was reached."""
        ...

    @property
    def open_run_ref(self) -> Ref | None:
        """The run that the Run screen shows."""
        ...

    def take_wanted_approval(self) -> int | None:
        """The approval that the Approvals screen was opened for; given once."""
        ...
