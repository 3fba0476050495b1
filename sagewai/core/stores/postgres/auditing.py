"""The audit as it is read. The database writes it by itself, with each event that a person caused."""

from __future__ import annotations

from sagewai.core.stores.postgres import statements
from sagewai.core.stores.postgres.database import Database
from sagewai.models.history import AuditEntry


async def list_audit(database: Database, after: int, limit: int) -> list[AuditEntry]:
    found = await database.fetch(statements.LIST_AUDIT, after, max(limit, 0))
    return [AuditEntry(**row) for row in found]
