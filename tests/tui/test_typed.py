"""What a terminal sends is read as the keys that were pressed, however it is cut up; a paste presses none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui.typed import ESC, Typed


def read(*chunks: str) -> list[str]:
    """The keys by their names, and what was pasted."""
    typed, parser = Typed(), XTermParser()
    found: list[Message] = []
    for pieces in (*map(typed.feed, chunks), typed.settle()):
        for piece in pieces:
            found += [events.Key("escape", ESC)] if piece == ESC else list(parser.feed(piece))
    return [each.key if isinstance(each, events.Key) else f"pasted {each.text}" for each in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1b", ["escape"]),
        ("\x1b\x1b", ["escape", "escape"]),
        ("\x1b3", ["escape", "3"]),
        ("\x1ba\r", ["escape", "a", "enter"]),
        ("x\x1bb\x1bf", ["x", "escape", "b", "escape", "f"]),
        ("\x1bP\x1b]q", ["escape", "P", "escape", "right_square_bracket", "q"]),
        ("\x1b\x1b[B", ["escape", "down"]),
        ("\x1b[A\x1bOP\x1b[15~q", ["up", "f1", "f5", "q"]),
        ("\x1b[97;3u", ["alt+a"]),  # a terminal that tells them apart
        ("\x1b" + "1" * 40, ["escape", *"1" * 40]),
    ],
)
def test_esc_and_the_key_behind_it_are_two_keys(sent: str, keys: Sequence[str]) -> None:
    assert read(sent) == keys
    assert read(*sent) == keys, "one by one"


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_paste_presses_no_key_whatever_it_holds_and_however_it_arrives(cut: int) -> None:
    pasted = "fine\x1b" + "y" * 40 + "\x1b[B\x1b]0;owned\x07"
    sent = f"a\x1b[200~{pasted}\x1b[201~b"
    whole = ["a", f"pasted {pasted.replace(ESC, '␛')}", "b"]
    assert read(sent) == whole
    end = sent.index("\x1b[201~") + cut
    assert read(sent[:end], sent[end:]) == whole
