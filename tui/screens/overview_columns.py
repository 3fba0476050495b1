"""The columns of the Overview's tables, and what an empty one says."""

from __future__ import annotations

from tui.format import Cell, Role
from tui.widgets.columns import Column

DEEDS = (
    Column("age", "AGE", 4, align="right"),
    Column("who", "WHO", 10, weight=1, most=30),
    Column("did", "DID", 26, weight=4, most=60),
    Column("said", "OUTCOME, REASON", 15, weight=3, most=60),
    Column("how", "VIA", 12, weight=1, most=18, rank=2),
    Column("twin", "WITHOUT A CONSOLE", 24, weight=3, most=90, rank=1),
)
JOBS = (
    Column("state", "STATE", 7),
    Column("job", "JOB", 3, most=6, align="right"),
    Column("verb", "VERB", 7),
    Column("progress", "PROGRESS", 16, weight=3, most=26),
    Column("refused", "REFUSED", 7, align="right", rank=1),
    Column("age", "AGE", 4, align="right", rank=2),
    Column("by", "BY", 8, weight=1, most=30, rank=3),
    Column("reason", "REASON", 8, weight=2, most=60, rank=4),
)
NO_DEEDS = (Cell("nobody has done anything yet", Role.DIM),)
NO_JOBS = (Cell("no bulk jobs", Role.DIM),)
NO_ERRORS = (Cell("no dead letters", Role.DIM),)
