"""Labels: True, 1, 1.0 and "1" stay four different values, and equal sets encode alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagewai.core.labels import (
    MAX_LABELS,
    MAX_TEXT,
    check_tags,
    contained,
    decode_label,
    decode_labels,
    encode_label,
    encode_labels,
    labels_text,
)
from sagewai.errors import InvalidOptionError, LabelError
from sagewai.models.run import LabelValue

VALUES = (
    st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=MAX_TEXT)
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "b:true"),
        (False, "b:false"),
        (1, "i:1"),
        (1.0, "f:1.0"),
        ("1", "s:1"),
        ("b:true", "s:b:true"),
        ("", "s:"),
    ],
)
def test_a_value_is_tagged_with_its_type(value: LabelValue, text: str) -> None:
    assert encode_label(value) == text
    assert (type(decode_label(text)), decode_label(text)) == (type(value), value)


@given(VALUES, VALUES)
def test_two_values_encode_alike_only_when_they_are_the_same(a: LabelValue, b: LabelValue) -> None:
    assert (encode_label(a) == encode_label(b)) == (type(a) is type(b) and repr(a) == repr(b))


@given(st.dictionaries(st.text("abc", min_size=1), VALUES, max_size=5))
def test_label_sets_read_back_and_encode_alike_in_any_order(labels: dict[str, LabelValue]) -> None:
    encoded = encode_labels(labels)
    assert {key: (type(value), value) for key, value in decode_labels(encoded).items()} == {
        key: (type(value), value) for key, value in labels.items()
    }
    backwards = dict(reversed(labels.items()))
    assert labels_text(backwards) == labels_text(labels)
    assert list(encode_labels(backwards)) == list(encoded)


def test_no_labels_are_an_empty_set() -> None:
    assert encode_labels(None) == {} == encode_labels({})
    assert labels_text(None) == "{}"


@given(
    st.dictionaries(st.text("ab", min_size=1), VALUES, max_size=4),
    st.dictionaries(st.text("ab", min_size=1), VALUES, max_size=MAX_LABELS),
)
def test_containment_is_that_of_sets_of_pairs(
    required: dict[str, LabelValue], offered: dict[str, LabelValue]
) -> None:
    one, other = encode_labels(required), encode_labels(offered)
    assert contained(one, other) == (set(one.items()) <= set(other.items()))


@pytest.mark.parametrize(
    "labels",
    [
        {"x": None},
        {"x": [1]},
        {"x": b"y"},
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": 2**63},
        {"x": -(2**63)},
        {"x": "a\0"},
        {"x": "\ud800"},
        {"x": "y" * (MAX_TEXT + 1)},
        {"x" * (MAX_TEXT + 1): 1},
        {"": 1},
        {1: 1},
        {"a\0": 1},
        {f"k{number}": number for number in range(MAX_LABELS + 1)},
    ],
    ids=lambda labels: repr(labels)[:20],
)
def test_what_cannot_be_compared_is_refused(labels: Any) -> None:
    with pytest.raises(LabelError):
        encode_labels(labels)
    assert issubclass(LabelError, InvalidOptionError)


def test_the_error_names_the_label() -> None:
    with pytest.raises(LabelError, match="gpu"):
        encode_labels({"gpu": None})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "tags",
    [{"a": 1}, {"": "x"}, {"a=b": "x"}, {1: "x"}, {"a": "\0"}, {"a": "x" * (MAX_TEXT + 1)}, {"a": None}],
    ids=lambda tags: repr(tags)[:20],
)
def test_tags_are_texts(tags: Any) -> None:
    with pytest.raises(LabelError):
        check_tags(tags)


def test_checked_tags_are_a_copy() -> None:
    tags = {"team": "red", "empty": ""}
    checked = check_tags(tags)
    tags.clear()
    assert checked == {"team": "red", "empty": ""}
    assert check_tags(None) == {}
