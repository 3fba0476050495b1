"""How long a run waits from the kill of its worker to its next body; and how often a worker lost one for no reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from sagewai.models.history import EventKind
from tests.faults.crew import Hand
from tests.faults.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Recovery:
    """``times`` from each kill to the run's next body, in seconds; ``false`` takeovers of workers nobody had hurt."""

    times: list[float]
    false: int


def recovery(evidence: Evidence, hands: Mapping[str, Hand]) -> Recovery:
    """Judge every takeover that is on record. One whose taker was lost as well, before its body began, is judged as
    part of nothing: that takeover is judged by itself."""
    times, false = [], 0
    for run_id, story in evidence.stories.items():
        takeovers = [event for event in story.events if event.kind is EventKind.TAKEN_OVER]
        tokens = [int(str(event.detail["token"])) for event in takeovers]
        for event, (token, following) in zip(takeovers, pairwise([*tokens, 1 << 62]), strict=True):
            killed_at = hands[str(event.detail["worker"])].killed_at
            if killed_at is None:
                false += 1
                continue
            bodies = [line.at for line in evidence.lines.get(run_id, ()) if token <= line.token < following]
            if bodies:
                times.append(min(bodies) - killed_at)
    return Recovery(times, false)
