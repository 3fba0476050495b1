"""Runs by the beginning of their ids, for a line that is being typed."""

from __future__ import annotations

from sagewai.models.page import RunQuery
from tui.gateway.door import Door, Missing, Unreachable

OFFERED = 8
"""Ids that are offered at most."""


async def run_ids(door: Door, prefix: str) -> tuple[str, ...]:
    """Ids that begin so, newest first; those that aren't drawn as they are would not be what they look like, and are
    left out. None while the database doesn't answer."""
    query = RunQuery(prefix=prefix or None, limit=OFFERED)
    try:
        page = await door.read(lambda store: store.list_runs(query))
    except (Missing, Unreachable):
        return ()
    shown = door.shaper.scribe.line
    return tuple(run.run_id for run in page if shown(run.run_id) == run.run_id)
