"""The headless twin of each action: the command line that would have done the same. Pure."""

from __future__ import annotations

import shlex
from typing import Literal

RunVerb = Literal["cancel", "pause", "resume", "retry", "discard"]
WorkerVerb = Literal["drain", "pause", "resume"]
Decided = Literal["approve", "reject"]

_NOUNS: dict[RunVerb, str] = {
    "cancel": "runs",
    "pause": "runs",
    "resume": "runs",
    "retry": "dlq",
    "discard": "dlq",
}


def operate(verb: RunVerb, run_id: str, reason: str = "") -> str:
    """``sagewai runs cancel RUN --reason …``."""
    return _line(_NOUNS[verb], verb, run_id, reason=reason)


def decide(verdict: Decided, run_id: str, digest: str, reason: str) -> str:
    """``sagewai approvals approve RUN --digest D --reason …``."""
    return _line("approvals", verdict, run_id, digest=digest, reason=reason)


def worker(verb: WorkerVerb, name: str, reason: str = "") -> str:
    """``sagewai workers drain NAME``."""
    return _line("workers", verb, name, reason=reason)


def _line(*words: str, **options: str) -> str:
    named = [word for option, value in options.items() if value for word in (f"--{option}", value)]
    return shlex.join(["sagewai", *words, *named])
