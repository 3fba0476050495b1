"""A database that comes back is like new, or it isn't handed out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import asyncpg
import pytest

from sagewai.core.stores.postgres import PostgresStore
from sagewai.models.status import RunStatus
from tests.contract.scene import Scene
from tests.postgres.again import SHAPE, Again
from tests.postgres.server import PostgresServer

FILLED = """
select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace
 where nspname = 'sagewai' and relkind = 'r' and relname <> 'migrations'
   and query_to_xml(format('select from sagewai.%I limit 1', relname), false, true, '')::text like '%row%'
 union all
select sequencename from pg_sequences where last_value is not null
"""


@pytest.fixture
def again(postgres_server: PostgresServer, migrated_template: str) -> Iterator[Again]:
    with closing(Again(postgres_server, migrated_template)) as opened:
        yield opened


async def test_rows_are_gone_and_numbers_begin_anew(again: Again, postgres_server: PostgresServer) -> None:
    with again.database() as first:
        async with PostgresStore(postgres_server.url(first)) as store:
            scene = Scene(store)
            await scene.run_in(RunStatus.REJECTED)
        filled = {row["relname"] for row in postgres_server.execute(FILLED, first)}
        assert {"runs", "events", "approvals", "decisions", "audit", "runs_id_seq"} <= filled
    with again.database() as second:
        assert second == first
        assert postgres_server.execute(FILLED, second) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            postgres_server.execute("delete from sagewai.audit", second)


MORE_THAN_ROWS = (
    "alter table sagewai.runs add column more text",
    "create table sagewai.more ()",
    "create index on sagewai.runs (status)",
    "alter table sagewai.runs disable trigger all",
    "drop table sagewai.more",
    "grant select on sagewai.runs to public",
    "grant usage on schema sagewai to public",
    "grant update (status) on sagewai.runs to public",
    "create or replace function sagewai.more() returns int language sql as 'select 1'",
    "do $$ begin execute format('alter database %I set work_mem = 65', current_database()); end $$",
    "do $$ begin execute format('grant create on database %I to public', current_database()); end $$",
    "update sagewai.migrations set checksum = '' where number = 1",
    "analyze sagewai.migrations",
)


def test_what_changed_in_more_than_rows_is_not_handed_out_again(
    again: Again, postgres_server: PostgresServer
) -> None:
    with again.database() as first:
        shapes = [postgres_server.execute(SHAPE, first)]
        for statement in MORE_THAN_ROWS:
            postgres_server.execute(statement, first)
            shapes.append(postgres_server.execute(SHAPE, first))
            assert shapes[-1] != shapes[-2], statement
    with again.database() as second:
        assert second != first
    assert first not in [row["datname"] for row in postgres_server.execute("select datname from pg_database")]


async def test_whoever_is_still_connected_is_cut_off(again: Again, postgres_server: PostgresServer) -> None:
    with again.database() as name:
        left = await asyncpg.connect(postgres_server.url(name))
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)):
        await left.execute("select 1")
    await left.close()
