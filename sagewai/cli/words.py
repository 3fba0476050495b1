"""Short words for tables: ages, clock times, statuses, labels, payloads. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from sagewai.core.money import money
from sagewai.models.actor import Actor
from sagewai.models.call import Budget, Spent
from sagewai.models.run import ErrorInfo, LabelValue, Run


def age(then: datetime | None, now: datetime) -> str:
    """``12s``, ``3m``, ``2h``, ``5d`` ago; with a ``+`` in front when it lies ahead; ``-`` for never."""
    if then is None:
        return "-"
    seconds = (now - then).total_seconds()
    return span(seconds) if seconds > -1 else "+" + span(-seconds)


def span(seconds: float) -> str:
    """A duration in its largest unit."""
    seconds = max(seconds, 0.0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size or (unit == "m" and seconds >= size):
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def clock(at: datetime) -> str:
    """``2025-11-22 21:08:31Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def status(run: Run) -> str:
    """``waiting/approval``, ``running!cancel`` while an ask isn't honoured yet, else the status."""
    word = f"{run.status}/{run.wait}" if run.wait is not None else str(run.status)
    return f"{word}!{run.asked}" if run.asked is not None else word


def step(run: Run) -> str:
    """``review 2/3``: where it stands and how many steps are recorded."""
    done = f"{run.steps_done}/{run.steps_total}" if run.steps_total else str(run.steps_done)
    return f"{run.step} {done}" if run.step else done


def tries(run: Run) -> str:
    return f"{run.attempt}/{run.max_attempts}"


def labels(values: Mapping[str, LabelValue]) -> str:
    """As they are typed on the command line: ``gpu=true zone=eu n="1"``."""
    return " ".join(f"{key}={_label(value)}" for key, value in values.items())


def tags(values: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def error(info: ErrorInfo) -> str:
    return f"{info.code}: {info.message}" if info.message else info.code


def actor(value: Actor) -> str:
    """``alice@ops1 (os)``: the name and how sure we are of it."""
    return f"{value.name} ({value.assurance})"


def count(number: int, noun: str) -> str:
    """``1 character``, ``2,000 characters``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def took(seconds: float) -> str:
    """``0.42s``, ``3m``."""
    return f"{max(seconds, 0.0):.2f}s" if seconds < 100 else span(seconds)


def cost(spent: Spent) -> str:
    """What calls cost together; that of those without a known price is unknown, never nothing."""
    if not spent.unpriced:
        return money(spent.cost)
    return "unknown" if spent.unpriced >= spent.calls else f"{money(spent.cost)} + {spent.unpriced:,} unknown"


def budget(value: Budget) -> str:
    """``$1.00 and 20,000 tokens, then it asks``."""
    limits = [] if value.usd is None else [money(value.usd)]
    limits += [] if value.tokens is None else [count(value.tokens, "token")]
    return f"{' and '.join(limits)}, then it {'asks' if value.on_exceed == 'approve' else 'fails'}"


def pretty(value: object) -> str:
    """A JSON value over several lines."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _label(value: LabelValue) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    looks_typed = value in {"True", "False"}
    try:
        json.loads(value)
        looks_typed = True
    except (ValueError, RecursionError):
        pass
    return json.dumps(value, ensure_ascii=False) if looks_typed else value
