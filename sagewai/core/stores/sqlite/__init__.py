"""The store in one file: SQLite through apsw, several processes at once, nothing to install or to start.

``store`` the contract · ``lanes`` threads and connections · ``connection`` and ``transaction`` one connection, one unit
of work · ``location`` and ``schema`` the file and what is in it · ``submit``, ``fork``, ``claim``, ``record``,
``gates``, ``waits``, ``sweep``, ``sessions``, ``decide``, ``attend`` and ``operate`` what changes runs, through
``changes`` and ``events``, which writes the ``audit`` too · ``reads``, ``approvals``, ``pages``, ``run_list`` what
shows them, through ``rows``, ``names`` and ``words`` · ``hints`` waking waiters.
"""

from __future__ import annotations

from sagewai.core.stores.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
