"""The second net: whatever a widget draws, no control, hidden character or clickable action leaves the console."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.text import is_hidden, one_line

_DRAWINGS = str.maketrans(
    {
        **dict.fromkeys("─━┄┅┈┉╌╍═▁▂▃▄▀▔", "-"),
        **dict.fromkeys("│┃┆┇┊┋╎╏║▌▐▏▕▎▍▋▊▉", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰╔╗╚╝╠╣╦╩╬", "+"),
        **dict.fromkeys("█▓▒░", "#"),
        "…": "~",
        "•": "*",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
    }
)


class SafeLines(LineFilter):
    """Replaces what no text of ours holds; on an ASCII terminal also everything that isn't ASCII. Widths stay."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self._ascii_only = ascii_only

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [self._safe(segment) for segment in segments]

    def _safe(self, segment: Segment) -> Segment:
        text, style, control = segment
        if control:
            return segment
        plain = text.isascii() and text.isprintable()
        if not plain:
            text = _clean(text, self._ascii_only)
        if style is not None and style.meta and any(name.startswith("@") for name in style.meta):
            style = style.clear_meta_and_links()
        return segment if text is segment.text and style is segment.style else Segment(text, style)


@lru_cache(maxsize=4096)
def _clean(text: str, ascii_only: bool) -> str:
    if ascii_only:
        text = text.translate(_DRAWINGS)
        if text.isascii() and text.isprintable():
            return text
    elif one_line(text) == text:
        return text
    return "".join(_character(character, ascii_only) for character in text)


def _character(character: str, ascii_only: bool) -> str:
    """The character, or as many question marks as it has cells; a mark that sits on another character stays."""
    if is_hidden(character) or (ascii_only and not character.isascii()):
        return "?" * get_character_cell_size(character)
    return character
