"""Drawing safe text by line: roles become styles, cells become strips, and only lines that changed are drawn again."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.format import UNICODE, Cell, Glyphs, Role
from tui.text import cut, width
from tui.theme import PALETTES, Palette


@lru_cache(maxsize=512)
def parsed(definition: str) -> Style:
    """A Rich style."""
    return Style.parse(definition)


def differing(before: Strip, after: Strip) -> tuple[int, int]:
    """The columns, from and up to, between which two lines of one length look different: what is written to a terminal
    is what is drawn again, so no more of a line is than that."""
    old, new = _columns(before), _columns(after)
    if len(old) != len(new):
        return 0, len(new)
    found = [at for at, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
    if not found:
        return 0, 0
    first, end = found[0], found[-1] + 1
    while end < len(new) and not (old[end][0] and new[end][0]):  # the right half of a wide character
        end += 1
    return first, end


def _columns(strip: Strip) -> list[tuple[str, Style | None]]:
    """What each column shows; '' where it is the right half of what stands before it."""
    columns: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        for char in text:
            room = 1 if char.isascii() else width(char)
            if room:
                columns += [(char, style), *[("", style)] * (room - 1)]
            elif columns:
                columns[-1] = (columns[-1][0] + char, style)
    return columns


class Painted(Widget):
    """A widget that draws cells on its own background."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._base: Style | None = None
        self._mixed: dict[str, Style] = {}

    @property
    def palette(self) -> Palette:
        """The palette in use."""
        return PALETTES.get(self.app.theme) or PALETTES["dark"]

    @property
    def glyphs(self) -> Glyphs:
        """The glyphs in use."""
        glyphs: Glyphs = getattr(self.app, "glyphs", UNICODE)
        return glyphs

    @property
    def base(self) -> Style:
        """Its own background and text colour."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def style(self, role: Role) -> Style:
        """The style of a role."""
        return self.mixed(self.palette.roles[role])

    def mixed(self, definition: str) -> Style:
        """Any style of the palette."""
        style = self._mixed.get(definition)
        if style is None:
            style = self._mixed[definition] = self.base + parsed(definition)
        return style

    def segments(self, cells: Iterable[Cell]) -> list[Segment]:
        """Cells side by side."""
        return [Segment(cell.text, self.style(cell.role)) for cell in cells if cell.text]

    def blank(self, columns: int) -> Strip:
        """An empty line."""
        return Strip([Segment(" " * columns, self.base)], columns) if columns > 0 else Strip([], 0)

    def line(self, left: Sequence[Cell], right: Sequence[Cell], columns: int) -> Strip:
        """One line. Where both don't fit, what ``right`` has beyond half of it goes first, from its beginning, then the
        end of ``left``; a blank stays between them."""
        kept = list(right)
        wanted = sum(width(cell.text) for cell in left)
        while kept and sum(width(cell.text) for cell in kept) > max(columns // 2 + 8, columns - wanted - 1):
            kept.pop(0)
        gap = bool(kept) and not kept[0].text.startswith(" ")
        room = max(0, columns - gap - sum(width(cell.text) for cell in kept))
        shown: list[Cell] = []
        for cell in left:
            text = cut(cell.text, room, ellipsis=self.glyphs.ellipsis)
            shown.append(Cell(text, cell.role))
            room -= width(text)
            if text != cell.text:
                break
        space = [Segment(" " * (room + gap), self.base)] if room + gap else []
        return Strip([*self.segments(shown), *space, *self.segments(kept)], columns)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._base = None
        self._mixed.clear()


class Lines(Painted, can_focus=True):
    """A widget drawn line by line, with a scroll position of its own. After its content changed, ``repaint()`` draws
    those lines that look different; nothing else is laid out or drawn."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawn: dict[int, Strip] = {}
        self._fitted: Size | None = None
        self._top = 0

    @property
    @abstractmethod
    def length(self) -> int:
        """Lines of content, in view or not."""

    @property
    def room(self) -> int:
        """Lines in which content is shown."""
        return self.size.height

    @abstractmethod
    def line_at(self, y: int) -> Strip:
        """What stands on line ``y`` of the visible area."""

    def render_line(self, y: int) -> Strip:
        strip = self._drawn[y] = self.line_at(y)
        return strip

    def repaint(self) -> None:
        """Draw the lines whose look has changed."""
        if not self.is_mounted:
            return
        columns = self.size.width
        for y in range(self.size.height):
            strip, drawn = self.line_at(y), self._drawn.get(y)
            if drawn != strip:
                self._drawn[y] = strip
                first, end = (0, columns) if drawn is None else differing(drawn, strip)
                self.refresh(Region(first, y, end - first, 1))

    @property
    def row_offset(self) -> int:
        """How many lines have been scrolled away."""
        return self._top

    def scroll_to_line(self, y: int) -> None:
        """Show content from line ``y`` on, as far as there is content to fill the room."""
        top = max(0, min(y, self.length - self.room))
        if top != self._top:
            self._top = top
            self.repaint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.scroll_to_line(self._top + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.scroll_to_line(self._top - 3)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """Textual sends no Resize to what it placed, for another's sake, before it laid out the screen with it."""
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        if changed:
            self.call_next(self._fit)
        return changed

    def on_resize(self, event: events.Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        if self._fitted == self.size:
            return
        self._fitted = self.size
        self._drawn.clear()
        self.resized()
        self.scroll_to_line(self._top)
        self.refresh()

    def resized(self) -> None:
        """Lay out again for the new size."""

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
