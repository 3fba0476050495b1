"""The codec: what it takes reads back the same, what it can't is refused by the place where it stands."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagewai.core.codec import (
    MAX_DEPTH,
    decode,
    digest,
    encode,
    input_digest,
    is_plain,
    require_storable,
)
from sagewai.core.policies import content_digest
from sagewai.errors import NonRetryableError, PayloadError, PayloadTooLarge, StoreRefused

EVERY_CHARACTER = st.characters(codec=None, exclude_categories=())
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def same(a: Any, b: Any) -> bool:
    """Equal with equal types and equal order, all the way down; -0.0 is not 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return bool(a == b)


@given(PLAIN)
def test_plain_values_read_back_the_same(value: Any) -> None:
    text = encode(value)
    assert same(decode(text), value)
    assert "\0" not in text
    text.encode()
    assert is_plain(value)


@given(st.text(EVERY_CHARACTER))
def test_any_text_reads_back_the_same_or_is_refused(value: str) -> None:
    try:
        text = encode({value: value})
    except PayloadError:
        assert any(0xD800 <= ord(character) < 0xE000 for character in value)
        return
    assert decode(text) == {value: value}
    require_storable(text, "it")


def test_lone_surrogates_and_nul_travel_escaped() -> None:
    for value in ("a\0b", "\ud800", "x\udfffy", {"\ud800": ["\0"]}):
        text = encode(value)
        assert decode(text) == value
        require_storable(text, "it")


def test_a_surrogate_pair_as_two_characters_is_refused_because_it_would_come_back_as_one() -> None:
    for value in ("\ud83d\ude00", ["x", {"k": "a\ud83d\ude00"}], {"\ud83d\ude00": 1}):
        with pytest.raises(PayloadError, match="order holds a surrogate pair"):
            encode(value, what="order")
    assert decode(encode("\ude00\ud83d")) == "\ude00\ud83d"


def test_the_order_of_keys_is_kept() -> None:
    assert encode({"z": 1, "a": {"y": 2, "b": 3}}) == '{"z":1,"a":{"y":2,"b":3}}'


@dataclasses.dataclass
class Point:
    x: int


class Sly(str):
    __slots__ = ()


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ((1, 2), "order"),
        ({1, 2}, "order"),
        (b"x", "order"),
        (decimal.Decimal(1), "order"),
        (datetime.datetime.now(datetime.UTC), "order"),
        (Point(1), "order"),
        (Sly("x"), "order"),
        (float("nan"), "order"),
        (float("inf"), "order"),
        ([1, [2, (3,)]], "order[1][1]"),
        ({"a": [{"b": float("-inf")}]}, "order['a'][0]['b']"),
        ({1: "x"}, "order"),
        ({"a": {None: 1}}, "order['a']"),
        ({"a": {True: 1}}, "order['a']"),
        ({Rude(): 1}, "order"),
        (Rude(), "order"),
        ([10**5_000], "order[0]"),
        (-(10**5_000), "order"),
        (CIRCULAR, "order"),
        (json.loads("[" * 900 + "]" * 900), "order"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_would_change_is_refused_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(PayloadError) as caught:
        encode(value, what="order")
    assert str(caught.value).startswith(f"{place} ")
    assert not is_plain(value)


def test_depth_is_taken_up_to_its_limit() -> None:
    for depth in (1, MAX_DEPTH):
        value = json.loads("[" * depth + "]" * depth)
        assert decode(encode(value)) == value
    with pytest.raises(PayloadError, match="nested"):
        encode(json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)))


@pytest.mark.parametrize("value", ["x" * 98, "ü" * 49, "\ud800" * 16], ids=["ascii", "wide", "escaped"])
def test_the_limit_counts_bytes_as_they_are_stored(value: str) -> None:
    size = len(encode(value).encode())
    assert encode(value, limit=size) == encode(value)
    with pytest.raises(PayloadTooLarge, match=f"order encodes to {size} bytes; the limit is {size - 1}:"):
        encode(value, what="order", limit=size - 1)


def test_a_payload_error_is_never_retried() -> None:
    assert issubclass(PayloadError, NonRetryableError)
    assert issubclass(PayloadTooLarge, PayloadError)


# -- digests ------------------------------------------------------------------------------------------------------


def test_an_inputs_digest_does_not_depend_on_the_order_of_its_names() -> None:
    assert input_digest({"a": 1, "b": {"x": 1, "y": 2}}) == input_digest({"b": {"y": 2, "x": 1}, "a": 1})
    assert input_digest({"a": 1}) != input_digest({"a": 1.0})
    assert input_digest({"a": 1}) != input_digest({"a": "1"})
    assert input_digest({"a": 1}) != input_digest({"a": True})


@given(st.text(), st.text(), st.text(), st.text())
def test_a_contents_digest_tells_prompt_and_context_apart(a: str, b: str, c: str, d: str) -> None:
    assert (content_digest(a, b) == content_digest(c, d)) == ((a, b) == (c, d))


def test_a_digest_is_sha256_in_hex_and_takes_any_text() -> None:
    assert digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert len(digest("\ud800\0")) == 64
    assert len(content_digest("\ud800", "\0")) == 64


# -- storable texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "plain", "ü🚀", "a\nb\x1b[2J", "\u202e"])
def test_ordinary_texts_are_storable(text: str) -> None:
    require_storable(text, "the name")


@pytest.mark.parametrize("text", ["\0", "a\0ü", "\ud800", "ü\udfff", "\ud83d\ude00"])
def test_nul_and_surrogates_are_not_storable_and_the_error_says_where(text: str) -> None:
    with pytest.raises(StoreRefused, match="the name"):
        require_storable(text, "the name")
