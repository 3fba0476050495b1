"""The reference store: plain Python in one process, clear rather than fast: the oracle of the contract suite.

``rows`` what is kept · ``state`` the tables, their indexes and the changes that keep them true · ``submit``,
``sessions``, ``claim`` how runs meet their owners · ``fork`` runs made from others · ``moves`` what owners do,
``waits`` what they wait for · ``sweep`` what time does · ``decisions``, ``attention``, ``operations`` what people do ·
``views``, ``pages`` reading · ``hints`` waking · ``store`` the whole, under one lock.
"""

from __future__ import annotations

from sagewai.core.stores.memory.store import InMemoryStore

__all__ = ["InMemoryStore"]
