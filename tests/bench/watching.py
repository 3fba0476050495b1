"""`python -m tests.bench.watching URL INTERVAL FILE`: the console, looking so often; a byte in FILE for each look."""

from __future__ import annotations

import sys
from pathlib import Path

from sagewai import Actor
from tui.app import ConsoleApp
from tui.views import Totals


def watch(url: str, interval: float, counted: Path) -> None:
    app = ConsoleApp(
        url, actor=Actor("bench", source="api", assurance="api"), read_only=True, interval=interval
    )
    look = app.gateway.totals

    async def totals() -> Totals:
        with counted.open("ab") as file:
            file.write(b".")
        return await look()

    app.gateway.totals = totals  # type: ignore[method-assign] # the console's own loop, counted
    app.run(mouse=False)


if __name__ == "__main__":
    watch(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
