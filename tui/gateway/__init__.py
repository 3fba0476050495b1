"""The only door to stores and verbs: what comes out is safe to draw, what goes in is pinned to an id."""

from tui.gateway.door import INTERVAL, Door, Missing, Unreachable, default_url, has_password, open_store
from tui.gateway.reads import Gateway
from tui.gateway.reviewing import Unfit
from tui.gateway.twins import Decided, RunVerb, WorkerVerb

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
    "default_url",
    "has_password",
    "open_store",
]
