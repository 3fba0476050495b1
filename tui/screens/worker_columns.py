"""The columns of the Workers screen's tables, and what an empty one says."""

from __future__ import annotations

from collections.abc import Sequence

from tui.format import Cell, Role
from tui.keymap import Keymap
from tui.widgets.columns import Column

POOLS = (
    Column("pool", "POOL", 12, weight=2, most=40),
    Column("queued", "QUEUED", 6, align="right"),
    Column("running", "RUNNING", 7, align="right"),
    Column("waiting", "WAITING", 7, align="right", rank=1),
    Column("live", "LIVE", 5, align="right"),
    Column("stale", "STALE", 5, align="right", rank=2),
    Column("capacity", "LOAD", 9, align="right", rank=3),
    Column("oldest", "OLDEST", 6, align="right", rank=1),
    Column("state", "STATE", 8),
)
WORKERS = (
    Column("state", "STATE", 10),
    Column("worker", "WORKER", 16, weight=3, most=36, keep="tail"),
    Column("pool", "POOL", 8, weight=1, most=20, rank=2),
    Column("load", "LOAD", 6, align="right", rank=1),
    Column("beat", "BEAT", 4, align="right"),
    Column("labels", "LABELS", 10, weight=2, most=40, rank=4),
    Column("workflows", "WORKFLOWS", 10, weight=4, most=80, rank=3),
    Column("kind", "KIND", 7, rank=6),
    Column("process", "PROCESS", 14, weight=1, most=30, rank=5, keep="tail"),
    Column("up", "UP", 4, align="right", rank=7),
)
HELD = (
    Column("state", "STATE", 7),
    Column("run", "RUN", 12, weight=3, most=40, keep="tail"),
    Column("workflow", "WORKFLOW", 12, weight=3, most=40),
    Column("step", "STEP", 12, weight=2, most=30),
    Column("try", "TRY", 5, rank=1),
    Column("age", "AGE", 4, align="right"),
)
NO_POOLS = (Cell("no runs and no workers yet", Role.DIM),)
NO_HELD = (Cell("it holds no run now", Role.DIM),)


def no_workers(keys: Keymap) -> Sequence[Cell]:
    """What stands where there are no workers."""
    start = keys.of("start-local", "N")
    return (
        Cell(f"no worker lives: {start} starts one here, or elsewhere: sagewai worker MODULE:NAME", Role.DIM),
    )
