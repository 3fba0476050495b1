"""What the inbox lists: its filter words, and the amounts and spans of time that are typed into its prompts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from tui.filters import FilterError

if TYPE_CHECKING:
    from sagewai.models.approval import Approval

WORDS = ("snoozed", "all", "mine", "free", "wf:", "pool:")
SPANS = ("15m", "1h", "4h")
"""Offered for a snooze."""

_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST = 30 * 86_400


class AnswerError(ValueError):
    """What was typed can't be taken; the text says what would do. It holds nothing of what was typed."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Which pending approvals to list. ``asleep``: those that somebody snoozed, too or alone."""

    text: str = ""
    asleep: Literal["no", "too", "only"] = "no"
    claim: Literal["", "mine", "free"] = ""
    workflow: str = ""
    pool: str = ""
    prefix: str = ""

    @property
    def is_sifted(self) -> bool:
        """Whether the store gives more than is listed."""
        return self.asleep == "only" or self.claim != "" or bool(self.workflow or self.pool or self.prefix)

    def keeps(self, approval: Approval, me: str) -> bool:
        """``me`` is the name this console acts under."""
        claimed = approval.claimed_by
        return (
            (self.asleep != "only" or approval.snoozed_until is not None)
            and (self.claim != "mine" or claimed == me)
            and (self.claim != "free" or claimed is None or claimed == me)
            and fnmatchcase(approval.workflow, self.workflow or "*")
            and (not self.pool or approval.pool == self.pool)
            and approval.run_id.startswith(self.prefix)
        )


def parse(text: str) -> Inbox:
    """``snoozed``, ``all``, ``mine``, ``free``, ``wf:refund*``, ``pool:bank``, or the beginning of a run id. Raises
    FilterError."""
    found = Inbox(text=" ".join(text.split()))
    for word in text.split():
        key, colon, value = word.partition(":")
        if word == "snoozed":
            found = replace(found, asleep="only")
        elif word == "all":
            found = replace(found, asleep="too")
        elif word == "mine":
            found = replace(found, claim="mine")
        elif word == "free":
            found = replace(found, claim="free")
        elif key == "wf" and value:
            found = replace(found, workflow=value)
        elif key == "pool" and value:
            found = replace(found, pool=value)
        elif colon and key in {"wf", "pool"}:
            raise FilterError(f"{word!r} names nothing: write for instance wf:refund* or pool:bank")
        elif found.prefix:
            raise FilterError(f"{word!r} is a second free word: only one can begin the run id")
        else:
            found = replace(found, prefix=word)
    return found


def completions(text: str) -> list[str]:
    """Whole filter lines that begin with ``text`` and go one word further."""
    before, _, word = text.rpartition(" ")
    lead = f"{before} " if before else ""
    return [f"{lead}{each}" for each in WORDS if word and each.startswith(word)]


def span(text: str) -> float:
    """Seconds, from ``15m``, ``4h`` or ``1d``; 0 wakes. Raises AnswerError."""
    if text == "0":
        return 0.0
    match = re.fullmatch(r"([0-9]{1,6})([mhd])", text, re.ASCII)
    seconds = 0 if match is None else int(match[1]) * _UNITS[match[2]]
    if not 0 < seconds <= _LONGEST:
        raise AnswerError("write 15m, 4h or 1d, at most 30d; 0 brings it back")
    return float(seconds)


def spelled(seconds: float) -> str:
    """What :func:`span` reads: the same length of time."""
    whole = int(seconds)
    for unit in ("d", "h", "m"):
        if whole and whole % _UNITS[unit] == 0:
            return f"{whole // _UNITS[unit]}{unit}"
    return str(whole)


def amount(text: str, units: tuple[str, ...]) -> dict[str, float | int]:
    """A further allowance, from ``1.5`` (where ``units`` has one only, it is of that), ``$1.50``, ``1.5 usd 20000
    tokens``. Raises AnswerError."""
    example = {"usd": "1.5 usd", "tokens": "20000 tokens"}
    wanted = " or ".join(example[unit] for unit in units)
    found: dict[str, float | int] = {}
    rest = text.replace(",", "").strip().lower()
    while rest:
        match = re.match(r"(\$?)([0-9]{1,15}(?:\.[0-9]{1,12})?)\s*(usd|tokens?|)(?:\s+|\Z)", rest, re.ASCII)
        if match is None:
            raise AnswerError(f"write for instance {wanted}")
        dollar, number, word = match.groups()
        unit = "usd" if dollar or word == "usd" else "tokens" if word else units[0] if len(units) == 1 else ""
        if unit not in units or unit in found or (dollar and word.startswith("token")):
            raise AnswerError(f"write for instance {wanted}: this budget bounds {' and '.join(units)}")
        if unit == "tokens" and "." in number:
            raise AnswerError("tokens are whole: write for instance 20000 tokens")
        found[unit] = int(number) if unit == "tokens" else float(number)
        rest = rest[match.end() :]
    if not any(found.values()):
        raise AnswerError(f"it must be more than nothing: write for instance {wanted}")
    return found
