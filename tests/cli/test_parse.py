"""What is typed is taken for what it says, or refused with the place and the way out."""

from __future__ import annotations

import json

import pytest

from sagewai.cli import parse, words
from sagewai.errors import InvalidOptionError, LabelError, PayloadError
from sagewai.models.run import LabelValue


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("gpu=true", True),
        ("gpu=false", False),
        ("n=1", 1),
        ("n=-3", -3),
        ("n=1.0", 1.0),
        ("n=1e3", 1000.0),
        ("zone=eu-west", "eu-west"),
        ("zone=", ""),
        ('zone="true"', "true"),
        ('n="1"', "1"),
        ("n=01", "01"),
        ("path=a=b", "a=b"),
        ("zone=[eu", "[eu"),
    ],
)
def test_a_label_has_the_type_it_is_written_in(typed: str, value: object) -> None:
    [(_, label)] = parse.labels([typed]).items()
    assert label == value
    assert type(label) is type(value)


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("gpu", "'gpu' isn't KEY=VALUE"),
        ("=true", "'=true' isn't KEY=VALUE"),
        ("gpu=null", "label 'gpu' is null"),
        ("gpu=[1]", "label 'gpu' is an array"),
        ("gpu={}", "label 'gpu' is an object"),
        ("gpu=True", "write true for the boolean"),
        ("n=NaN", "label 'n' holds NaN"),
        ("n=-Infinity", "label 'n' holds -Infinity"),
        ("n=1e400", "label 'n' holds 1e400"),
        ("n=9223372036854775808", "beyond 64 bits"),
        ("n=" + "x" * 201, "at most 200"),
        ('n="\\ud800"', "lone surrogate"),
    ],
)
def test_a_label_of_a_wrong_type_is_refused_by_name(typed: str, complaint: str) -> None:
    with pytest.raises(LabelError, match=complaint.replace("[", "\\[")):
        parse.labels([typed])


def test_a_label_given_twice_is_refused() -> None:
    with pytest.raises(LabelError, match="given twice"):
        parse.labels(["a=1", "a=2"])


def test_labels_are_shown_as_they_are_typed() -> None:
    labels: dict[str, LabelValue] = {
        "gpu": True,
        "n": 1,
        "f": 1.0,
        "zone": "eu",
        "text": "1",
        "flag": "true",
        "big": "True",
    }

    assert parse.labels(words.labels(labels).split(" ")) == labels
    assert words.labels({"f": 1.0, "text": "1", "zone": "eu"}) == 'f=1.0 text="1" zone=eu'


def test_tags_are_always_text() -> None:
    assert parse.tags(["customer=42", "note=a=b"]) == {"customer": "42", "note": "a=b"}
    with pytest.raises(LabelError, match="tag 'a' is given twice"):
        parse.tags(["a=1", "a=1"])


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90", 90), ("1.5", 1.5), ("10s", 10), ("10m", 600), ("2h", 7200), ("1d", 86_400)]
)
def test_a_duration_is_in_seconds_or_says_its_unit(typed: str, seconds: float) -> None:
    assert parse.duration(typed) == seconds


@pytest.mark.parametrize("typed", ["", "-1", "nan", "inf", "1e3", "10 weeks", "1w", "١٠"])
def test_what_is_no_duration_is_refused(typed: str) -> None:
    with pytest.raises(InvalidOptionError, match="is no duration"):
        parse.duration(typed)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "isn't JSON"),
        ("{", "line 1, column 2"),
        ('{"a": 1,}', "isn't JSON"),
        ("[1]", "is an array"),
        ('"x"', "is a string"),
        ("null", "is null"),
        ("true", "is a boolean"),
        ("7", "is a number"),
        ('{"a": NaN}', "holds NaN"),
        ('{"a": 1e400}', "holds 1e400"),
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
        ('{"a": ' + "1" * 5_000 + "}", "too many digits"),
        ('{"a": ' + "[" * 100_000, "nested too deep"),
    ],
)
def test_input_that_would_change_or_break_is_refused(text: str, complaint: str) -> None:
    with pytest.raises((InvalidOptionError, PayloadError), match=complaint):
        parse.json_object(text, "--input")


def test_input_keeps_its_order_and_its_characters() -> None:
    text = '{"b": "\\ud800\\u0000", "a": [1, 1.0, true, null]}'
    assert json.dumps(parse.json_object(text, "--input")) == text
