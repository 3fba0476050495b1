"""Drawing safe text by line: roles become styles, cells become strips, and only lines that changed are drawn again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.format import UNICODE, Cell, Glyphs, Role
from tui.text import cut, width
from tui.theme import PALETTES, Palette


@lru_cache(maxsize=512)
def parsed(definition: str) -> Style:
    """A Rich style."""
    return Style.parse(definition)


def palette_of(widget: Widget) -> Palette:
    """The palette in use."""
    return PALETTES.get(widget.app.theme) or PALETTES["dark"]


def glyphs_of(widget: Widget) -> Glyphs:
    """The glyphs in use."""
    glyphs: Glyphs = getattr(widget.app, "glyphs", UNICODE)
    return glyphs


def role_style(widget: Widget, role: Role) -> Style:
    """The style of a role on this widget's own background."""
    return widget.rich_style + parsed(palette_of(widget).roles[role])


def extra_style(widget: Widget, definition: str) -> Style:
    """Any other style of the palette on this widget's own background."""
    return widget.rich_style + parsed(definition)


def segments(widget: Widget, cells: Iterable[Cell]) -> list[Segment]:
    """Cells side by side."""
    return [Segment(cell.text, role_style(widget, cell.role)) for cell in cells if cell.text]


def line(
    widget: Widget, left: Sequence[Cell], right: Sequence[Cell], columns: int, ellipsis: str = "…"
) -> Strip:
    """One line: what doesn't fit of ``right`` goes first, from its beginning, then the end of ``left``."""
    kept = list(right)
    while kept and sum(width(cell.text) for cell in kept) > columns // 2 + 8:
        kept.pop(0)
    room = max(0, columns - sum(width(cell.text) for cell in kept))
    shown: list[Cell] = []
    for cell in left:
        text = cut(cell.text, room, ellipsis=ellipsis)
        shown.append(Cell(text, cell.role))
        room -= width(text)
        if text != cell.text:
            break
    blank = [Segment(" " * room, widget.rich_style)] if room else []
    return Strip([*segments(widget, shown), *blank, *segments(widget, kept)], columns)


class Lines(ScrollView, can_focus=True):
    """A widget drawn line by line. After its content changed, ``repaint()`` draws those lines that look different."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._drawn: dict[int, Strip] = {}

    def line_at(self, y: int) -> Strip:
        """What stands on line ``y`` of the visible area."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        strip = self._drawn[y] = self.line_at(y)
        return strip

    def repaint(self) -> None:
        """Draw the lines whose look has changed."""
        if not self.is_mounted:
            return
        columns = self.size.width
        for y in range(self.size.height):
            strip = self.line_at(y)
            if self._drawn.get(y) != strip:
                self._drawn[y] = strip
                self.refresh(Region(0, y, columns, 1))

    @property
    def row_offset(self) -> int:
        """How many lines have been scrolled away."""
        return round(self.scroll_y)

    def scroll_to_line(self, y: int) -> None:
        """Scroll at once, without animation."""
        self.scroll_to(y=y, animate=False, immediate=True)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
