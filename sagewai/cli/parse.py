"""What is typed on the command line as values: labels, tags, durations, JSON input (from a file or stdin too)."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable
from typing import Any

from sagewai.core.labels import check_tags, encode_labels
from sagewai.errors import InvalidOptionError, LabelError, PayloadError, PayloadTooLarge
from sagewai.models.run import LabelValue

MAX_INPUT_FILE = 16_000_000
"""Bytes read of ``--input`` or ``--payload``: more than any payload limit, less than what would hurt."""

LABEL_HELP = (
    "true and false are booleans, 2 is an int, 2.0 a float, all else is text; text that looks like one of these goes "
    "in JSON quotes: n='\"2\"'. Repeatable."
)

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def labels(pairs: Iterable[str]) -> dict[str, LabelValue]:
    """``KEY=VALUE`` with typed values. Raises LabelError naming the pair."""
    found: dict[str, LabelValue] = {}
    for pair in pairs:
        key, value = _pair(pair, "label")
        if key in found:
            raise LabelError(f"label {key!r} is given twice")
        found[key] = _label_value(key, value)
    encode_labels(found)
    return found


def tags(pairs: Iterable[str]) -> dict[str, str]:
    """``KEY=VALUE``, values always text. Raises LabelError naming the pair."""
    found: dict[str, str] = {}
    for pair in pairs:
        key, value = _pair(pair, "tag")
        if key in found:
            raise LabelError(f"tag {key!r} is given twice")
        found[key] = value
    return check_tags(found)


def tag(pair: str) -> tuple[str, str]:
    """One ``KEY=VALUE`` to look for."""
    return _pair(pair, "tag")


def duration(text: str) -> float:
    """Seconds, from ``90``, ``1.5s``, ``10m``, ``2h`` or ``1d``. Raises InvalidOptionError."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)", text.strip())
    if match is None:
        raise InvalidOptionError(f"{text[:40]!r} is no duration: write seconds (90, 1.5) or 10m, 2h, 1d")
    return float(match[1]) * _UNITS[match[2]]


def read_input(source: str) -> dict[str, Any]:
    """A run's input: JSON, ``@FILE`` or ``-`` for stdin. Raises InvalidOptionError, or PayloadError past all limits."""
    text, where = _read(source, "--input")
    return json_object(text, where)


def read_json(source: str, option: str) -> Any:
    """Any JSON value, given in the same three ways."""
    text, where = _read(source, option)
    return json_value(text, where)


def read_lines(source: str, what: str) -> list[str]:
    """The lines of ``@FILE`` or of ``-``, stdin; blank ones and what surrounds them left out."""
    text, _ = _read(source, what)
    return [line.strip() for line in text.splitlines() if line.strip()]


def json_object(text: str, where: str) -> dict[str, Any]:
    """One JSON object, else as :func:`json_value`."""
    value = json_value(text, where)
    if not isinstance(value, dict):
        raise InvalidOptionError(
            f'{where} is {_kind(value)}: a run\'s input is one JSON object, like \'{{"topic": "tides"}}\''
        )
    return value


def json_value(text: str, where: str) -> Any:
    """JSON, read so that nothing is silently lost: a key twice, NaN, an endless number are refused."""
    try:
        return json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
    except _Refused as refused:
        raise InvalidOptionError(f"{where} {refused}") from None
    except RecursionError:
        raise PayloadError(f"{where} is nested too deep") from None
    except json.JSONDecodeError as error:
        raise InvalidOptionError(
            f"{where} isn't JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except ValueError:  # the interpreter's own limit on digits
        raise PayloadError(f"{where} holds an integer of too many digits") from None


class _Refused(Exception):
    """JSON that Python would take and change."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f"has the key {twice[:60]!r} twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise _Refused(f"holds {name}, which is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"holds {text[:40]}, which is no finite number")
    return value


def _label_value(key: str, text: str) -> LabelValue:
    if text in {"True", "False"}:
        raise LabelError(
            f"label {key!r} is {text}: write {text.lower()} for the boolean, '\"{text}\"' for the text"
        )
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except _Refused as refused:
        raise LabelError(f"label {key!r} {refused}; put text in JSON quotes: '\"...\"'") from None
    except (ValueError, RecursionError):
        return text
    if isinstance(value, str | bool | int | float):
        return value
    raise LabelError(
        f"label {key!r} is {_kind(value)}: use text, true or false, or a number; put text in JSON quotes"
    )


def _kind(value: object) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "a number")


def _pair(pair: str, what: str) -> tuple[str, str]:
    key, found, value = pair.partition("=")
    if not found or not key:
        raise LabelError(f"{what} {pair[:60]!r} isn't KEY=VALUE")
    return key, value


def _read(source: str, option: str) -> tuple[str, str]:
    """The text that is meant, and what to call it in an error."""
    what = option.removeprefix("--")
    if source == "-":
        where = f"the {what} on stdin"
        return _decoded(sys.stdin.buffer.read(MAX_INPUT_FILE + 1), where), where
    if source.startswith("@"):
        where = f"the {what} in {source[1:]!r}"
        return _decoded(_file(source[1:], what), where), where
    if len(source) > MAX_INPUT_FILE:
        raise _too_long(option)
    return source, option


def _file(path: str, what: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_INPUT_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise InvalidOptionError(f"can't read the {what} file {path!r}: {reason}") from None


def _decoded(data: bytes, where: str) -> str:
    if len(data) > MAX_INPUT_FILE:
        raise _too_long(where)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidOptionError(f"{where} isn't UTF-8: byte {error.start:,} can't be read") from None


def _too_long(where: str) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"{where} has more than {MAX_INPUT_FILE:,} bytes: store it elsewhere and pass where"
    )
