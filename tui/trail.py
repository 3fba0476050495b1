"""Where the operator has been: places to go back to, and forward again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.views import Ref

_KEPT = 50
"""Places that are remembered each way."""


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, and the run that was open on it."""

    mode: str
    run: Ref | None = None


class Trail:
    """The way that led here. Going somewhere new forgets what lay ahead, as a browser does."""

    def __init__(self) -> None:
        self._behind: list[Place] = []
        self._ahead: list[Place] = []

    @property
    def before(self) -> Place | None:
        """Where one came from."""
        return self._behind[-1] if self._behind else None

    def go(self, here: Place, there: Place) -> None:
        """Leave ``here`` for a new place."""
        if here != there:
            self._behind = [*self._behind, here][-_KEPT:]
            self._ahead.clear()

    def back(self, here: Place) -> Place | None:
        """The place before; None at the beginning."""
        if not self._behind:
            return None
        self._ahead = [*self._ahead, here][-_KEPT:]
        return self._behind.pop()

    def forward(self, here: Place) -> Place | None:
        """The place one came back from; None where nothing lies ahead."""
        if not self._ahead:
            return None
        self._behind = [*self._behind, here][-_KEPT:]
        return self._ahead.pop()
