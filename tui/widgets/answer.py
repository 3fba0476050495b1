"""The line in which a prompt's answer is typed: completed, recalled, taken; every key in the order it was pressed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from textual import events
from textual.binding import Binding
from textual.suggester import Suggester
from textual.widgets import Input

from tui.recall import Recall
from tui.text import one_line

Complete = Callable[[str], Sequence[str]]
LookUp = Callable[[str], Awaitable[Sequence[str]]]

_SETTLED = 0.1
"""Seconds without another character after which a look-up is begun."""


class Completion(Suggester):
    """Offers the first completion, and shows what else there is. Where ``complete`` gives none ``look_up`` is asked."""

    def __init__(
        self,
        complete: Complete | None,
        look_up: LookUp | None,
        current: Callable[[], str],
        show: Callable[[Sequence[str]], None],
    ) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete
        self._look_up = look_up
        self._current = current
        self._show = show

    def at_once(self, value: str) -> Sequence[str]:
        """What needs no look-up."""
        return () if self._complete is None else self._complete(value)

    async def get_suggestion(self, value: str) -> str | None:
        found = await self._found(value)
        if self._current() != value:
            return None
        self._show([each.removeprefix(value.rpartition(" ")[0]).strip() for each in found if each != value])
        return next(iter(found), None)

    async def _found(self, value: str) -> Sequence[str]:
        found = self.at_once(value)
        if found or self._look_up is None:
            return found
        self._show(())
        await asyncio.sleep(_SETTLED)
        return await self._look_up(value) if self._current() == value else ()


class Answer(Input):
    """Where an answer is typed. What is pasted arrives without what a terminal would obey."""

    BINDINGS = [Binding("ctrl+c", "leave", show=False)]

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__(id="answer", compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._leave = leave
        self.recall: Recall | None = None

    async def _on_key(self, event: events.Key) -> None:
        """These act here and now: as bindings they would act behind characters that were typed after them."""
        if event.key not in {"enter", "tab", "up", "down", "escape"}:
            return
        event.stop()
        event.prevent_default()
        if event.key == "enter":
            await self.action_submit()
        elif event.key == "tab":
            self._complete()
        elif event.key == "escape":
            self._leave()
        elif self.recall is not None:
            self._put(self.recall.older(self.value) if event.key == "up" else self.recall.newer())

    def _complete(self) -> None:
        completion = self.suggester
        found = completion.at_once(self.value) if isinstance(completion, Completion) else ()
        if found:
            self._put(found[0])
        else:
            self.action_end()
            self.action_cursor_right()  # takes what was looked up

    def _put(self, line: str | None) -> None:
        if line is not None:
            self.value = line
            self.cursor_position = len(line)

    def action_leave(self) -> None:
        self._leave()

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(one_line(" ".join(event.text.split())))
