"""Finds the line of a TOML document on which something stands: the parser keeps values, not places. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

_PLACE = re.compile(r"(.*) \(at line (\d+), column \d+\)\Z", re.DOTALL)
_END = re.compile(r"(.*) \(at end of document\)\Z", re.DOTALL)


def line_of(text: str, path: Sequence[str]) -> int:
    """The line on which the key at ``path`` begins; 1 where there is none."""
    lines = text.split("\n")
    if not _is_reached(lines, len(lines), path):
        return 1
    before, reached = 0, len(lines)
    while reached - before > 1:
        middle = (before + reached) // 2
        if _is_reached(lines, middle, path):
            reached = middle
        else:
            before = middle
    return reached


def of_error(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, str]:
    """The line of a syntax error, and what is wrong there."""
    said = str(error)
    placed = _PLACE.match(said)
    if placed is not None:
        return int(placed[2]), placed[1]
    ended = _END.match(said)
    return text.rstrip("\n").count("\n") + 1, said if ended is None else f"{ended[1]} at the end"


def _is_reached(lines: Sequence[str], count: int, path: Sequence[str]) -> bool:
    """Whether the key stands on the first ``count`` lines, or in a value that is open behind them."""
    for end in range(count, len(lines) + 1):
        try:
            return _holds(tomllib.loads("\n".join(lines[:end])), path)
        except tomllib.TOMLDecodeError:
            continue
    return False


def _holds(document: object, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True
