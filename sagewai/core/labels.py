"""Labels and tags: checked, and encoded so that True, 1 and 1.0 stay three different values. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from sagewai.core.codec import shown
from sagewai.errors import LabelError
from sagewai.models.run import LabelValue

MAX_LABELS = 32
MAX_TEXT = 200


def encode_label(value: object, *, key: str = "") -> str:
    """The type-tagged text of one label value: ``b:true``, ``i:1``, ``f:1.0`` or ``s:gpu``."""
    if type(value) is bool:
        return "b:true" if value else "b:false"
    if type(value) is int:
        if abs(value) >= 1 << 63:
            raise LabelError(f"label {key!r} is an integer beyond 64 bits: use a str")
        return f"i:{value}"
    if type(value) is float:
        if not math.isfinite(value):
            raise LabelError(f"label {key!r} is {value}: only finite numbers can be compared")
        return f"f:{value!r}"
    if type(value) is str:
        return "s:" + _text(value, f"the value of label {key!r}")
    raise LabelError(f"label {key!r} is a {type(value).__name__}: use a str, bool, int or finite float")


def decode_label(text: str) -> LabelValue:
    """What :func:`encode_label` was given."""
    kind, _, value = text.partition(":")
    if kind == "b":
        return value == "true"
    if kind == "i":
        return int(value)
    if kind == "f":
        return float(value)
    return value


def encode_labels(labels: Mapping[str, LabelValue] | None) -> dict[str, str]:
    """A label set with tagged values, in key order, so that equal sets encode alike."""
    labels = labels or {}
    if not isinstance(labels, Mapping):
        raise LabelError(f"labels are a {type(labels).__name__}: give a dict")
    if len(labels) > MAX_LABELS:
        raise LabelError(f"{len(labels)} labels: at most {MAX_LABELS} are compared per run or worker")
    for key in labels:
        if not isinstance(key, str) or not key:  # type: ignore[redundant-expr]
            raise LabelError(f"label key {shown(key)} must be a non-empty str")
        _text(key, f"label key {key[:40]!r}")
    return {key: encode_label(labels[key], key=key) for key in sorted(labels)}


def labels_text(labels: Mapping[str, LabelValue] | None) -> str:
    """One canonical text per label set."""
    return json.dumps(encode_labels(labels), separators=(",", ":"), ensure_ascii=False)


def decode_labels(encoded: Mapping[str, str]) -> dict[str, LabelValue]:
    return {key: decode_label(text) for key, text in encoded.items()}


def contained(required: Mapping[str, str], offered: Mapping[str, str]) -> bool:
    """Whether every required label (encoded) is among the offered ones (encoded)."""
    return all(offered.get(key) == text for key, text in required.items())


def check_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Tags are for finding runs: str to str. Raises LabelError naming the key."""
    tags = tags or {}
    if not isinstance(tags, Mapping):
        raise LabelError(f"tags are a {type(tags).__name__}: give a dict")
    if len(tags) > MAX_LABELS:
        raise LabelError(f"{len(tags)} tags: at most {MAX_LABELS} per run")
    for key, value in tags.items():
        if not isinstance(key, str) or not key or "=" in key:  # type: ignore[redundant-expr]
            raise LabelError(f"tag key {shown(key)} must be a non-empty str without '='")
        _text(key, f"tag key {key[:40]!r}")
        if not isinstance(value, str):
            raise LabelError(f"tag {key!r} is a {type(value).__name__}: tags are str")
        _text(value, f"the value of tag {key!r}")
    return dict(tags)


def _text(value: str, place: str) -> str:
    if len(value) > MAX_TEXT:
        raise LabelError(f"{place} has {len(value)} characters: at most {MAX_TEXT}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise LabelError(f"{place} holds NUL or a lone surrogate, which no database stores")
    return value
