"""The reference store: plain Python in one process, clear rather than fast: the oracle of the contract suite.

``rows`` what is kept · ``state`` the tables, their indexes and the changes that keep them true · ``submit``,
``sessions``, ``claim`` how runs meet their owners · ``moves`` what owners do · ``sweep`` what time does ·
``decisions``, ``operations`` what people do · ``views``, ``pages`` reading · ``hints`` waking · ``store`` the whole,
under one lock.
"""

from __future__ import annotations

from sagewai.core.stores.memory.store import InMemoryStore

__all__ = ["InMemoryStore"]
