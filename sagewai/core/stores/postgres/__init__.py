"""The PostgreSQL store.

``target`` the URL and its TLS · ``failures`` what a driver's error means · ``pool`` one event loop's connections ·
``database`` statements sent through them · ``hints`` LISTEN · ``schema`` migrations · ``queries/`` every statement,
``statements`` their names · ``words`` and ``rows`` between rows and models, ``names`` small numbers for what many rows
share · ``submitting``, ``sessions``, ``claiming``, ``recording``, ``sweeping``, ``deciding``, ``attending``,
``operating``, ``journaling``, ``reading``, ``listing`` and others the rooms of the contract · ``identity`` who the user
is, ``grants`` and ``roles`` who may do what · ``store`` the contract over all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sagewai.core.stores.postgres.store import PostgresStore

__all__ = ["PostgresStore"]


def __getattr__(name: str) -> object:
    """A URL is judged by ``target`` alone; the driver is loaded for the store."""
    if name == "PostgresStore":
        from sagewai.core.stores.postgres.store import PostgresStore

        return PostgresStore
    raise AttributeError(f"module 'sagewai.core.stores.postgres' has no attribute {name!r}")
