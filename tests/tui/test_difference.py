"""What changed is found line by line and word by word, marked by signs and not by colour alone, and never slowly."""

from __future__ import annotations

import time

import pytest

from tests.tui.corpus import HOSTILE
from tests.tui.test_text import assert_harmless
from tui.difference import difference
from tui.format import UNICODE
from tui.payload import Line
from tui.text import multi_line


def drawn(old: str, new: str) -> list[str]:
    return [line.head + line.text for line in difference(old.split("\n"), new.split("\n"), UNICODE)]


def test_what_is_the_same_has_no_difference() -> None:
    assert drawn("a\nb", "a\nb") == []


def test_changed_words_are_marked_in_lines_that_went_and_lines_that_came() -> None:
    assert drawn("to: Ada\ncents: 4200\nnote: thanks", "to: Ada\ncents: 9900\nnote: thanks") == [
        "  to: Ada",
        "- cents: [-4200-]",
        "+ cents: {+9900+}",
        "  note: thanks",
    ]


def test_the_marks_are_where_the_brackets_are() -> None:
    came = next(
        line for line in difference(["Pay 100 to Ada"], ["Pay 900 to Bob"], UNICODE) if line.head == "+ "
    )
    assert [came.text[start:end] for start, end in came.marks] == ["{+900+}", "{+Bob+}"]


def test_lines_with_little_in_common_are_not_torn_to_words() -> None:
    assert drawn("all of it is other", "0123456789") == ["- all of it is other", "+ 0123456789"]


def test_a_changed_line_is_found_behind_lines_that_came() -> None:
    assert drawn("words: 412", "All of it is new.\nwords: 388") == [
        *("- words: [-412-]", "+ All of it is new.", "+ words: {+388+}")
    ]


def test_lines_that_only_came_or_went_carry_their_sign() -> None:
    assert drawn("a\nb", "a\nb\nc") == ["  a", "  b", "+ c"]
    assert drawn("a\nb\nc", "b\nc") == ["- a", "  b", "  c"]


def test_what_is_far_from_a_change_is_counted() -> None:
    same = [f"line {number}" for number in range(40)]
    shown = drawn("\n".join([*same, "old", *same]), "\n".join([*same, "new", *same]))
    assert shown == [
        "… 38 lines as before",
        *("  line 38", "  line 39", "- old", "+ new", "  line 0", "  line 1"),
        "… 38 lines as before",
    ]


def test_a_text_cannot_pretend_to_be_a_sign() -> None:
    [kept, *_] = difference(["+ I was added", "a"], ["+ I was added", "b"], UNICODE)
    assert (kept.head, kept.text) == ("  ", "+ I was added")


def test_tabs_are_spelled_out_so_that_marks_stay_in_their_place() -> None:
    went = difference(["a\tsame 1"], ["a\tsame 2"], UNICODE)[0]
    assert went.text == "a   same [-1-]"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_difference_of_safe_texts_is_safe(text: str) -> None:
    lines = difference(
        ["before", *multi_line(text).split("\n")], multi_line(f"{text} x").split("\n"), UNICODE
    )
    for line in lines:
        assert_harmless(line.head + line.text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["ab"[number % 2] for number in range(20_000)], ["ab"[number % 3 == 0] for number in range(20_000)]),
        (["x y " * 50_000], ["y x " * 50_000]),
        ([f"a b {n} a b" * 20 for n in range(700)], [f"b a {n} b a" * 20 for n in range(700)]),
    ],
    ids=["lines", "words", "both"],
)
def test_texts_made_to_be_slow_are_not(old: list[str], new: list[str]) -> None:
    began = time.process_time()
    lines: tuple[Line, ...] = difference(old, new, UNICODE)
    assert lines
    assert time.process_time() - began < 2.0
