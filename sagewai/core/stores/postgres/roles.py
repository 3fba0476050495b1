"""The SQL that makes the roles viewer, operator, approver, worker and owner, and gives them what ``grants`` says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sagewai.core.stores.postgres.database import Database
from sagewai.core.stores.postgres.grants import AUDITORS, BULK, DECIDE, KINDS, OPEN, PAYLOADS, WRITES
from sagewai.core.stores.postgres.pool import Connection
from sagewai.errors import InvalidOptionError

PREFIX = re.compile(r"[a-z][a-z0-9_]{0,47}")

_COLUMNS = """
select class.relname as name, array_agg(quote_ident(attribute.attname) order by attribute.attnum) as columns
  from pg_class as class
  join pg_attribute as attribute on attribute.attrelid = class.oid and attnum > 0 and not attisdropped
 where class.relnamespace = 'sagewai'::regnamespace and class.relname = any ($1::text[])
 group by class.relname
"""
_ROLES = "select rolname from pg_roles where rolname = any ($1::text[])"
_OWNER = """
select role.rolname as name, quote_ident(role.rolname) as quoted, role.rolsuper as is_superuser
  from pg_namespace as space
  join pg_roles as role on role.oid = space.nspowner
 where space.nspname = 'sagewai'
"""
_OWNED = """
select case class.relkind when 'v' then 'view' else 'table' end || ' ' || class.oid::regclass as thing
  from pg_class as class
 where class.relnamespace = 'sagewai'::regnamespace and class.relkind in ('r', 'v')
   and pg_get_userbyid(class.relowner) <> $1
union all
select 'function ' || routine.oid::regprocedure
  from pg_proc as routine
 where routine.pronamespace = 'sagewai'::regnamespace and pg_get_userbyid(routine.proowner) <> $1
 order by 1
"""

_PREFIXES = """
select left(role.name, -length(role.kind)) as prefix
  from sagewai.roles as role
  join pg_roles as known on known.rolname = role.name
 where role.kind = any ($1::text[]) and right(role.name, length(role.kind)) = role.kind
 group by 1
having count(*) = cardinality($1::text[])
"""
"""Of roles that are all still there."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the statements depend on: the schema as it is, and which roles there are."""

    columns: Mapping[str, tuple[str, ...]]
    roles: frozenset[str]
    owner: str
    owner_quoted: str
    owner_is_superuser: bool
    owned_otherwise: tuple[str, ...]


async def plan_roles(database: Database, prefix: str) -> tuple[str, ...]:
    """The statements, in order, for one transaction; they may be applied again and again.

    Raises InvalidOptionError for a prefix that makes no plain role names.
    """
    _check(prefix)
    async with database.transaction() as connection:
        return tuple(_statements(prefix, await _look(connection, prefix)))


async def apply_roles(database: Database, prefix: str) -> tuple[str, ...]:
    """Carry them out, all or none. Raises NotPermitted where that takes more rights."""
    _check(prefix)
    async with database.transaction() as connection:
        await connection.execute("set local lock_timeout = '10s'")
        planned = tuple(_statements(prefix, await _look(connection, prefix)))
        for statement in planned:
            await connection.execute(statement)
    return planned


async def renew_roles(connection: Connection) -> None:
    """Give the roles of a schema that was migrated their rights to what is new, so that its workers go on."""
    if not await connection.fetchval("select to_regclass('sagewai.roles') is not null"):
        return
    for row in await connection.fetch(_PREFIXES, list(KINDS)):
        for statement in _statements(row["prefix"], await _look(connection, row["prefix"])):
            await connection.execute(statement)


def _check(prefix: str) -> None:
    if PREFIX.fullmatch(prefix) is None:
        raise InvalidOptionError(
            f"{prefix[:60]!r} can't begin names of roles: it takes up to 48 of a-z, 0-9 and _, a letter first"
        )


async def _look(connection: Connection, prefix: str) -> _Found:
    columns = await connection.fetch(_COLUMNS, list(PAYLOADS))
    roles = await connection.fetch(_ROLES, [prefix + kind for kind in KINDS])
    owner = await connection.fetchrow(_OWNER)
    owned = await connection.fetch(_OWNED, f"{prefix}owner")
    return _Found(
        columns={row["name"]: tuple(row["columns"]) for row in columns},
        roles=frozenset(row["rolname"] for row in roles),
        owner=owner["name"],
        owner_quoted=owner["quoted"],
        owner_is_superuser=owner["is_superuser"],
        owned_otherwise=tuple(row["thing"] for row in owned),
    )


def _statements(prefix: str, found: _Found) -> Iterator[str]:
    owner = f"{prefix}owner"
    for kind in KINDS:
        if prefix + kind not in found.roles:
            yield f"create role {prefix}{kind} nologin"
    if found.owner != owner:
        if not found.owner_is_superuser:
            yield f"grant {owner} to {found.owner_quoted}"
        yield f"alter schema sagewai owner to {owner}"
    for thing in found.owned_otherwise:
        yield f"alter {thing} owner to {owner}"
    people = [prefix + kind for kind in WRITES]
    everybody = ", ".join(people)
    yield f"revoke all on all tables in schema sagewai from {everybody}"
    yield f"revoke all on all sequences in schema sagewai from {everybody}"
    yield f"revoke all on function {', '.join((*DECIDE, *BULK))} from {everybody}"
    yield f"grant usage on schema sagewai to {everybody}"
    yield f"grant select on {_tables(OPEN)} to {everybody}"
    for table, hidden in PAYLOADS.items():
        shown = [column for column in found.columns.get(table, ()) if column not in hidden]
        yield f"grant select ({', '.join(shown)}) on sagewai.{table} to {prefix}viewer"
    readers = ", ".join(name for name in people if name != f"{prefix}viewer")
    yield f"grant select on {_tables(PAYLOADS)} to {readers}"
    yield f"grant select on sagewai.audit to {', '.join(prefix + kind for kind in AUDITORS)}"
    for kind, groups in WRITES.items():
        for table, rights in sorted(_merged(groups).items()):
            yield f"grant {', '.join(rights)} on sagewai.{table} to {prefix}{kind}"
    yield f"grant usage on sequence sagewai.runs_id_seq to {prefix}operator, {prefix}worker"
    yield f"grant execute on function {', '.join(DECIDE)} to {prefix}approver"
    yield f"grant execute on function {', '.join(BULK)} to {prefix}operator"
    yield "alter table sagewai.inputs enable trigger inputs_attested"
    names = ", ".join(f"('{prefix}{kind}', '{kind}')" for kind in KINDS)
    yield (
        f"insert into sagewai.roles (name, kind) values {names} on conflict (name) do update set kind = excluded.kind"
    )


def _merged(groups: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    merged: dict[str, dict[str, None]] = {}
    for group in groups:
        for table, rights in group.items():
            merged.setdefault(table, {}).update(dict.fromkeys(rights))
    return {table: list(rights) for table, rights in merged.items()}


def _tables(names: Iterable[str]) -> str:
    return ", ".join(f"sagewai.{name}" for name in sorted(names))
