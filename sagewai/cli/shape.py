"""Models as plain JSON values: the models' field names, times as ISO 8601 in UTC, labels with their types. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

from sagewai.models.approval import Approval, Decision
from sagewai.models.call import Spent
from sagewai.models.wait import Signal, Wait

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain(value: object) -> object:
    """A model, or a collection of models, as JSON values."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(str(plain(entry)) for entry in value)
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Spent):
        return spent(value)
    if is_dataclass(value) and not isinstance(value, type):
        return model(value)
    return str(value)


def model(value: DataclassInstance) -> dict[str, object]:
    """One model as a JSON object."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def spent(value: Spent) -> dict[str, object]:
    """A sum over model calls: ``cost`` is null where the price of no call is known."""
    return {**model(value), "cost": None if value.unpriced and value.unpriced >= value.calls else value.cost}


def approval(value: Approval) -> dict[str, object]:
    """An approval with its context, and a decision's payload, as the JSON they are."""
    shape = {**model(value), "context": payload(value.context)}
    shape["decision"] = None if value.decision is None else _decision(value.decision)
    shape["decisions"] = [_decision(each) for each in value.decisions]
    shape["policy"] = {**model(value.policy), "edit_schema": payload(value.policy.edit_schema)}
    return shape


def signal(value: Signal) -> dict[str, object]:
    """A signal with its payload as the JSON it is."""
    return {**model(value), "payload": payload(value.payload)}


def wait(value: Wait) -> dict[str, object]:
    """A wait with what it got as the JSON it is."""
    return {**model(value), "payload": payload(value.payload)}


def _decision(value: Decision) -> dict[str, object]:
    return {**model(value), "payload": payload(value.payload)}


def payload(text: str | None) -> object:
    """The value of recorded JSON text; the text itself where somebody altered it to something else."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def timestamp(value: datetime) -> str:
    """``2025-11-22T21:08:31.123456Z``."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
