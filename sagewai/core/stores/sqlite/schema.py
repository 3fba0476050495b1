"""The schema of a file: made when the file is new, migrated when asked, and otherwise verified before it is used."""

from __future__ import annotations

from pathlib import Path

from sagewai.core.stores.migrations import Migration, migrations
from sagewai.core.stores.sqlite.connection import Connection
from sagewai.core.stores.sqlite.transaction import Transaction
from sagewai.errors import SchemaError

APPLICATION_ID = 0x53414745
"""``SAGE`` in the file's header, so that another program's database is never taken for ours."""


def expected() -> int:
    """The newest schema this code knows."""
    return len(migrations("sqlite"))


def recorded(tx: Transaction, path: Path) -> int:
    """The schema the file has, 0 for an empty one. Raises SchemaError for another program's database."""
    if tx.value("pragma application_id") == APPLICATION_ID:
        return int(tx.value("pragma user_version"))
    if tx.value("select count(*) from sqlite_schema"):
        raise SchemaError(f"{path} is a database of another program: name another file")
    return 0


def bring_up(connection: Connection, path: Path, *, migrate: bool) -> None:
    """Make a new file's schema, verify an existing one, and with ``migrate`` bring an older one up to date.

    Raises SchemaError when it is older and not to be migrated, needs newer code, or was altered.
    """
    known = migrations("sqlite")
    found = connection.read(lambda tx: recorded(tx, path))
    connection.keep_log()
    if found == 0 or (migrate and found < len(known)):
        connection.transact("begin exclusive", lambda tx: _migrate(tx, path, known))
    if connection.read(lambda tx: _verify(tx, path, known)):
        connection.transact("begin immediate", _forget_statistics)


def _migrate(tx: Transaction, path: Path, known: tuple[Migration, ...]) -> None:
    found = recorded(tx, path)  # another process may have been faster
    if found:
        _refuse_foreign(tx, path, known)
    else:
        tx.script(f"pragma application_id = {APPLICATION_ID}")
        tx.script(
            "create table schema_migrations (number integer primary key, name text not null, checksum text not null, "
            "min_code integer not null, applied_at integer not null) strict"
        )
    for migration in known[found:]:
        tx.script(migration.sql)
        tx.change(
            "insert into schema_migrations (number, name, checksum, min_code, applied_at) values (?, ?, ?, ?, ?)",
            migration.number,
            migration.name,
            migration.checksum,
            migration.min_code,
            tx.now,
        )
    if found < len(known):
        tx.script(f"pragma user_version = {len(known)}")


def _verify(tx: Transaction, path: Path, known: tuple[Migration, ...]) -> bool:
    """Whether somebody has taken statistics."""
    _refuse_foreign(tx, path, known)
    found = recorded(tx, path)
    if found < len(known):
        raise SchemaError(
            f"the schema of {path} is at {found} and this code needs {len(known)}: run `sagewai db migrate`, "
            "or call the store's initialize()"
        )
    return bool(tx.rows(_STATISTICS))


def _forget_statistics(tx: Transaction) -> None:
    """Every statement's indexes were chosen by hand for a large store; figures of a small one make scans look cheap."""
    for (table,) in tx.rows(_STATISTICS):
        tx.script(f"drop table {table}")


_STATISTICS = "select name from sqlite_schema where name in ('sqlite_stat1', 'sqlite_stat4')"


def _refuse_foreign(tx: Transaction, path: Path, known: tuple[Migration, ...]) -> None:
    """Raise SchemaError when newer code than this made the schema unusable for it, or somebody altered its history."""
    rows = tx.rows("select number, name, checksum, min_code from schema_migrations order by number")
    needed = max((min_code for _, _, _, min_code in rows), default=0)
    if needed > len(known):
        raise SchemaError(
            f"the schema of {path} needs code that knows migration {needed}, and this knows {len(known)}: "
            "upgrade sagewai"
        )
    for (number, name, checksum, _), migration in zip(rows, known, strict=False):
        if (number, checksum) != (migration.number, migration.checksum):
            raise SchemaError(
                f"migration {number:04} ({name}) of {path} isn't the one this code brings: the schema was altered, or "
                "made by another build; restore a backup or use a new file"
            )
