"""What the console asks of its terminal, its memory and its database, on a store of a million runs: measured on a pty.

The server's part is read from its log, where the database is told to write how long each statement took it.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from sagewai import Actor, open_store
from sagewai.core import commands
from sagewai.models.page import RunQuery
from sagewai.models.status import RunStatus
from tests.bench import stock
from tests.bench.meter import resident
from tests.postgres.server import PostgresServer
from tests.tui.terminal import Terminal, console

ROOT = Path(__file__).parents[2]
OPERATOR = Actor("bench", source="api", assurance="api")
NAMES = {
    "Runs": "newest first",
    "Run": "[output]",
    "Approvals": "by deadline",
    "Workers": "live of",
    "Dead letters": "dead letter",
    "Overview": "took",
}
"""Screens, and what shows that they are there."""

SCREENS = dict(zip("123456", NAMES.values(), strict=True))

KEYS = ("\x1b[B", "\x1b[B", "\x1b[6~", "\x1b[A", "\x1b[5~", " ")
"""Moving in a list and marking: what an operator's fingers do most."""

INTERVAL = 2.0
_LOGGED = re.compile(r"duration: ([\d.]+) ms  (parse|bind|execute|statement)[^:]*: (.*)")
_SETTING = re.compile(r"\s*(?:listen|unlisten|begin|commit|rollback|set|close|show|reset)\b", re.IGNORECASE)
"""What a connection is told about itself."""

_COUNTS = "-- What every look"
"""Stands in the statement that every look begins with."""

_LISTENS = "-- What a listener may have missed"
"""Stands in the statement by which the connection that listens begins; no look sends it."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many statements each look took; ``slowest`` milliseconds of the server for one statement (medians of each
    kind), and ``which`` that is."""

    looks: list[float]
    slowest: float
    which: str


def opened(url: str, *arguments: str) -> Terminal:
    return Terminal(console("--store", url, *arguments), cwd=str(ROOT))


@dataclass(frozen=True, slots=True)
class Beginnings:
    """Seconds until the first frame, those of the processor's time, and seconds until the list is there."""

    frames: list[float]
    processor: list[float]
    lists: list[float]


def beginnings(url: str, times: int) -> Beginnings:
    found = Beginnings([], [], [])
    for _ in range(times):
        with opened(url) as terminal:
            terminal.wait_for("1-17", seconds=60)
            found.lists.append(time.monotonic() - terminal.started)
            found.frames.append(terminal.first_frame_after[0])
            found.processor.extend(terminal.first_frame_after[1:])
            terminal.keys("q")
            terminal.wait()
    return found


def paints(url: str, times: int) -> list[float]:
    """Milliseconds from a key to what it changes on the terminal."""
    taken = []
    with opened(url, "--read-only") as terminal:
        terminal.wait_for("1-17", seconds=60)
        time.sleep(1.0)
        for number in range(times):
            before = len(terminal.written)
            began = time.monotonic()
            terminal.keys(KEYS[number % len(KEYS)])
            while len(terminal.written) == before and time.monotonic() - began < 5:
                time.sleep(0.0005)
            taken.append((time.monotonic() - began) * 1_000)
            time.sleep(0.03)
    return taken


def idle_bytes(url: str, looks: int) -> list[float]:
    """Bytes written for each look while nothing changes but the minute."""
    found = []
    with opened(url, "--read-only") as terminal:
        terminal.wait_for("1-17", seconds=60)
        terminal.keys("/first-flow-00\r")
        terminal.wait_for("1-4")
        time.sleep(2 * INTERVAL)
        for _ in range(looks):
            before = len(terminal.written)
            time.sleep(INTERVAL)
            found.append(float(len(terminal.written) - before))
    return found


async def changed_bytes(url: str, rows: int) -> list[float]:
    """Bytes written for a row that changes, and the counters with it."""
    found = []
    async with open_store(url) as store:
        page = await store.list_runs(RunQuery(status=frozenset({RunStatus.PENDING}), limit=rows))
        with opened(url, "--read-only") as terminal:
            await asyncio.to_thread(terminal.wait_for, "1-17", seconds=60)
            await asyncio.sleep(INTERVAL)
            for run in page.items:
                before = len(terminal.written)
                await commands.pause(store, run.run_id, actor=OPERATOR)
                shown = re.compile(rf"PAUSE +\S*{re.escape(run.run_id[-6:])}")
                await asyncio.to_thread(terminal.wait_for, _finds(shown))
                await asyncio.sleep(0.5)
                found.append(float(len(terminal.written) - before))
    return found


def _finds(wanted: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: wanted.search(text) is not None


def an_hour(url: str, looks: int, interval: float) -> tuple[float, float]:
    """Megabytes that a console holds at its first look and after so many more, on all screens by turns."""
    with tempfile.NamedTemporaryFile() as counted:
        command = [sys.executable, "-m", "tests.bench.watching", url, str(interval), counted.name]
        with Terminal(command, cwd=str(ROOT)) as terminal:
            terminal.wait_for("1-17", seconds=60)
            first = resident(terminal.process.pid) or 0.0
            while os.stat(counted.name).st_size < looks:
                for key, wanted in SCREENS.items():
                    terminal.keys(key)
                    terminal.wait_for(wanted, seconds=60)
                    time.sleep(10 * interval)
            return first, resident(terminal.process.pid) or 0.0


@contextmanager
def told(server: PostgresServer, database: str) -> Iterator[list[tuple[float, str]]]:
    """Afterwards, what every statement of this database took its server (milliseconds), as its log has it."""
    folder: Path = server.folder  # type: ignore[attr-defined] # one of our own
    log = folder / "log"
    server.execute(f"alter database {database} set log_min_duration_statement = 0")
    server.execute(f"alter database {database} set log_statement = 'none'")
    size, found = log.stat().st_size, list[tuple[float, str]]()
    try:
        yield found
    finally:
        server.execute(f"alter database {database} reset log_min_duration_statement")
        with log.open("rb") as file:
            file.seek(size)
            found += read(file.read().decode(errors="replace"))


def read(log: str) -> list[tuple[float, str]]:
    """Statements with the milliseconds of their execution and of the parsing and binding before it."""
    found, before = [], 0.0
    for line in log.replace("\n\t", " ").splitlines():
        logged = _LOGGED.search(line)
        if logged is None:
            continue
        took, part, text = float(logged[1]), logged[2], logged[3]
        if part in ("parse", "bind"):
            before += took
        else:
            if not _SETTING.match(text):
                found.append((took + before, text))
            before = 0.0
    return found


def loads(url: str, server: PostgresServer, seconds: float) -> Mapping[str, Load]:
    """By screen, while nobody presses a key."""
    database = urlsplit(url).path.removeprefix("/")
    found = {}
    for key, (name, wanted) in zip(SCREENS, NAMES.items(), strict=True):
        with told(server, database) as statements, opened(url, "--read-only") as terminal:
            terminal.wait_for("1-17", seconds=60)
            terminal.keys(key)
            terminal.wait_for(wanted)
            time.sleep(seconds)
        found[name] = summed(statements)
    return found


def summed(statements: Sequence[tuple[float, str]]) -> Load:
    """By looks, each of which begins with the counters; of each kind of statement the median."""
    looks: list[list[tuple[float, str]]] = []
    for took, text in statements:
        if _COUNTS in text:
            looks.append([])
        if looks and _LISTENS not in text:
            looks[-1].append((took, text[:200]))
    settled = looks[2:-1]
    kinds: dict[str, list[float]] = defaultdict(list)
    for took, text in (each for look in settled for each in look):
        kinds[text].append(took)
    medians = {text: median(each) for text, each in kinds.items()}
    which = max(medians, key=lambda text: medians[text], default="")
    return Load([float(len(look)) for look in settled], medians.get(which, 0.0), which)


async def fill(url: str, runs: int) -> None:
    async with open_store(url) as store:
        await stock.fill(store, stock.Stock(ended=runs, pending=runs // 10, running=runs // 100))
