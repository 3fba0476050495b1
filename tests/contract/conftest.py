"""The store under examination, empty for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.sqlite import SQLiteStore
from tests.contract.scene import Scene
from tests.postgres.server import PostgresServer

# Not TRUNCATE: it makes and syncs new files for every table and index, which takes twenty times as long.
EMPTY_EVERY_TABLE = """
DO $$
DECLARE
  tables text[] := ARRAY(
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'migrations'
  );
  name text;
BEGIN
  IF to_regclass('sagewai.audit') IS NOT NULL THEN -- it refuses to lose anything
    ALTER TABLE sagewai.audit DISABLE TRIGGER audit_stays;
  END IF;
  FOR pass IN 1..4 LOOP -- what refers to other rows goes first, what triggers write goes last
    FOREACH name IN ARRAY tables LOOP
      BEGIN
        EXECUTE 'DELETE FROM ' || name;
      EXCEPTION WHEN foreign_key_violation THEN
        CONTINUE;
      END;
    END LOOP;
  END LOOP;
  IF to_regclass('sagewai.audit') IS NOT NULL THEN
    ALTER TABLE sagewai.audit ENABLE ALWAYS TRIGGER audit_stays;
  END IF;
END $$
"""


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn. What one test leaves behind, no other sees."""
    opened: Store = request.getfixturevalue(f"{request.param}_store")
    async with opened:
        yield opened


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


@pytest.fixture
def memory_store() -> Store:
    return InMemoryStore()


@pytest.fixture
def sqlite_store(sqlite_path: Path) -> Store:
    return SQLiteStore(sqlite_path)


@pytest.fixture(scope="session")
def examined_database(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for the whole suite: to make one for each test would take most of its time."""
    with postgres_server.database() as name:
        yield name


@pytest.fixture
def postgres_store(postgres_server: PostgresServer, examined_database: str) -> Store:
    postgres_server.execute(EMPTY_EVERY_TABLE, examined_database)
    return PostgresStore(database_url=postgres_server.url(examined_database))
