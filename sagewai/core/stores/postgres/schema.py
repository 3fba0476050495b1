"""The schema brought up to date, or verified where that isn't allowed: under one lock, by one process at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from sagewai.core.stores.migrations import Migration, migrations
from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.pool import Connection
from sagewai.core.stores.postgres.roles import renew_roles
from sagewai.errors import SchemaError

PATIENCE = 3600.0
"""Seconds that one statement of a migration, or waiting for another process's migration, may take."""

_APPLIED = "select number, name, checksum, min_code from sagewai.migrations order by number"
_NOTE = "insert into sagewai.migrations (number, name, checksum, min_code) values ($1, $2, $3, $4)"
_EXISTS = "select to_regclass('sagewai.migrations') is not null"
_LOCK = "select pg_advisory_xact_lock(7283512, 1)"
_MAY_CREATE = """
select coalesce(
         (select has_schema_privilege(oid, 'create') from pg_namespace where nspname = 'sagewai'),
         has_database_privilege(current_database(), 'create')
       )
"""
_WHO = "select current_user"
_OWNER = """
select quote_ident(role.rolname)
  from pg_namespace as space
  join pg_roles as role on role.oid = space.nspowner
 where space.nspname = 'sagewai' and pg_has_role(role.oid, 'member')
"""


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration as the database recorded it."""

    name: str
    checksum: str
    min_code: int


def newest(known: tuple[Migration, ...]) -> int:
    return known[-1].number if known else 0


async def applied_to(connection: Connection) -> dict[int, Applied]:
    """What was applied, by number; nothing where the schema doesn't exist."""
    if not await connection.fetchval(_EXISTS):
        return {}
    rows = await connection.fetch(_APPLIED)
    return {row["number"]: Applied(row["name"], row["checksum"], row["min_code"]) for row in rows}


async def migrate(database: Database) -> None:
    """Apply what is missing, all of it or nothing. Any number of processes may try at once.

    Raises SchemaError when the schema needs newer code, was altered, or may not be changed by this role.
    """
    known = migrations("postgres")
    if not _missing(known, (await look(database))[0], database.target.place):
        return
    async with database.unhurried(PATIENCE) as connection:
        await connection.execute(_LOCK)
        await connection.execute("set local lock_timeout = '10s'")
        applied = await applied_to(connection)
        missing = _missing(known, applied, database.target.place)
        if missing and not await connection.fetchval(_MAY_CREATE):
            raise SchemaError(
                f"{database.target.place} lacks migration {missing[0].number} and role "
                f"{await connection.fetchval(_WHO)!r} may not create it: run `sagewai db migrate` as the schema's owner"
            )
        owner = await connection.fetchval(_OWNER)
        if applied and owner is not None:
            # What is made belongs to one role, whichever of its members makes it.
            await connection.execute(f"set local role {owner}")
        for migration in missing:
            await _apply(connection, migration, database.target.place)
        await renew_roles(connection)


async def require(database: Database) -> None:
    """For a first use without :func:`migrate`: an empty database gets its schema, an outdated one is left alone."""
    found, _ = await look(database)
    if not found:
        await migrate(database)
        return
    missing = _missing(migrations("postgres"), found, database.target.place)
    if missing:
        raise SchemaError(
            f"the schema in {database.target.place} stands at migration {max(found)}, this code needs "
            f"{missing[-1].number}: call initialize(), or run `sagewai db migrate`"
        )


async def look(database: Database) -> tuple[dict[int, Applied], str]:
    """What was applied, and the server's version; changes nothing."""
    async with database.transaction() as connection:
        return await applied_to(connection), str(await connection.fetchval("show server_version"))


async def _apply(connection: Connection, migration: Migration, place: str) -> None:
    try:
        await connection.execute(migration.sql)
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(
            f"migration {migration.number} ({migration.name}) isn't allowed in {place}: {error}: "
            "run `sagewai db migrate` as the schema's owner"
        ) from error
    except asyncpg.LockNotAvailableError as error:
        raise SchemaError(
            f"migration {migration.number} ({migration.name}) waited too long for a lock in {place}: try again when "
            "less runs there"
        ) from error
    await connection.execute(_NOTE, migration.number, migration.name, migration.checksum, migration.min_code)


def _missing(known: tuple[Migration, ...], found: Mapping[int, Applied], place: str) -> tuple[Migration, ...]:
    """What is still to be applied. Raises SchemaError for a schema this code must not touch."""
    needed = max((applied.min_code for applied in found.values()), default=0)
    if needed > newest(known):
        raise SchemaError(
            f"the schema in {place} needs code that knows migration {needed}; this code knows {newest(known)}: "
            "install a newer version"
        )
    for migration in known:
        applied = found.get(migration.number)
        if applied is not None and applied.checksum != migration.checksum:
            raise SchemaError(
                f"migration {migration.number} ({migration.name}) was applied to {place} with other content: "
                "the schema was altered, or comes from another build"
            )
    return tuple(migration for migration in known if migration.number not in found)
