"""What a terminal sends, taken apart before it is read as keys: a paste presses none, and esc is a key by itself.

Pressed one after the other, esc and the key behind it arrive together over a slow line, and in tmux for half a second:
that reads as the other key with alt, or as another character. And an ESC in a paste has what follows it read as keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ESC = "\x1b"
_BEGINS, _ENDS = "\x1b[200~", "\x1b[201~"
_SHOWN = "\u241b"

_ALONE = re.compile(r"\x1b(?=[^\[\]OPX^_\\]|P(?![0-9>+$!])|\](?!\d))")
"""An ESC that begins no sequence of a terminal."""


class Typed:
    """Takes apart what arrives, in the order in which it does."""

    def __init__(self) -> None:
        self._pasting = False
        self._kept = ""

    def feed(self, text: str) -> Iterator[str]:
        """Pieces for a parser; ``ESC`` by itself is the key."""
        text, self._kept = self._kept + text, ""
        while text:
            if self._pasting:
                piece, text = self._pasted(text)
                if piece:
                    yield piece
                continue
            typed, begins, text = text.partition(_BEGINS)
            if not begins and typed.endswith(ESC):
                typed, self._kept = typed[:-1], ESC
            yield from _keys(typed)
            if begins:
                self._pasting = True
                yield begins

    def settle(self) -> Iterator[str]:
        """Nothing more has come for a while: an ESC that might have begun something was the key."""
        if self._kept == ESC and not self._pasting:
            self._kept = ""
            yield ESC

    def _pasted(self, text: str) -> tuple[str, str]:
        """What is pasted, up to where that ends, and what is left."""
        pasted, ends, left = text.partition(_ENDS)
        if ends:
            self._pasting = False
        else:
            beginnings = (at for at in range(max(0, len(text) - 5), len(text)) if _ENDS.startswith(text[at:]))
            cut = next(beginnings, len(text))
            pasted, self._kept = text[:cut], text[cut:]
        return pasted.replace(ESC, _SHOWN) + ends, left


def _keys(text: str) -> Iterator[str]:
    first, *others = _ALONE.split(text)
    if first:
        yield first
    for each in others:
        yield ESC
        if each:
            yield each
