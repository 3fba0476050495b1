"""The bench's parts by name. A part is a module with `measure(bench)`, which gives its rows; imported when asked for.

A new part is a line here and a module; one that isn't always measured is named by an option of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import MappingProxyType

from tests.bench.bench import Bench
from tests.bench.figures import Row

Measure = Callable[[Bench], Iterable[Row]]

ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "steps": "tests.bench.sections.steps",
        "drain": "tests.bench.sections.drain",
        "latency": "tests.bench.sections.latency",
        "lookups": "tests.bench.sections.lookups",
        "footprint": "tests.bench.sections.footprint",
    }
)

IF_ASKED: Mapping[str, str] = MappingProxyType(
    {"growth": "tests.bench.sections.growth", "console": "tests.bench.sections.console"}
)
"""By the option that asks for it."""


def section(name: str) -> Measure:
    measure: Measure = import_module({**ALWAYS, **IF_ASKED}[name]).measure
    return measure
