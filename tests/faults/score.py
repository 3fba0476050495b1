"""Judges what became of bad input: refused by a clear error that names the place, or there again as it was."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sagewai.errors import SagewaiError
from tests.faults.corpus import Case

LONGEST_COMPLAINT = 1_000
"""Characters of an error that a person reads to the end."""


@dataclass(slots=True)
class Score:
    """So many were tried, and this is wrong with some."""

    total: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def figure(self) -> str:
        return f"{self.total - len(self.problems)}/{self.total}"

    async def judge(self, place: str, case: Case, put: Callable[[Any], Awaitable[Any]], *words: str) -> None:
        """``put`` hands the value over and gives what came back; an error has to hold one of the ``words``."""
        try:
            back = await put(case.value)
        except SagewaiError as error:
            self.refused(place, case, str(error), *words)
        except Exception as error:
            self.note(
                place, case, f"ended in {type(error).__module__}.{type(error).__name__}: {str(error)[:200]!a}"
            )
        else:
            self.came_back(place, case, back)

    def refused(self, place: str, case: Case, text: str, *words: str) -> None:
        if case.kept:
            self.note(place, case, f"was refused: {text[:200]!a}")
        elif not any(word in text for word in words):
            self.note(place, case, f"was refused without naming {' or '.join(words)}: {text[:200]!a}")
        elif len(text) > LONGEST_COMPLAINT or not text.isprintable():
            self.note(place, case, f"was refused in {len(text)} characters, printable or not: {text[:200]!a}")
        else:
            self.total += 1

    def came_back(self, place: str, case: Case, back: Any) -> None:
        if case.kept is False:
            self.note(place, case, f"was taken, and came back as {_shown(back)}")
        elif not same(case.value, back):
            self.note(place, case, f"came back as {_shown(back)}")
        else:
            self.total += 1

    def note(self, place: str, case: Case | str, what: str) -> None:
        self.total += 1
        self.problems.append(f"{place}: {case!r} {what}")


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return bool(one == other)


def _shown(value: object) -> str:
    try:
        return ascii(value)[:200]
    except Exception as error:
        return f"<a {type(value).__name__} that {error}>"
