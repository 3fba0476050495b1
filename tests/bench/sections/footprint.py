"""How long the import takes."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from importlib.util import find_spec

from tests.bench.bench import ROOT, Bench
from tests.bench.figures import Row, Samples

TIMES = 5
TIMES_QUICK = 2
PACKAGES = {"sagewai": "sagewai", "dbos": "dbos", "absurd": "absurd_sdk", "pgqueuer": "pgqueuer"}


def measure(bench: Bench) -> Iterable[Row]:
    taken: Samples = defaultdict(list)
    for _ in range(TIMES_QUICK if bench.quick else TIMES):
        for who in bench.contenders(None, "dbos", "absurd", "pgqueuer"):
            if find_spec(PACKAGES[who]) is not None:
                taken[who].append(_milliseconds(PACKAGES[who]))
    yield Row("import", "ms", "≤ 150", taken)


def _milliseconds(package: str) -> float:
    code = f"import time; t = time.perf_counter(); import {package}; print((time.perf_counter() - t) * 1000)"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return float(said.stdout)
