"""JSON is shown whole, in order, exactly, and so that no string in it can pass for something else."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.corpus import HOSTILE
from tests.tui.test_text import assert_harmless
from tui.format import ASCII, UNICODE
from tui.payload import readable
from tui.text import Scribe


def shown(text: str) -> list[str]:
    return [line.head + line.text for line in readable(text, Scribe(), UNICODE)]


def test_members_keep_their_order_and_numbers_every_digit() -> None:
    assert shown('{"z": 1.50, "a": 1e400, "n": null, "ok": true, "big": 10000000000000000000001}') == [
        "z: 1.50",
        "a: 1e400",
        "n: null",
        "ok: true",
        "big: 10000000000000000000001",
    ]


def test_nesting_is_indented() -> None:
    assert shown('{"a": [1, {"b": []}, "x"], "e": {}}') == [
        "a:",
        "  - 1",
        "  -",
        "    b: []",
        '  - "x"',
        "e: {}",
    ]


def test_long_strings_stand_behind_a_gutter() -> None:
    assert shown(json.dumps({"draft": "one\napproved: true"})) == ["draft:", "  │ one", "  │ approved: true"]


def test_repeated_members_are_both_shown() -> None:
    assert shown('{"a": 1, "a": 2}') == ["a: 1", "a: 2"]


def test_a_key_cannot_pass_for_structure() -> None:
    assert shown('{"a\\nb: true": 1}') == ['"a\\nb: true": 1']


def test_an_integer_of_5000_digits_is_shown_whole() -> None:
    assert shown("9" * 5000) == ["9" * 5000]


def test_what_is_no_json_or_nested_too_deep_is_shown_as_it_is() -> None:
    assert shown("not json\nat all") == ["not json", "at all"]
    assert "".join(shown("[" * 100_000)) == "[" * 100_000


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.sampled_from(HOSTILE)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(HOSTILE), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([(Scribe(), UNICODE), (Scribe(ascii=True), ASCII)]))
def test_nothing_in_a_payload_is_obeyed_or_hidden(value: object, hand: tuple[Scribe, object]) -> None:
    for line in readable(json.dumps(value), hand[0], hand[1]):  # type: ignore[arg-type]
        assert_harmless(line.head + line.text, keep="\t")
        assert_harmless(line.hang)
