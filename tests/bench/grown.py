"""A store filled with a long history and one with little, compared by :mod:`tests.bench.growth`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sagewai import open_store
from tests.bench import stock
from tests.bench.growth import FULL, SMALL, growth
from tests.bench.work import Task


async def grown(task: Task) -> dict[str, Any]:
    """Every figure of both; in the full one ``task.runs`` have ended."""
    full, small = open_store(task.place), open_store(task.beside)
    for store, content in ((full, replace(FULL, ended=task.runs)), (small, SMALL)):
        await store.initialize()
        await stock.fill(store, content)
    return {"grown": [asdict(figure) for figure in await growth(full, small)]}
