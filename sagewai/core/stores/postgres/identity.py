"""Who the store's user is, by the database's word, and what its rights allow."""

from __future__ import annotations

from dataclasses import replace

from sagewai.core.stores.postgres import statements
from sagewai.core.stores.postgres.database import Database
from sagewai.models.actor import Actor
from sagewai.models.right import Identity, Right


async def get_identity(database: Database) -> Identity:
    row = await database.fetchrow(statements.GET_RIGHTS)
    assert row is not None
    rights = frozenset(right for right in Right if row[right.value])
    return Identity(None if row["kinds"] is None else row["name"], rights)


def sign(identity: Identity, actor: Actor) -> Actor:
    """The actor as the database will note it: whoever has rights of their own is the session's user."""
    return actor if identity.name is None else replace(actor, name=identity.name, assurance="db")
