"""The card of one approval: what is known of it, its content or what changed in it, and how far that has been read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.format import UNICODE, Cell, Glyphs, Role, number
from tui.keymap import keymap_of
from tui.payload import Line
from tui.views import Card, Draft, Ref
from tui.widgets.bar import Bar
from tui.widgets.pane import Pane

Face = Literal["whole", "plain", "difference"]


class CardView(Vertical):
    """Shows one card at a time, and remembers which contents were read to their end. An edit is shown in its place."""

    def __init__(self) -> None:
        super().__init__(id="card")
        self._heading = Bar(id="card-title")
        self.pane = Pane(id="card-content")
        self.card: Card | None = None
        self.draft: Draft | None = None
        self._face: Face = "whole"
        self._span = (0, 0)
        self._ends = 0
        self._begun: set[tuple[int, Ref]] = set()
        self._read: set[tuple[int, Ref]] = set()

    def compose(self) -> ComposeResult:
        yield self._heading
        yield self.pane

    def on_mount(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Show none."""
        self.card = self.draft = None
        self._heading.show([Cell(" nothing is open", Role.DIM)])
        self.pane.show(())

    def show(self, card: Card, draft: Draft | None) -> None:
        """Draw a card; the place in it is kept while it is the same content."""
        same = self.card is not None and (self.card.key, self.card.digest) == (card.key, card.digest)
        same_draft = draft is self.draft
        self._note()
        self.card, self.draft = card, draft
        if not same:
            self._face = "whole"
        self._draw(keep_place=same and same_draft)

    def turn(self) -> None:
        """The content as it is made, where it is shown as a table; and back."""
        self._wear("whole" if self._face == "plain" else "plain")

    def compare(self, wanted: bool | None = None) -> None:
        """What changed, in place of the content; and back."""
        wanted = self._face != "difference" if wanted is None else wanted
        self._wear("difference" if wanted else "whole")

    @property
    def compares(self) -> bool:
        return self._face == "difference"

    @property
    def begun(self) -> bool:
        """Whether some of the content has been on screen."""
        self._note()
        return self.card is not None and (self.card.key, self.card.digest) in self._begun

    @property
    def left(self) -> int:
        """Lines of the content that haven't been on screen yet."""
        self._note()
        card = self.card
        if card is None or (card.key, card.digest) in self._read:
            return 0
        first, last = self._span
        return last - max(first, self.pane.reached) if self._shows_content else len(card.content)

    @property
    def _shows_content(self) -> bool:
        return self.draft is None and self._face != "difference"

    def _note(self) -> None:
        """Remember how far the content has been read: what is shown next may be something else."""
        if self.card is None or not self._shows_content:
            return
        first, last = self._span
        if self.pane.touched > first:
            self._begun.add((self.card.key, self.card.digest))
        if self.pane.reached >= last > first:
            self._read.add((self.card.key, self.card.digest))

    def _wear(self, face: Face) -> None:
        self._note()
        self._face = face
        if self.card is not None:
            self._draw(keep_place=False)

    def _draw(self, *, keep_place: bool) -> None:
        card = self.card
        if card is None:
            return
        glyphs: Glyphs = getattr(self.app, "glyphs", UNICODE)
        keys = keymap_of(self.app)
        if self.draft is not None:
            approve, edit = keys.of("approve", "a"), keys.of("edit", "e")
            what = f"your edit: {approve} approves it as it stands here, {edit} goes on, esc drops it"
            lines = [Line(what, Role.ACCENT, " ")]
            lines += [Line(), *_indented(self.draft.difference)]
        elif self.compares:
            lines = [Line(card.compared, Role.ACCENT, " changed: ", " " * 10), Line()]
            lines += [*_indented(card.difference)]
            whole = f"{keys.of('compare', 'd')} shows the whole content"
            lines += [Line(), Line(whole, Role.DIM, " ")]
        else:
            lines = self._whole(card, glyphs)
        self._ends = self._span[1] if self._shows_content else len(lines)
        self.pane.show(lines, keep_place=keep_place)
        self._head(card)

    def on_scrolled_turned(self) -> None:
        if self.card is not None:
            self._head(self.card)

    def _head(self, card: Card) -> None:
        """What it is about, and how much of its content or of what changed is yet to be scrolled to."""
        below = self.pane.below(self._ends)
        more = [Cell(f"{number(below)} more below ", Role.WAITING)] if below else []
        self._heading.show([Cell(" "), *[cell for part in card.title for cell in (part, Cell("  "))]], more)

    def _whole(self, card: Card, glyphs: Glyphs) -> list[Line]:
        lines = [
            Line(fact.value.text, fact.value.role, f" {fact.name:>8}  ", " " * 11) for fact in card.facts
        ]
        lines.append(Line())
        content = card.plain if self._face == "plain" else card.content
        self._span = (len(lines), len(lines) + len(content))
        lines += _indented(content)
        if card.before:
            lines += [Line(), Line("what happened before", Role.DIM, head=f" {glyphs.rule * 2} ")]
            lines += _indented(card.before)
        return lines


def _indented(lines: Iterable[Line]) -> Iterable[Line]:
    return (Line(line.text, line.role, f" {line.head}", f" {line.hang}", line.marks) for line in lines)
