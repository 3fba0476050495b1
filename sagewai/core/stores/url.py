"""Store URLs: the one place that knows the concrete stores, and imports each only when its URL is opened."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from sagewai.errors import StoreURLError

if TYPE_CHECKING:
    from sagewai.core.stores.base import Store

FORMS = "sqlite:///path/to/file.db, postgresql://host/database or memory://"


def open_store(url: str) -> Store:
    """The store a URL names; it connects when it is first used. Raises StoreURLError or InvalidOptionError, never
    showing a password."""
    scheme, rest = _parted(url)
    if scheme == "memory":
        from sagewai.core.stores.memory import InMemoryStore

        return InMemoryStore()
    if scheme == "sqlite":
        from sagewai.core.stores.sqlite import SQLiteStore

        return SQLiteStore(Path(rest).expanduser())
    from sagewai.core.stores.postgres import PostgresStore

    return PostgresStore(database_url=url.strip())


def check_url(url: str) -> None:
    """Whether :func:`open_store` takes a URL, without loading what opens it. Raises as that does."""
    scheme, _ = _parted(url)
    if scheme == "postgresql":
        from sagewai.core.stores.postgres.target import read_target

        read_target(url)


def _parted(url: str) -> tuple[Literal["memory", "sqlite", "postgresql"], str]:
    """Which store a URL names, and of SQLite its path."""
    if not url.strip():
        raise StoreURLError(f"the store URL is empty: use {FORMS}")
    url = url.strip()
    scheme, found, rest = url.partition("://")
    if not found:
        raise StoreURLError(f"a store URL needs a scheme: use {FORMS}")
    if scheme == "memory":
        if rest:
            raise StoreURLError("memory:// takes nothing behind it: each opening is a store of its own")
        return "memory", ""
    if scheme == "sqlite":
        path = unquote(rest[1:] if rest.startswith("/") else "")
        if not path or "?" in rest or "\0" in path:
            raise StoreURLError(
                "a SQLite store URL is sqlite:/// and a path: sqlite:///runs.db (relative) or sqlite:////var/lib/runs.db"
            )
        return "sqlite", path
    if scheme in {"postgresql", "postgres"}:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            raise StoreURLError(
                "the PostgreSQL URL can't be read: use postgresql://user@host:port/database"
            ) from None
        return "postgresql", ""
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
