"""What a window of work cost: CPU of the server's processes by /proc, its WAL, its write transactions."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

_READ = """
select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal,
       pg_snapshot_xmax(pg_current_snapshot())::text::int8 as writes,
       array(select pid from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid()) as backends
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """At the moment ``at``: bytes of WAL and write transactions of the whole server, CPU seconds by process."""

    at: float
    wal: int
    writes: int
    cpu: dict[int, float]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of the window from ``since`` to ``until``. ``server_cpu`` is None where the server isn't on this machine."""

    since: float
    until: float
    wal: int
    writes: int
    server_cpu: float | None


class Meter:
    """Reads what the database of ``url`` has cost so far."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> None:
        self._connection = await asyncpg.connect(self._url)

    async def read(self) -> Reading:
        row = await self._connection.fetchrow(_READ)
        cpu = {pid: used for pid in row["backends"] if (used := cpu_of(pid)) is not None}
        return Reading(time.monotonic(), int(row["wal"]), row["writes"], cpu)


def cost(before: Reading, after: Reading) -> Cost:
    """A backend that came meanwhile counts from its beginning; one that went is not seen."""
    used = sum(seconds - before.cpu.get(pid, 0.0) for pid, seconds in after.cpu.items())
    server_cpu = used if after.cpu else None
    return Cost(before.at, after.at, after.wal - before.wal, after.writes - before.writes, server_cpu)


def cpu_of(pid: int) -> float | None:
    """Seconds of CPU that a process of this machine has used."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return None


def resident(pid: int | str = "self") -> float | None:
    """Megabytes of memory that a process holds now."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return None
