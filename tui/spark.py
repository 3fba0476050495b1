"""Many numbers as one line of blocks, the tallest for the largest; what is nothing is a dot. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

BLOCKS = "·▁▂▃▄▅▆▇█"
PLAIN = ".:-=+*#%@"
"""From nothing to the most; the second for terminals that draw ASCII alone."""


def spark(values: Sequence[float], cells: int, *, ascii_only: bool = False, log: bool = False) -> str:
    """At most ``cells`` characters, oldest first; where there are more values than cells, neighbours share one, which
    stands for the largest of them. ``log``: each step up is a multiple, so that one giant doesn't flatten the rest."""
    ramp = PLAIN if ascii_only else BLOCKS
    shared = pooled(values, cells, max)
    heights = [math.log1p(value / _least(shared)) if log else value for value in shared]
    top = max(heights, default=0.0)
    return "".join(ramp[_step(height, top, len(ramp) - 1)] for height in heights)


def pooled(
    values: Sequence[float], cells: int, into: Callable[[Sequence[float]], float]
) -> tuple[float, ...]:
    """At most ``cells`` values: as many neighbours as it takes become one. The newest stand alone last."""
    if cells <= 0:
        return ()
    each = -(-len(values) // cells)
    if each <= 1:
        return tuple(values)
    odd = len(values) % each
    starts = [*([0] if odd else []), *range(odd, len(values), each)]
    return tuple(into(values[start : each + start if start >= odd else odd]) for start in starts)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of them don't exceed; of none, 0."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0


def _step(height: float, top: float, most: int) -> int:
    return 0 if height <= 0 or top <= 0 else max(1, round(most * height / top))


def _least(values: Sequence[float]) -> float:
    return min((value for value in values if value > 0), default=1.0)
