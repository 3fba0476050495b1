"""One run of the bench: the server, who takes part, for how long; each measurement in a fresh process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sagewai import open_store
from tests.bench.figures import OURS
from tests.bench.work import Task
from tests.postgres.binaries import CHOICE, embedded_folders
from tests.postgres.open import open_server
from tests.postgres.server import PostgresServer

ROOT = Path(__file__).parents[2]

PATIENCE = 60.0
"""Seconds that a process may take beyond those it measures."""

FILLING = 1_200.0
"""Seconds that filling a store may take."""


class Broken(Exception):
    """A process ended without having measured anything; says how."""


@dataclass
class Bench:
    """``rounds`` times each contender is measured in turn, ``seconds`` long."""

    stores: tuple[str, ...]
    peers: bool
    quick: bool
    absurd_sql: str = ""
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rounds = 1 if self.quick else 3
        self.seconds = 0.8 if self.quick else 2.5
        self._open = ExitStack()
        self._missing: set[tuple[str, str]] = set()

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def contenders(self, limit: str | None, *peers: str) -> list[str]:
        """Us, the machine's limit, and those peers if they are asked for, in the order in which they take turns."""
        return [OURS, *([limit] if limit else []), *(peers if self.peers else ())]

    @cached_property
    def server(self) -> PostgresServer:
        if embedded_folders():  # the version that the figures are for, whatever the machine has
            os.environ.setdefault(CHOICE, "embedded")
        return self._open.enter_context(open_server())

    @cached_property
    def _template(self) -> str:
        """Today's schema, ready to be copied."""
        name = self._open.enter_context(self.server.database())

        async def migrate() -> None:
            async with open_store(self.server.url(name)):
                pass

        asyncio.run(migrate())
        return name

    @contextmanager
    def place(self, store: str, contender: str = OURS) -> Iterator[str]:
        """The URL of a store of its own, gone afterwards."""
        if store == "memory":
            yield "memory://"
        elif store == "sqlite":
            with tempfile.TemporaryDirectory(prefix="sgw-bench-") as folder:
                yield f"sqlite:///{folder}/runs.db"
        else:
            template = self._template if contender == OURS else "template0"
            with self.server.database(template) as name:
                yield self.server.url(name)

    def run(self, *tasks: Task) -> list[dict[str, Any]]:
        """Each in a process, at once. None of them where a package is missing: that is noted, once."""
        first = tasks[0]
        if (first.contender, first.scene) in self._missing:
            return []
        allowed = first.seconds + (FILLING if first.scene == "stock" else PATIENCE)
        children = [self._begin(task) for task in tasks]
        try:
            said = [child.communicate(timeout=allowed) for child in children]
        except subprocess.TimeoutExpired:
            raise Broken(f"{first.contender}, {first.scene}: nothing within {allowed:.0f} s") from None
        finally:
            for child in children:
                child.kill()
                child.wait()
        measured = [_heard(first, *each) for each in said]
        for each in measured:
            if "missing" in each:
                self._missing.add((first.contender, first.scene))
                self.note(each["missing"])
                return []
        return measured

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _begin(self, task: Task) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.bench.child"]
        told = replace(task, absurd_sql=self.absurd_sql).text()
        return subprocess.Popen(
            [*command, told], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


def _heard(task: Task, out: str, errors: str) -> dict[str, Any]:
    lines: Sequence[str] = out.splitlines()
    try:
        measured: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        last = [*lines, *errors.splitlines()][-1:]
        raise Broken(f"{task.contender}, {task.scene}: {last}") from None
    return measured
