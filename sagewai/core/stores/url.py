"""Store URLs: the one place that knows the concrete stores, and imports each only when its URL is opened."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from sagewai.core.stores.base import Store
from sagewai.errors import StoreURLError

FORMS = "sqlite:///path/to/file.db, postgresql://host/database or memory://"


def open_store(url: str) -> Store:
    """The store a URL names; it connects when it is first used. Raises StoreURLError, never showing a password."""
    if not url.strip():
        raise StoreURLError(f"the store URL is empty: use {FORMS}")
    url = url.strip()
    scheme, found, rest = url.partition("://")
    if not found:
        raise StoreURLError(f"a store URL needs a scheme: use {FORMS}")
    if scheme == "memory":
        if rest:
            raise StoreURLError("memory:// takes nothing behind it: each opening is a store of its own")
        from sagewai.core.stores.memory import InMemoryStore

        return InMemoryStore()
    if scheme == "sqlite":
        path = unquote(rest[1:] if rest.startswith("/") else "")
        if not path or "?" in rest or "\0" in path:
            raise StoreURLError(
                "a SQLite store URL is sqlite:/// and a path: sqlite:///runs.db (relative) or sqlite:////var/lib/runs.db"
            )
        from sagewai.core.stores.sqlite import SQLiteStore

        return SQLiteStore(Path(path).expanduser())
    if scheme in {"postgresql", "postgres"}:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise StoreURLError(
                "the PostgreSQL URL can't be read: use postgresql://user@host:port/database"
            ) from None
        from sagewai.core.stores.postgres import PostgresStore

        return PostgresStore(database_url=url)
    raise StoreURLError(f"no store speaks {scheme[:40]!r}: use {FORMS}")


def default_url() -> str:
    """``SAGEWAI_STORE``, else the SQLite file in the user's data directory that the console and the CLI share."""
    configured = os.environ.get("SAGEWAI_STORE", "").strip()
    if configured:
        return configured
    from platformdirs import user_data_path

    return f"sqlite:///{user_data_path('sagewai', appauthor=False) / 'sagewai.db'}"


def has_password(url: str) -> bool:
    """Whether a store URL carries a password, before the host or among its parameters."""
    try:
        parts = urlsplit(url.strip())
        return bool(parts.password) or any(key == "password" for key, _ in parse_qsl(parts.query))
    except ValueError:
        return False


@lru_cache(maxsize=8)
def shared_store(url: str) -> Store:
    """One store object per URL and process, for workflows that name no store of their own."""
    return open_store(url)
