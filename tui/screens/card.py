"""A screen with the card of one approval on it: which one that is, whether it can be decided, and how it is read."""

from __future__ import annotations

from abc import abstractmethod

from textual.widget import Widget

from tui import pager
from tui.format import Cell, Role, plural
from tui.screens.base import ConsoleScreen
from tui.screens.sheet import Reader
from tui.views import Card
from tui.widgets.card import CardView


class CardScreen(ConsoleScreen):
    """The card stays with the approval it was opened for, whatever a list does; only a key opens another."""

    def __init__(self) -> None:
        super().__init__()
        self.view = CardView()
        self._wanted: int | None = None
        self._copied: object = None

    @abstractmethod
    def beside(self) -> Widget:
        """What has the keys while the card doesn't."""

    def close_card(self, card: Card) -> None:
        """This card is done with: let the next one come."""
        if self._wanted == card.key:
            self._wanted = None
            self.view.clear()

    def not_yet(self) -> str:
        """Why the card in front can't be decided, '' if it can."""
        card = self.opened
        if card is None:
            return "its content is not on screen yet"
        if not card.decidable:
            return "this can't be decided any more: see its state"
        enter = self.console.habits.keymap.of("read", "enter")
        if not self.view.begun:
            return f"its content is not on screen: scroll down to it, {enter} gives it the whole height"
        if card.read_to_end and (left := self.view.left):
            return (
                f"its gate asks to read to the end first: {plural(left, 'line')} left ({enter}, then space)"
            )
        return ""

    @property
    def opened(self) -> Card | None:
        """The card in front, if it is that of the approval that was asked for last."""
        card = self.view.card
        return card if card is not None and card.key == self._wanted else None

    def on_scrolled_turned(self) -> None:
        """The line of keys says how much is left to read."""
        self.draw_frame()

    # -- reading ------------------------------------------------------------------------------------------------------

    def action_read(self) -> None:
        """Give the card the whole height, or take it back."""
        reading = not self.has_class("-reading")
        self.set_class(reading, "-reading")
        self.set_focus(self.view.pane if reading else self.beside())

    def action_turn(self) -> None:
        self.view.turn()

    def action_compare(self) -> None:
        if self.view.card is not None and self.view.card.compared:
            self.view.compare()
        else:
            self.prompt.say(Cell(" nothing to compare it with: it was asked once, and not edited", Role.DIM))

    def action_open_run(self) -> None:
        if self.view.card is not None:
            self.console.open_run(self.view.card.run)

    def action_pager(self) -> None:
        card = self.view.card
        if card is None:
            return
        title, lines = card.run.text, self.view.pane.lines

        async def read() -> None:
            if not await pager.page(self.console, title, lines):
                self.app.push_screen(Reader(title, lines))

        self.run_worker(read(), group="pager", exclusive=False)

    def action_copy(self) -> None:
        """The id, and of the same card once more the digest."""
        card = self.view.card
        if card is not None:
            again = self._copied == (card.key, card.digest)
            self._copied = None if again else (card.key, card.digest)
            self.prompt.say(self.console.copy(card.digest if again else card.run))
