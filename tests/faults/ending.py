"""How most faults end: they are over, every run has to end as well, and then everything is judged."""

from __future__ import annotations

from collections.abc import Sequence

from sagewai.core.stores.base import Store
from sagewai.models.history import EventKind
from tests.engine.helpers import until
from tests.faults.evidence import Acknowledged, Evidence, gather
from tests.faults.invariants import broken
from tests.faults.ledger import Ledger
from tests.faults.report import Fault
from tests.faults.waiting import all_over, settled

RESUME = 8.0
"""Seconds after the end of a short outage within which some worker has begun a body: its back-off, and a margin."""


async def judged(
    fault: Fault, store: Store, ledger: Ledger, acknowledged: Acknowledged, *, lease: float, end: float = 30.0
) -> Evidence:
    """I7 within two leases and five seconds from now, every acknowledged run over within ``end`` seconds, then the
    other invariants. Gives what they were judged by."""
    fault.check(await settled(store, within=2 * lease + 5))
    fault.check(await all_over(store, acknowledged.runs, within=end))
    evidence = await gather(store, ledger, acknowledged)
    fault.check(broken(evidence))
    return evidence


def taken_from(evidence: Evidence, *workers: str) -> Sequence[str]:
    """The runs that were taken over from these workers, one entry for each time; from any, where none is named."""
    return [
        run_id
        for run_id, story in evidence.stories.items()
        for event in story.events
        if event.kind is EventKind.TAKEN_OVER and (not workers or event.detail["worker"] in workers)
    ]


async def first_body(ledger: Ledger, *, since: float) -> float:
    """Seconds until a worker begins a body."""

    async def begun() -> float | None:
        return next((line.at for line in ledger.lines() if line.at > since), None)

    begun_at: float = await until(begun, timeout=30)
    return begun_at - since
