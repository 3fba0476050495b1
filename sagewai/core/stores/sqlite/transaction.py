"""One transaction on one connection: statements, one timestamp, and driver errors told in the library's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Literal, TypeVar

import apsw

from sagewai.core.codec import require_storable
from sagewai.errors import SagewaiError, SchemaError, StoreRefused, StoreUnavailable

T = TypeVar("T")
LONGEST = 16_000
"""Characters of a statement: the driver keeps no longer one prepared."""

Row = tuple[Any, ...]
Value = str | int | float | bytes | None

_REFUSED = (
    apsw.ConstraintError,
    apsw.TooBigError,
    apsw.MismatchError,
    apsw.RangeError,
    OverflowError,
    UnicodeEncodeError,
)


class Transaction:
    """What a unit of work sees of the database. ``now``, in microseconds since 1970 (UTC), stays the same in it."""

    __slots__ = ("_connection", "now")

    def __init__(self, connection: apsw.Connection, now: int) -> None:
        self._connection = connection
        self.now = now

    def rows(self, sql: str, *values: Value) -> list[Row]:
        _require_storable(values)
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Value) -> Row | None:
        _require_storable(values)
        return self._connection.execute(sql, values).fetchone()

    def value(self, sql: str, *values: Value) -> Any:
        """The first column of the first row, None without one."""
        row = self.row(sql, *values)
        return None if row is None else row[0]

    def change(self, sql: str, *values: Value) -> int:
        """How many rows the statement changed, those of its triggers not counted."""
        _require_storable(values)
        self._connection.execute(sql, values)
        return self._connection.changes()

    def insert(self, sql: str, *values: Value) -> int:
        """The id of the row the statement inserted."""
        _require_storable(values)
        self._connection.execute(sql, values)
        return self._connection.last_insert_rowid()

    def script(self, sql: str) -> None:
        """Several statements without values."""
        self._connection.execute(sql)

    def insert_many(self, into: str, rows: Sequence[tuple[Value, ...]]) -> None:
        """``into`` is a table and its columns. It takes few statements of few sizes: between two of them a thread waits
        for the interpreter."""
        if not rows:
            return
        width = len(rows[0])
        most = (LONGEST - len(into)) // (2 * width + 2)
        start = 0
        while start < len(rows):
            size = 1 << (min(most, len(rows) - start).bit_length() - 1)
            values = tuple(chain.from_iterable(rows[start : start + size]))
            if "\0" in "".join([value for value in values if type(value) is str]):
                _require_storable(values)
            self._connection.execute(_inserting(into, width, size), values)
            start += size

    def change_if_allowed(self, sql: str, values: Sequence[Value]) -> bool:
        """False, nothing changed, where a constraint or a trigger refuses the statement; its texts hold no NUL."""
        return executed(self._connection, sql, values)

    def change_many(self, sql: str, rows: Sequence[tuple[Value, ...]]) -> None:
        for row in rows:
            _require_storable(row)
        self._connection.executemany(sql, rows)


@lru_cache(maxsize=256)
def _inserting(into: str, width: int, rows: int) -> str:
    row = f"({','.join('?' * width)})"
    return f"insert into {into} values {','.join([row] * rows)}"


def executed(connection: apsw.Connection, sql: str, values: Sequence[Value]) -> bool:
    """Whether the constraints and triggers of the database let the statement pass; it changes nothing where not."""
    try:
        connection.execute(sql, values)
    except apsw.ConstraintError:
        return False
    return True


Begin = Literal["begin", "begin immediate", "begin exclusive"]


def transact(
    connection: apsw.Connection, begin: Begin, clock: Callable[[], int], work: Callable[[Transaction], T]
) -> T:
    """Carry out ``work`` wholly, or, when it raises, not at all. Plain ``begin`` gives one snapshot to read from."""
    connection.execute(begin)
    try:
        result = work(Transaction(connection, clock()))
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
    return result


def told(error: Exception, path: str) -> SagewaiError:
    """A driver's or an encoder's error as one of ours."""
    if isinstance(error, UnicodeEncodeError):
        at = error.object[max(0, error.start - 20) : error.end + 20]
        return StoreRefused(f"a text holds a lone surrogate, which no database stores: {at!r}")
    if isinstance(error, _REFUSED):
        return StoreRefused(f"SQLite refused the data: {error}")
    if isinstance(error, apsw.NotADBError):
        return SchemaError(f"{path} is not a SQLite database: name another file")
    if isinstance(error, apsw.SQLError):
        return SchemaError(f"the schema of {path} doesn't fit this code: {error}")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreUnavailable(f"{path} is locked by another process for too long: {error}")
    if isinstance(error, apsw.FullError):
        return StoreUnavailable(f"no space is left for {path}: {error}")
    if isinstance(error, apsw.CantOpenError):
        return StoreUnavailable(
            f"{path} can't be opened: {error}; check the permissions of the file and its folder"
        )
    if isinstance(error, apsw.ReadOnlyError):
        return StoreUnavailable(
            f"{path} can't be written: {error}; check the permissions of the file and its folder"
        )
    return StoreUnavailable(f"{path}: {type(error).__name__}: {error}")


def _require_storable(values: Iterable[Value]) -> None:
    for value in values:
        if isinstance(value, str) and "\0" in value:
            require_storable(value, f"the text {value[:60]!r}")
