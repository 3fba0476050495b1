"""The only door to stores and verbs: what comes out is safe to draw, what goes in is pinned to an id."""

from tui.gateway.door import INTERVAL, Door, Missing, Unreachable, open_store
from tui.gateway.reads import Gateway

__all__ = ["INTERVAL", "Door", "Gateway", "Missing", "Unreachable", "open_store"]
