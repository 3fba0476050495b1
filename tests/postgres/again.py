"""Databases that are used again: to make and to drop one costs the file system more than most tests cost in all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import asyncpg

from tests.postgres.server import PostgresServer

GROWTH = 4_000_000
"""Bytes that a database may have grown by: what large tables leave behind would slow who comes next."""

SHAPE = """
select jsonb_agg(to_jsonb(part))::text as shape from (
          select 'class' as what, count(*), max(xmin::text::bigint) from pg_class
union all select 'attribute', count(*), max(xmin::text::bigint) from pg_attribute
union all select 'attrdef', count(*), max(xmin::text::bigint) from pg_attrdef
union all select 'constraint', count(*), max(xmin::text::bigint) from pg_constraint
union all select 'index', count(*), max(xmin::text::bigint) from pg_index
union all select 'trigger', count(*), max(xmin::text::bigint) from pg_trigger
union all select 'rewrite', count(*), max(xmin::text::bigint) from pg_rewrite
union all select 'policy', count(*), max(xmin::text::bigint) from pg_policy
union all select 'proc', count(*), max(xmin::text::bigint) from pg_proc
union all select 'type', count(*), max(xmin::text::bigint) from pg_type
union all select 'namespace', count(*), max(xmin::text::bigint) from pg_namespace
union all select 'default acl', count(*), max(xmin::text::bigint) from pg_default_acl
union all select 'extension', count(*), max(xmin::text::bigint) from pg_extension
union all select 'event trigger', count(*), max(xmin::text::bigint) from pg_event_trigger
union all select 'statistic', count(*), max(xmin::text::bigint) from pg_statistic
union all select 'sequence', count(*), max(xmin::text::bigint) from pg_sequence
union all select 'large object', count(*), max(xmin::text::bigint) from pg_largeobject_metadata
union all select 'migration', count(*), max(xmin::text::bigint) from sagewai.migrations
union all select 'database', count(*), max(xmin::text::bigint) from pg_database where datname = current_database()
union all select 'setting', count(*), max(xmin::text::bigint) from pg_db_role_setting
           where setdatabase = (select oid from pg_database where datname = current_database())
) part
"""
"""Changes with every statement that changes more than the rows of tables: with a table, a right, a function, a setting,
what is known of how values spread, or the migrations that were made."""

ALONE = """
select pg_terminate_backend(pid, 10000) from pg_stat_activity
 where datname = current_database() and pid <> pg_backend_pid()
"""

EMPTY_EVERY_TABLE = """
DO $$
DECLARE
  -- In one statement, at whose end nothing refers to anything any more. Not TRUNCATE: it makes and syncs new files for
  -- every table and index, which takes twenty times as long.
  deletes text := (
    SELECT string_agg(format('%I AS (DELETE FROM %I.%I)', tablename, schemaname, tablename), ', ') FROM pg_tables
     WHERE schemaname = 'sagewai' AND tablename NOT IN ('migrations', 'audit')
  );
  audited boolean;
BEGIN
  IF deletes IS NULL THEN -- there isn't even a schema
    RETURN;
  END IF;
  FOR pass IN 1..2 LOOP -- what triggers wrote goes last
    EXECUTE 'WITH ' || deletes || ' SELECT';
    EXECUTE 'SELECT EXISTS (SELECT FROM sagewai.audit)' INTO audited;
    IF audited THEN -- it refuses to lose anything
      ALTER TABLE sagewai.audit DISABLE TRIGGER audit_stays;
      DELETE FROM sagewai.audit;
      ALTER TABLE sagewai.audit ENABLE ALWAYS TRIGGER audit_stays;
    END IF;
  END LOOP;
  PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
     FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


@dataclass(slots=True)
class _Kept:
    """A database, what drops it, and how it looked when it was last empty."""

    name: str
    made: ExitStack
    shape: str
    size: int


class Again:
    """Hands out copies of a template, each to one test at a time.

    What comes back is emptied for the next test where rows are all that changed in it; else it is dropped.
    """

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[_Kept] = []

    @contextmanager
    def database(self) -> Iterator[str]:
        """The name of a database like the template, which nobody else uses meanwhile."""
        kept = self._free.pop() if self._free else self._copy()
        with ExitStack() as dropped:
            dropped.push(kept.made)
            yield kept.name
            if self._apart(kept.name, _emptied(kept)):
                dropped.pop_all()
                self._free.append(kept)

    def close(self) -> None:
        """Drop what was kept."""
        for kept in self._free:
            kept.made.close()
        self._free.clear()

    def _copy(self) -> _Kept:
        made = ExitStack()
        kept = _Kept(made.enter_context(self._server.database(self._template)), made, "", 0)
        self._apart(kept.name, _looked_at(kept))
        return kept

    def _apart(self, name: str, look: Callable[[asyncpg.Connection], Awaitable[bool]]) -> bool:
        """On a connection of its own, with or without a running event loop."""

        async def looked() -> bool:
            connection = await asyncpg.connect(self._server.url(name), timeout=30, command_timeout=60)
            try:
                return await look(connection)
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as apart:
            return apart.submit(asyncio.run, looked()).result()


def _looked_at(kept: _Kept) -> Callable[[asyncpg.Connection], Awaitable[bool]]:
    async def look(connection: asyncpg.Connection) -> bool:
        kept.shape, kept.size = await _shape(connection), await _size(connection)
        return True

    return look


def _emptied(kept: _Kept) -> Callable[[asyncpg.Connection], Awaitable[bool]]:
    async def empty(connection: asyncpg.Connection) -> bool:
        await connection.execute(ALONE)
        if await _shape(connection) != kept.shape or await _size(connection) > kept.size + GROWTH:
            return False
        await connection.execute(EMPTY_EVERY_TABLE)
        kept.shape = await _shape(connection)  # the audit's guard was off for a moment
        return True

    return empty


async def _shape(connection: asyncpg.Connection) -> str:
    """Nothing where the schema is gone."""
    try:
        return str(await connection.fetchval(SHAPE))
    except asyncpg.UndefinedTableError:
        return ""


async def _size(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("select pg_database_size(current_database())"))
