"""Who did it: a name, where from, and how sure we are of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Assurance = Literal["db", "ssh", "os", "api"]
"""``db``: PostgreSQL's session user, the only proven one. ``ssh``: what the session's auth file says, a hint.
``os``: the account. ``api``: a name that was passed in."""


@dataclass(frozen=True, slots=True)
class Actor:
    """``source`` is the door the action came through: api, cli, console, worker or demo."""

    name: str
    source: str = "api"
    assurance: Assurance = "api"


SYSTEM = Actor("sagewai", source="worker", assurance="api")
"""The engine itself: sweeps, takeovers, exhausted retries."""
