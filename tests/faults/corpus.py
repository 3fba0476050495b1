"""Bad input: values, texts and numbers as somebody careless, unlucky or hostile hands them over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.tui.corpus import HOSTILE


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """``kept``: True where it has to come back, False where it has to be refused, None where either will do."""

    name: str
    value: Any
    kept: bool | None = None

    def __repr__(self) -> str:
        return self.name


class Unspeakable:
    """An object that can't even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("don't look at me")

    __str__ = __repr__


class Whisper(str):
    """A str that isn't one."""


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def circular() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def circular_dict() -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    value["me"] = [value]
    return value


def texts() -> list[Case]:
    """As payloads, where all of them have to come back as they were, up to the limit."""
    named = [Case(f"text {text[:24]!a}", text, True) for text in HOSTILE]
    return [
        *named,
        Case("a line of 1 MB", "x" * 1_000_000, True),
        Case("a line of 10 MB", "x" * 10_000_000, False),
        Case("a hundred thousand newlines", "\n" * 100_000, True),
        Case("a million NULs", "\0" * 1_000_000, False),  # six bytes each as they are stored
        Case("an erasing flood", "\x1b[2J\x1b[3J\x1b[H" * 5_000, True),
        Case("an unterminated string of the device", "\x1bP" + "q" * 5_000, True),
        Case("tag characters", "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all"), True),
        Case("a pile of marks", "e" + "\u0301" * 5_000, True),
        Case("a pair of surrogates as two characters", "\ud83d\ude00", False),
    ]


def values() -> list[Case]:
    """What isn't text."""
    return [
        Case("None", None, True),
        Case("true beside 1 beside 1.0", [True, 1, 1.0, False, 0, 0.0, -0.0], True),
        Case("2**63", [2**63, -(2**63) - 1, 2**64, 2**2_000], True),
        Case("the smallest and the largest float", [5e-324, 1.7976931348623157e308], True),
        Case("an empty key and strange keys", {"": 1, " ": 2, "\0": 3, "a\ud800": 4, "\x1b[2J": 5}, True),
        Case("keys in an order of their own", {"z": 1, "a": {"b": 1, "A": 2}}, True),
        Case("depth 390", deep(390), True),
        Case("NaN", math.nan, False),
        Case("infinity, deep inside", {"a": [1, {"b": math.inf}]}, False),
        Case("minus infinity", [-math.inf], False),
        Case("5,000 digits", 10**5_000, False),
        Case("5,000 digits inside", {"n": [-(10**5_000)]}, False),
        Case("depth 2,000", deep(2_000), False),
        Case("depth 100,000", deep(100_000), False),
        Case("a tuple", (1, 2), False),
        Case("a tuple inside", {"pair": [(1, 2)]}, False),
        Case("a set", {1}, False),
        Case("bytes", b"\x00\xff", False),
        Case("a Decimal", Decimal("1.10"), False),
        Case("an aware datetime", datetime(2026, 1, 1, tzinfo=UTC), False),
        Case("a naive datetime", datetime(2026, 1, 1), False),  # noqa: DTZ001
        Case("a list that holds itself", circular(), False),
        Case("a dict that holds itself", circular_dict(), False),
        Case("an object whose repr raises", Unspeakable(), False),
        Case("one inside", {"a": [Unspeakable()]}, False),
        Case("a key whose repr raises", {Unspeakable(): 1}, False),
        Case("a key that is a number", {1: "a"}, False),
        Case("a key that is a tuple", {(1, 2): "a"}, False),
        Case("a str that isn't one", Whisper("x"), False),
        Case("a function", deep, False),
        Case("a class", Case, False),
        Case("a complex number", 1j, False),
    ]


def typed() -> list[tuple[type | Any, Case]]:
    """Values of a type that a step announces: these JSON can carry by their annotation."""
    return [
        (tuple[int, str], Case("a tuple", (1, "a"), True)),
        (set[int], Case("a set", {1, 2}, True)),
        (frozenset[str], Case("a frozenset", frozenset({"a"}), True)),
        (bytes, Case("bytes that are text", b"abc", True)),
        (bytes, Case("bytes that aren't", b"\xff\xfe", None)),
        (Decimal, Case("a Decimal", Decimal("1.10"), True)),
        (Decimal, Case("a Decimal that is no number", Decimal("NaN"), None)),
        (datetime, Case("an aware datetime", datetime(2026, 1, 1, 12, 30, 5, 7, tzinfo=UTC), True)),
        (datetime, Case("a naive datetime", datetime(2026, 1, 1, 12), True)),  # noqa: DTZ001
        (date, Case("a date", date(1, 1, 1), True)),
        (timedelta, Case("a timedelta", timedelta(days=-1, microseconds=1), True)),
        (UUID, Case("a UUID", UUID(int=7), True)),
        (dict[int, str], Case("a dict with numbers for keys", {1: "a"}, True)),
        (list[tuple[int, ...]], Case("tuples in a list", [(1,), ()], True)),
        (float, Case("NaN as a float", math.nan, False)),
        (int, Case("text where a number was announced", "seven", None)),
        (tuple[int, int], Case("an object where a tuple was announced", Unspeakable(), False)),
    ]


def names() -> list[Case]:
    """Texts for columns that hold a name: at most 200 characters, not blank, no NUL, no lone surrogate."""
    return [
        Case(f"text {text[:24]!a}", text, _is_name(text))
        for text in (
            *HOSTILE,
            "x" * 200,
            "x" * 201,
            "日" * 200,
            "\U0001f468" * 200,
            "x" * 1_000_000,
            "it's",
            'a"b',
            "../../etc/passwd",
            "%00",
            "%s%n{0}",
            "-rf",
            "--",
            "'; drop table sagewai.runs; --",
            "\\",
            "\t",
            "\x00",
            "a\u2028b",
        )
    ]


def not_names() -> list[Case]:
    """What isn't even text."""
    return [
        Case("None inside a list", [None], False),
        Case("a number", 7, False),
        Case("bytes", b"run", False),
        Case("an object whose repr raises", Unspeakable(), False),
    ]


def numbers(low: float, high: float, *, whole: bool) -> Iterator[Case]:
    """For an option between ``low`` and ``high``."""
    yield Case("the least", int(low) if whole else low, True)
    yield Case("the most", int(high) if whole else high, True)
    yield Case("a little less", low - 1, False)
    yield Case("a little more", high + 1, False)
    yield Case("minus 2**63", -(2**63), False)
    yield Case("2**63", 2**63, False)
    yield Case("a number of 5,000 digits", 10**5_000, False)
    yield Case("minus a number of 5,000 digits", -(10**5_000), False)
    yield Case("NaN", math.nan, False)
    yield Case("infinity", math.inf, False)
    yield Case("minus infinity", -math.inf, False)
    yield Case("1e308", 1e308, False)
    yield Case("True", True, False)
    yield Case("text", "3", False)
    yield Case("a Decimal", Decimal(1), False)
    yield Case("bytes", b"1", False)
    yield Case("a list", [1], False)
    yield Case("an object whose repr raises", Unspeakable(), False)
    yield Case("a complex number", 1j, False)
    if whole:
        yield Case("half a one", low + 0.5, False)


def texts_up_to(limit: int) -> list[Case]:
    """For columns that hold what a person wrote: not blank, no NUL, no lone surrogate, so many characters at most."""
    return [Case(each.name, each.value, _is_name(each.value, limit)) for each in texts()]


def labels() -> list[Case]:
    """Sets of them; the last ones hold a name as a key, or as a value."""
    usual: list[Case] = [
        Case("True, 1 and 1.0", {"a": True, "b": 1, "c": 1.0, "d": "1"}, True),
        Case("the last 64-bit number", {"a": 2**63 - 1}, True),
        Case("2**63", {"a": 2**63}, False),
        Case("5,000 digits", {"a": 10**5_000}, False),
        Case("NaN", {"a": float("nan")}, False),
        Case("infinity", {"a": float("inf")}, False),
        Case("1e400", {"a": 1e400}, False),
        Case("None", {"a": None}, False),
        Case("a list", {"a": [1]}, False),
        Case("bytes", {"a": b"x"}, False),
        Case("an object whose repr raises", {"a": Unspeakable()}, False),
        Case("a key whose repr raises", {Unspeakable(): 1}, False),
        Case("a key that is a number", {1: 1}, False),
        Case("no dict", [("a", 1)], False),
        Case("33 labels", {str(n): n for n in range(33)}, False),
        Case("32 labels", {str(n): n for n in range(10, 42)}, True),
    ]
    for case in names():
        storable = case.kept or (case.value.isspace() and len(case.value) <= 200)
        usual.append(Case(f"key {case.name}", {case.value: 1}, storable and case.value != ""))
        usual.append(Case(f"value {case.name}", {"k": case.value}, storable or case.value == ""))
    return usual


def tags() -> list[Case]:
    """The same, where all values are texts."""
    usual = [
        Case("a number", {"a": 1}, False),
        Case("None", {"a": None}, False),
        Case("an object whose repr raises", {"a": Unspeakable()}, False),
        Case("a key whose repr raises", {Unspeakable(): "a"}, False),
        Case("a key with =", {"a=b": "c"}, False),
        Case("a value with =", {"a": "b=c"}, True),
        Case("no dict", "a=b", False),
        Case("33 tags", {str(n): "" for n in range(33)}, False),
    ]
    for case in names():
        storable = case.kept or (case.value.isspace() and len(case.value) <= 200)
        usual.append(Case(f"key {case.name}", {case.value: "1"}, storable and "=" not in case.value))
        usual.append(Case(f"value {case.name}", {"k": case.value}, storable or case.value == ""))
    return usual


def _is_name(text: str, limit: int = 200) -> bool:
    storable = "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
    return storable and bool(text.strip()) and len(text) <= limit
