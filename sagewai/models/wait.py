"""Timers and signals: what a step waits for besides people, and what was sent to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sagewai.models.actor import Actor
from sagewai.models.status import WaitStatus

WaitKind = Literal["timer", "signal"]


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """What a step waits for when it parks, identified within its run by (step, branch, key).

    ``key`` is kind and name, then the caller's key or ``#n``, a position among the unnamed ones of its branch, kind and
    name: ``timer #1``, ``signal paid #2``. ``name`` is the signal's, '' for a timer. It is due ``delay`` seconds after
    the park, or at ``until`` (aware), by the store's clock; a signal without either is waited for without end.
    """

    step: str
    branch: str
    key: str
    kind: WaitKind
    name: str = ""
    delay: float | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A recorded one. A signal's is FIRED with the signal's ``payload`` (JSON text) and ``sender``, EXPIRED when it was
    due first; a timer's is FIRED when it was due. It keeps its first ``due_at``, however often the step asks again."""

    run_id: str
    step: str
    branch: str
    key: str
    kind: WaitKind
    name: str
    status: WaitStatus
    asked_at: datetime
    due_at: datetime | None
    settled_at: datetime | None = None
    payload: str | None = None
    sender: Actor | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something sent to a run. It is kept until a step of the run waits for its name; one wait takes one signal, the
    oldest first. ``payload`` is JSON text."""

    id: int
    run_id: str
    name: str
    payload: str
    sent_at: datetime
    sender: Actor
    taken: bool
