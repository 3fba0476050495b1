"""One open connection: how it is set up, how it waits for its turn, and how it keeps the WAL small."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw

from sagewai.core.stores.sqlite.transaction import Begin, Transaction, Value, executed, told, transact
from sagewai.errors import StoreError

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds a statement waits for its turn before the store counts as unavailable."""

PATIENCE_WITH_READERS = 0.2
"""Seconds that emptying the WAL waits for somebody's long read; writers wait along."""

SHORTEST, LONGEST = 0.000_1, 0.004
"""Seconds of one random back-off. ``busy_timeout`` sleeps in fixed steps, by which eight claimers starve each other."""

CHECKPOINT_PAGES = 2_000
"""As often as this many pages (8 MB) were added to the WAL, it is moved into the database, beside the work."""

TRUNCATE_PAGES = 8_000
"""As often as it has grown by this much, writers wait a moment for the readers, so that it begins again."""

WAL_LIMIT = 16_000_000
"""Bytes of the WAL file that are kept for reuse when it begins again."""

Arrivals = tuple[int, int]
"""How often a run became ready, and how often one came to rest, since the database was made."""

Hear = Callable[[Callable[[], Arrivals]], None]
"""Told after each commit how to learn of what it, and others, brought: whoever isn't waiting for anything needn't."""


class Connection:
    """A connection for one thread at a time. Its errors are the library's."""

    def __init__(self, path: Path, *, clock: Callable[[], int], hear: Hear, patience: float) -> None:
        self._path = str(path)
        self._clock = clock
        self._hear = hear
        self._patience = self._full_patience = patience
        self._asked_at = 0.0
        self._wal_pages = self._moved_at = self._emptied_at = 0
        self._driver = self._guard(self._open)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry out ``work`` in one transaction, alone among the writers of all processes; durable on return."""
        result = self.transact("begin immediate", work)
        self._tell()
        return result

    def write_at_once(self, sql: str, values: Sequence[Value]) -> bool:
        """Carry out one statement that is a transaction of its own; False, nothing written, where a constraint or a
        trigger refuses it."""
        passed = self._guard(lambda: executed(self._driver, sql, values))
        if passed:
            self._tell()
        return passed

    def write_lightly(self, work: Callable[[Transaction], T]) -> T:
        """As :meth:`write`, but without a sync of its own: a power cut may undo it, until a later write is durable."""
        self._guard(lambda: self._driver.execute("pragma synchronous = normal"))
        try:
            return self.write(work)
        finally:
            self._guard(lambda: self._driver.execute("pragma synchronous = full"))

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Carry out ``work`` on one snapshot, which ends with it: a kept one would let the WAL grow."""
        return self.transact("begin", work)

    def transact(self, begin: Begin, work: Callable[[Transaction], T]) -> T:
        return self._guard(lambda: transact(self._driver, begin, self._clock, work))

    def now(self) -> int:
        """As a transaction's, for a statement that is one."""
        return self._clock()

    def keep_log(self) -> None:
        """Switch the file to a write-ahead log; of processes that do so at once, all succeed."""
        self._guard(self._keep_log)

    @property
    def wants_checkpoint(self) -> bool:
        return self._wal_pages - self._moved_at >= CHECKPOINT_PAGES

    def checkpoint(self, *, truncate: bool = False) -> None:
        """Move the WAL into the database; with ``truncate``, and when it has grown long, empty its file too."""
        truncate = truncate or self._wal_pages - self._emptied_at >= TRUNCATE_PAGES
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if truncate else apsw.SQLITE_CHECKPOINT_PASSIVE
        self._moved_at = self._wal_pages
        if truncate:
            self._emptied_at = self._wal_pages
        self._patience = PATIENCE_WITH_READERS
        try:
            self._guard(lambda: self._driver.wal_checkpoint(mode=mode))
        finally:
            self._patience = self._full_patience

    def close(self) -> None:
        self._driver.close()

    def _tell(self) -> None:
        with suppress(StoreError):  # a hint may be missed; what was written stays written
            self._hear(lambda: self._guard(lambda: read_arrivals(Transaction(self._driver, 0))))

    def _open(self) -> apsw.Connection:
        driver = apsw.Connection(self._path, flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=256)
        driver.set_busy_handler(self._await_turn)
        driver.set_wal_hook(self._note_pages)  # replaces the automatic checkpoint
        driver.execute(
            "pragma synchronous = full; pragma temp_store = memory; pragma cache_size = -16000; "
            f"pragma journal_size_limit = {WAL_LIMIT}"
        )
        return driver

    def _keep_log(self) -> None:
        since = time.monotonic()
        while self._driver.pragma("journal_mode") != "wal":
            try:
                self._driver.pragma("journal_mode", "wal")
            except (apsw.BusyError, apsw.LockedError):  # not every path to this lock asks the busy handler
                if time.monotonic() - since > self._patience:
                    raise
                time.sleep(random.uniform(SHORTEST, LONGEST))

    def _await_turn(self, calls: int) -> bool:
        now = time.monotonic()
        if calls == 0:
            self._asked_at = now
        elif now - self._asked_at > self._patience:
            return False
        time.sleep(random.uniform(SHORTEST, LONGEST))
        return True

    def _note_pages(self, _connection: apsw.Connection, _database: str, pages: int) -> int:
        if pages < self._wal_pages:  # it has begun again
            self._moved_at = self._emptied_at = 0
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _guard(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except (apsw.Error, OverflowError, UnicodeEncodeError) as error:
            raise told(error, self._path) from error


def read_arrivals(tx: Transaction) -> Arrivals:
    ((work, done),) = tx.rows(
        "select sum(n) filter (where status <= 1), sum(n) filter (where status >= 3) from arrivals"
    )
    return work, done
