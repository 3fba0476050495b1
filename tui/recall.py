"""What was typed into a line before, up and down through it, as long as the console runs. Pure."""

from __future__ import annotations

_KEPT = 200
"""Lines that are remembered."""


class Recall:
    """The lines of one prompt, oldest first. What is being typed waits behind the newest one."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at = 0
        self._draft = ""

    def add(self, line: str) -> None:
        """Remember a line that was taken; the same one again moves to the end."""
        if line:
            self._lines = [*(old for old in self._lines if old != line), line][-_KEPT:]
        self.begin()

    def begin(self) -> None:
        """Stand behind the newest line."""
        self._at, self._draft = len(self._lines), ""

    def older(self, typed: str) -> str | None:
        """The line before the one that is shown; None at the oldest."""
        if self._at == len(self._lines):
            self._draft = typed
        if self._at == 0:
            return None
        self._at -= 1
        return self._lines[self._at]

    def newer(self) -> str | None:
        """The line after it, at last what had been typed; None behind that."""
        if self._at == len(self._lines):
            return None
        self._at += 1
        return self._lines[self._at] if self._at < len(self._lines) else self._draft
