"""The one JSON encoding: what it takes reads back the same, what it can't is refused, naming its place. Pure.

Payloads are text, not ``jsonb``: key order survives, and NUL and lone surrogates travel escaped.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from sagewai.errors import PayloadError, PayloadTooLarge, StoreRefused

MAX_PAYLOAD = 2_000_000
"""Default limit of one encoded payload, in bytes."""

MAX_DEPTH = 400
"""Deeper nesting is refused: the interpreter's own encoder gives up not far beyond."""

_MAX_BITS = 13_000
"""About 3,900 digits; the interpreter itself stops converting at 4,300."""
_SCALARS = (str, bool, int, type(None))
_dump = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode
_dump_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_load = json.JSONDecoder().decode
_dump_escaped = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


def encode(value: object, *, what: str = "value", limit: int = MAX_PAYLOAD) -> str:
    """JSON text of plain values: dict with str keys, list, str, bool, int, finite float, None.

    Raises PayloadError naming the place of the first value that wouldn't read back the same, PayloadTooLarge past
    ``limit`` bytes.
    """
    if type(value) not in _SCALARS or type(value) is int:
        require_plain(value, what)
    text = _dump(value)
    size = len(text)
    if not text.isascii():
        try:
            size = len(text.encode())
        except UnicodeEncodeError:  # lone surrogates: only their escaped form is storable
            text = _dump_escaped(value)
            size = len(text)
            if decode(text) != value:  # a high and a low one side by side would come back as one character
                raise PayloadError(
                    f"{what} holds a surrogate pair as two characters: join them first"
                ) from None
    if size > limit:
        raise PayloadTooLarge(
            f"{what} encodes to {size:,} bytes; the limit is {limit:,}: store it elsewhere and record where"
        )
    return text


def decode(text: str) -> Any:
    """What :func:`encode` was given."""
    return _load(text)


def is_plain(value: object) -> bool:
    """Whether :func:`encode` takes it as it is."""
    try:
        require_plain(value, "value")
    except PayloadError:
        return False
    return True


def require_plain(value: object, what: str) -> None:
    """Raise PayloadError, naming the place, unless the value is made of exact JSON types, finite and not circular."""
    stack: list[tuple[object, str, int]] = [(value, what, 0)]
    while stack:
        item, place, depth = stack.pop()
        kind = type(item)
        if kind is str or kind is bool or item is None:
            continue
        if kind is int:
            if item.bit_length() > _MAX_BITS:  # type: ignore[attr-defined]
                raise PayloadError(f"{place} is an integer of thousands of digits: record it as a str")
        elif kind is float:
            if not math.isfinite(item):  # type: ignore[arg-type]
                raise PayloadError(f"{place} is {item}: JSON has no such number")
        elif kind is list or kind is dict:
            if depth >= MAX_DEPTH:
                raise PayloadError(f"{what} is nested more than {MAX_DEPTH} deep, or contains itself")
            if kind is list:
                stack.extend((entry, f"{place}[{at}]", depth + 1) for at, entry in enumerate(item))  # type: ignore[arg-type, var-annotated]
                continue
            for key, entry in item.items():  # type: ignore[attr-defined]
                if type(key) is not str:
                    raise PayloadError(f"{place} has the key {shown(key)}: JSON keys are str")
                stack.append((entry, f"{place}[{shown(key)}]", depth + 1))
        else:
            raise PayloadError(
                f"{place} is a {kind.__name__}, which JSON would change: annotate the step's return type, "
                "or return plain values"
            )


def shown(value: object) -> str:
    """``value`` for an error's text: short, whatever it is."""
    try:
        text = repr(value)
    except (
        Exception
    ):  # a hostile __repr__, or an int of thousands of digits, must not replace the error itself
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 60 else text[:57] + "..."


def require_storable(text: str, what: str) -> None:
    """Raise StoreRefused, naming ``what``, for NUL and lone surrogates: one database keeps them, another doesn't.

    Encoded payloads never hold them; names, prompts and reasons can.
    """
    if "\0" in text:
        raise StoreRefused(f"{what} holds NUL, which no database stores: leave it out")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise StoreRefused(
                f"{what} holds a lone surrogate, which no database stores: leave it out"
            ) from None


def digest(text: str) -> str:
    """SHA-256 (hex) of a text's UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def input_digest(values: dict[str, Any]) -> str:
    """A digest of a run's input that doesn't depend on the order its arguments were named in."""
    return digest(_dump_sorted(values))
