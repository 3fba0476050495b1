"""`python -m tests.bench`: measure what DESIGN promises, print it as a table, and write it as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bench import Bench, Broken
from tests.bench.figures import Row
from tests.bench.sections import ALWAYS, IF_ASKED, section
from tests.bench.table import document, table


def main(arguments: Sequence[str] | None = None) -> int:
    given = options().parse_args(arguments)
    names = given.only or [*ALWAYS, *(name for name in IF_ASKED if getattr(given, name))]
    stores = (given.store,) if given.store else ("postgres", "sqlite")
    began, load = time.monotonic(), os.getloadavg()[0]
    rows: list[Row] = []
    broken = 0
    with Bench(stores, given.peers, given.quick, given.absurd_sql) as bench:
        about = {
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "server": str(bench.server) if "postgres" in stores else None,
            "quick": given.quick,
            "load before": round(load, 1),
        }
        for name in names:
            try:
                for row in section(name)(bench):
                    rows.append(row)
                    print(f"  {time.monotonic() - began:4.0f} s  {row.name}", file=sys.stderr, flush=True)
            except Broken as error:
                broken += 1
                bench.note(str(error))
        about |= {"seconds": round(time.monotonic() - began), "load after": round(os.getloadavg()[0], 1)}
        about |= {"notes": bench.notes}
    print(table(rows, given.peers))
    print("\n".join(f"{what}: {told}" for what, told in about.items() if told not in (None, [])))
    if given.json is not None:
        given.json.write_text(json.dumps(document(rows, about), indent=1), "utf-8")
    return 1 if broken else 0


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m tests.bench", description="Measures in fresh processes, on databases of its own."
    )
    parser.add_argument(
        "--peers", action="store_true", help="beside DBOS, absurd and pgqueuer (the extra `bench`)"
    )
    parser.add_argument("--store", choices=("postgres", "sqlite", "memory"), help="this one only")
    parser.add_argument(
        "--quick", action="store_true", help="one short round: two minutes instead of fifteen"
    )
    parser.add_argument("--only", nargs="+", choices=(*ALWAYS, *IF_ASKED), help="these parts only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample here")
    parser.add_argument(
        "--absurd-sql",
        default=os.environ.get("ABSURD_SQL", ""),
        metavar="FILE",
        help="absurd's sql/absurd.sql from its repository: its package doesn't bring it",
    )
    for name in IF_ASKED:
        parser.add_argument(f"--{name}", action="store_true", help="this part too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
