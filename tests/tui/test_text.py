"""Untrusted text comes out harmless, unchanged where it was harmless, and never wider than asked."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from tests.tui.corpus import HOSTILE
from tui.text import MARKS, Scribe, cut, cut_head, fit, hidden, multi_line, one_line, take, width, wrap

NASTY = [
    *"\0\x07\x08\x1b\r\n\t\x7f\x85\x90\x9b\x9d\xad",
    *"\u034f\u0301\u0316\u061c\u115f\u1161\u180e\u200b\u200d\u200e\u202e\u2028\u2066\u2800\u3164\ufe0e\ufe0f\ufeff\uffa0",
    *"\ud800\udfff\ue000\ufffe\U000e0041\U000e0100\U0001f468\u2764\u20e31a日ก็م",
]
ANY_TEXT = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(), max_size=60),
    st.lists(st.sampled_from(NASTY), max_size=60).map("".join),
)
SCRIBES = st.sampled_from([Scribe(), Scribe(ascii=True)])


def assert_harmless(text: str, *, keep: str = "") -> None:
    marks = MARKS
    for character in text:
        if character in keep:
            marks = MARKS
            continue
        category = unicodedata.category(character)
        assert category not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}, f"{character!r} in {text[:80]!r}"
        assert not 0xFE00 <= ord(character) <= 0xFE0F
        if get_character_cell_size(character) == 0:
            marks += 1
            assert marks <= MARKS, f"a pile of marks, or one on nothing, in {text[:80]!r}"
        else:
            marks = 0


@given(ANY_TEXT, SCRIBES)
def test_one_line_holds_nothing_a_terminal_obeys_or_hides(text: str, scribe: Scribe) -> None:
    assert_harmless(scribe.line(text))


@given(ANY_TEXT, SCRIBES)
def test_several_lines_keep_line_ends_and_tabs_and_nothing_else(text: str, scribe: Scribe) -> None:
    shown = scribe.lines(text)
    assert_harmless(shown, keep="\n\t")
    assert shown.count("\n") == text.count("\n")
    assert shown.count("\t") == text.count("\t")


@given(ANY_TEXT, SCRIBES)
def test_safe_text_is_left_alone(text: str, scribe: Scribe) -> None:
    assert scribe.line(scribe.line(text)) == scribe.line(text)
    assert scribe.lines(scribe.lines(text)) == scribe.lines(text)


@given(ANY_TEXT)
def test_an_ascii_terminal_gets_printable_ascii(text: str) -> None:
    shown = Scribe(ascii=True).line(text)
    assert shown.isascii()
    assert shown.isprintable() or not shown


@given(ANY_TEXT, st.integers(min_value=0, max_value=90))
def test_a_cut_is_never_wider_than_asked(text: str, cells: int) -> None:
    shown = one_line(text)
    short = cut(shown, cells)
    assert cell_len(short) <= cells
    assert_harmless(short)
    if cell_len(shown) <= cells:
        assert short == shown


@example("flag \U0001f1e9\U0001f1ea tone \U0001f44d\U0001f3fd", 2)
@given(ANY_TEXT, st.integers(min_value=0, max_value=90))
def test_a_beginning_cut_off_is_never_wider_than_asked(text: str, cells: int) -> None:
    shown = one_line(text)
    short = cut_head(shown, cells)
    assert cell_len(short) <= cells
    assert_harmless(short)
    assert shown.endswith(short.removeprefix("…"))
    if cell_len(shown) <= cells:
        assert short == shown


@given(ANY_TEXT, st.integers(min_value=1, max_value=90), st.sampled_from(["left", "right"]))
def test_a_fitted_text_fills_its_column_exactly(text: str, cells: int, align: str) -> None:
    assert cell_len(fit(one_line(text), cells, align=align)) == cells  # type: ignore[arg-type]


@example("jamo pile " + "\u1161" * 6, 5)
@given(ANY_TEXT, st.integers(min_value=2, max_value=90))
def test_wrapping_loses_nothing_and_stays_within_the_width(text: str, cells: int) -> None:
    shown = one_line(text)
    pieces = wrap(shown, cells)
    assert "".join(pieces) == shown
    for piece in pieces:
        assert cell_len(piece) <= cells or (cell_len(piece) == cells + 1 and " " in piece[-1 - MARKS :])
    for piece in pieces:
        assert_harmless(piece)


@given(ANY_TEXT)
def test_width_is_what_the_renderer_measures(text: str) -> None:
    assert width(one_line(text)) == cell_len(one_line(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", "␛]0;owned␇"),
        ("a\rb", "a␍b"),
        ("a\x9b2J", "a<U+009B>2J"),
        ("x\u202ey", "x<U+202E>y"),
        ("a\u200bb", "a<U+200B>b"),
        ("\U000e0041", "<U+E0041>"),
        ("\ud800", "<U+D800>"),
        ("a\ufe0f", "a<U+FE0F>"),
        ("\u2764\ufe0f", "\u2764"),
        ("e\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301<U+0301>"),
        ("\u0301", "<U+0301>"),
        ("a\nb\tc", "a␊b␉c"),
    ],
)
def test_what_is_hidden_is_spelled_out(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(
    "text", ["grüße", "日本語", "مرحبا", "हिन्दी", "é", "ไทยก็", "naïve café", "a\u00a0b", "flag 🇩🇪"]
)
def test_everyday_text_is_unchanged(text: str) -> None:
    assert one_line(text) == text
    assert hidden(text) == 0


def test_several_lines_stay_several() -> None:
    assert multi_line("a\r\nb\tc\x1b") == "a␍\nb\tc␛"


def test_control_characters_on_an_ascii_terminal_use_caret_notation() -> None:
    assert Scribe(ascii=True).line("a\x1b[2J\x7fé") == "a^[[2J^?<U+00E9>"


def test_hidden_characters_are_counted() -> None:
    assert hidden("a\x1bb\u202e\u200b") == 3
    assert hidden("e" + "\u0301" * (MARKS + 2)) == 2
    assert hidden("two\nlines\tand a tab") == 0


def test_a_wide_character_is_not_torn_at_a_columns_edge() -> None:
    assert take("日本語", 5) == "日本"
    assert fit("日本語", 5) == "日本…"
    assert fit("日本語", 4) == "日… "
    assert fit("e\u0301e\u0301e\u0301", 2, ellipsis="") == "e\u0301e\u0301"


def test_long_text_is_read_no_further_than_its_limit() -> None:
    assert Scribe().line("x" * 1_000_000, limit=10) == "x" * 10 + "…"
    assert Scribe(ascii=True).line("x" * 20, limit=10) == "x" * 10 + "~"
