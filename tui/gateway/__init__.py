"""The only door to stores and verbs: what comes out is safe to draw, what goes in is pinned to an id.

What reads and acts costs more to load than the first frame may: it is loaded when it is first named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.gateway.door import (
    INTERVAL,
    Door,
    Missing,
    Unreachable,
    check_url,
    default_url,
    has_password,
    open_store,
)
from tui.gateway.twins import Decided, RunVerb, WorkerVerb

if TYPE_CHECKING:
    from tui.gateway.reads import Gateway
    from tui.gateway.reviewing import Unfit

__all__ = [
    "INTERVAL",
    "Decided",
    "Door",
    "Gateway",
    "Missing",
    "RunVerb",
    "Unfit",
    "Unreachable",
    "WorkerVerb",
    "check_url",
    "default_url",
    "has_password",
    "open_store",
]


def __getattr__(name: str) -> object:
    if name == "Gateway":
        from tui.gateway.reads import Gateway

        return Gateway
    if name == "Unfit":
        from tui.gateway.reviewing import Unfit

        return Unfit
    raise AttributeError(f"module 'tui.gateway' has no attribute {name!r}")
