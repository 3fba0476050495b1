"""One thing done for an operator, and the record of what came of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from sagewai.errors import SagewaiError, StoreUnavailable
from tui.gateway.door import Door
from tui.views import ActionRecord

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

T = TypeVar("T")

_KEPT = 200


class Recorded:
    """Acts on one store, and keeps the log of it. ``shared``: this process executes runs with the console's rights, so
    its decisions count for nothing where a gate asks for several reviewers."""

    def __init__(self, door: Door, *, shared: bool = False) -> None:
        self._door = door
        self._shared = shared
        self.log: deque[ActionRecord] = deque(maxlen=_KEPT)

    def note(self, what: str, outcome: str, *, ok: bool = True, twin: str = "") -> None:
        """Log what was done here without the store: a file written, a worker started. Texts are safe, but for the
        twin."""
        short = self._door.shaper.short
        self.log.append(ActionRecord(self._door.now(), what, outcome, ok, short(twin), is_told=False))

    async def _act(
        self,
        what: str,
        twin: str | Callable[[], str],
        act: Callable[[Store], Awaitable[T]],
        told: Callable[[T], str] = lambda _: "done",
        refused: Callable[[Exception], str] = str,
    ) -> ActionRecord:
        """``told`` says what came of it where it came to something, ``refused`` why it didn't; a ``twin`` that depends
        on what was found is asked for afterwards."""
        ok, outcome = False, f"refused: {self._door.refusal}"
        if not self._door.refusal:
            try:
                outcome = told(await act(await self._door.opened()))
                ok = True
            except StoreUnavailable as error:
                outcome = f"unknown: {self._door.said(error)}; look before you try again"
            except (SagewaiError, OSError) as error:
                outcome = self._door.said(refused(error) or error)
        line = twin if isinstance(twin, str) else twin()
        record = ActionRecord(self._door.now(), what, outcome, ok, self._door.shaper.short(line))
        self.log.append(record)
        return record
