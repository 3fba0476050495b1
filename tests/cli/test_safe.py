"""Text from data can't act on a terminal, hide, or pass for a line of the program's own."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagewai.cli.safe import block, cells, clip, visible
from tests.tui.corpus import HOSTILE

ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}

ANY = st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE)


def acts(text: str) -> list[str]:
    return [character for character in text if unicodedata.category(character) in ACTING]


@given(ANY)
def test_nothing_that_acts_or_ends_a_line_comes_through(text: str) -> None:
    shown = visible(text)
    assert acts(shown) == []
    assert len(shown.splitlines()) <= 1


@given(ANY)
def test_text_that_is_safe_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [/] text", "plain [/] text"),
        ("日本語 ünï", "日本語 ünï"),
        ("\x1b[2J", "␛[2J"),
        ("a\nb\tc\x7f", "a␊b␉c␡"),
        ("\u202egnp", "<U+202E>gnp"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("\ud800", "<U+D800>"),
        ("csi\x9b", "csi<U+009B>"),
        ("\u3164\u2800", "<U+3164><U+2800>"),
        ("\u2764\ufe0f a\ufe0f", "\u2764 a<U+FE0F>"),
        ("e" + "\u0301" * 5, "e" + "\u0301" * 3 + "<U+0301>" * 2),
        ("\u0301x", "<U+0301>x"),
    ],
)
def test_what_would_act_or_hide_is_named(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY, st.integers(4, 60))
def test_a_clipped_text_fits(text: str, width: int) -> None:
    assert cells(clip(visible(text), width)) <= width


def test_a_clipped_text_says_so() -> None:
    assert clip("abcdefgh", 6) == "abcd.."
    assert clip("日本語日本語", 7) == "日本.."


@given(ANY, st.integers(20, 90))
def test_a_block_keeps_every_character_behind_its_own_mark(text: str, width: int) -> None:
    lines = list(block(text, width))

    assert all(line.startswith(("  | ", "  : ")) for line in lines)
    assert all(cells(line) <= width for line in lines)
    kept = "".join(line[4:] for line in lines)
    assert kept == "".join(visible(line) for line in text.split("\n"))
    assert sum(line.startswith("  | ") for line in lines) == text.count("\n") + 1
