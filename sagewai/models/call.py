"""Recorded calls: what a step asked of models, or of functions it wants called once, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CallKind = Literal["model", "once", "void"]
"""``void`` is no call: from it on, the step's calls of before answer nothing any more (see CallRecord.round)."""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that was made, as the run's owner hands it over, under its token.

    Identified within the run by (seq, branch, name, position, round, digest): the step, the path of parallel branches,
    the agent or the name given to ``once``, the how-manieth of that name there (from 1), how many voids came before,
    and the SHA-256 (hex) of what was asked. ``request`` and ``response`` are JSON text; ``request`` is None where it
    was longer than the store's payload limit. ``cost`` in USD, None where the model's price isn't known; ``latency``
    in seconds.
    """

    key: int
    token: int
    seq: int
    step: str
    attempt: int
    branch: str
    name: str
    position: int
    round: int
    kind: CallKind
    digest: str
    request: str | None
    response: str
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    latency: float = 0.0

    @property
    def size(self) -> int:
        """Roughly how many bytes it adds to a batch."""
        return 300 + len(self.request or "") + len(self.response)


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call as it is read. The fields are those of :class:`CallRecord`."""

    id: int
    run_id: str
    seq: int
    step: str
    attempt: int
    branch: str
    name: str
    position: int
    round: int
    kind: CallKind
    digest: str
    request: str | None
    response: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    latency: float
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum over model calls. ``cost`` in USD is that of the calls whose price is known; ``unpriced`` counts the
    others: what they cost is unknown, not nothing."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent on one workflow, model or day (UTC, ``2026-11-23``), which ``key`` names."""

    key: str
    spent: Spent


@dataclass(frozen=True, slots=True)
class Budget:
    """What the model calls of one run may cost; exceeded, the run asks a person (``approve``) or fails (``fail``).

    ``usd`` counts calls whose price is known, ``tokens`` counts all. At least one of them is given.
    """

    usd: float | None = None
    tokens: int | None = None
    on_exceed: Literal["approve", "fail"] = "approve"


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of what a model is saying right now, for whoever watches: best effort, never part of a promise."""

    run_id: str
    step: str
    name: str
    text: str
    at: datetime
