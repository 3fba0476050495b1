"""Which store is meant where none is named: that of the run this code executes in, else the user's default."""

from __future__ import annotations

from contextvars import ContextVar

from sagewai.core.stores.base import Store
from sagewai.core.stores.url import default_url, shared_store

_store: ContextVar[Store | None] = ContextVar("sagewai_store", default=None)


def store_in_use() -> Store:
    """The store of the run around this code, else ``SAGEWAI_STORE``, else the user's SQLite file."""
    return _store.get() or shared_store(default_url())


def use(store: Store) -> None:
    """Let what runs in this context find ``store``; workflows that have one of their own keep it."""
    _store.set(store)
