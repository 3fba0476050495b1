"""Reads the README as a newcomer would, typing in each block in order.

- A ``python`` block that begins with ``# NAME.py`` is saved as that file in the reader's folder.
- Any other ``python`` block is typed into one `python -m asyncio`. The only text that is replaced is the URL given to
  PostgresStore. A ``print`` with ``# prints TEXT`` behind it must print that text. A block that ends in
  ``await worker.start()`` goes on beside those after it, until the page ends.
- A ``console`` block is typed into a shell in that folder: ``$ `` begins a command, what follows is what it prints. A
  command must succeed, unless ``$ echo $?`` shows another exit code. One that ends in ``&`` goes on, ``$ kill %1`` ends
  it.
- In what is printed blanks count as one, a line ``…`` stands for any lines, ``…`` within a line for any text. Ages,
  durations and times stand for others of their kind, ``ada@ops1`` for the account that runs the tests.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from inspect import CO_COROUTINE
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sagewai import WorkflowMonitor
from sagewai.core.actors import current_actor
from tests.engine.helpers import until
from tests.readme.page import ROOT, Block

_FILE = re.compile(r"# (\w+\.py)\n")
_DATABASE = re.compile(r'(?<=PostgresStore\(")[^"]+(?=")')
_PRINTS = re.compile(r"#\s*prints (.*)$", re.MULTILINE)
_VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( UTC|Z)"), "TIME"),
    (re.compile(r"(?<![\w.])\+?\d+(\.\d+)?[smhd]\b"), "SPAN"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(slots=True)
class Reader:
    """One reading: a folder, a shell with ``store_url`` as its default store, a Python with one namespace."""

    folder: Path
    store_url: str
    postgres_url: str
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__readme__"})
    last_code: int = 0
    _jobs: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _beside: list[asyncio.Task[None]] = field(default_factory=list)

    async def read(self, block: Block) -> None:
        if block.language == "console":
            await asyncio.to_thread(self._type_commands, block)
        elif found := _FILE.match(block.text):
            (self.folder / found[1]).write_text(block.text, encoding="utf-8")
        else:
            await self._type_python(block)

    # -- python ---------------------------------------------------------------------------------------------------

    async def _type_python(self, block: Block) -> None:
        code = compile(
            _DATABASE.sub(self.postgres_url, block.text),
            str(block),
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
            dont_inherit=True,
        )
        goes_on = re.search(r"^await worker\.start\(\)", block.text, re.MULTILINE)
        if goes_on:
            self._beside.append(asyncio.create_task(self._run(code)))
            await self._until_working()
            return
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            await self._run(code)
        expected = _PRINTS.findall(block.text)
        assert same(printed.getvalue().splitlines(), expected), f"{block} printed {printed.getvalue()!r}"

    async def _until_working(self) -> None:
        """Until the worker that was started last has opened its session."""

        async def works() -> bool:
            assert not self._beside[-1].done(), self._beside[-1].exception()
            worker = self.names.get("worker")
            return worker is not None and bool(
                await WorkflowMonitor(worker.store).list_workers(live_only=True)
            )

        await until(works)

    async def _run(self, code: Any) -> None:
        running = eval(code, self.names)
        if code.co_flags & CO_COROUTINE:
            await running

    # -- shell ----------------------------------------------------------------------------------------------------

    def _type_commands(self, block: Block) -> None:
        for command, expected in _commands(block.text):
            if command == "echo $?":
                assert [str(self.last_code)] == expected, f"{block}: the exit code was {self.last_code}"
                self.last_code = 0
                continue
            assert self.last_code == 0, f"{block}: before {command!r} a command ended with {self.last_code}"
            printed = self._type(command)
            assert same(printed, expected), f"{block}: {command} printed\n" + "\n".join(printed)
        assert self.last_code == 0, f"{block} ends with exit code {self.last_code}"

    def _type(self, command: str) -> list[str]:
        if command == "kill %1":
            job = self._jobs.pop(0)
            job.send_signal(signal.SIGTERM)
            self.last_code = job.wait(timeout=30)
            return []
        if command.endswith("&"):
            with open(self.folder / "worker.log", "ab") as log:
                self._jobs.append(
                    subprocess.Popen(
                        self._words(command[:-1]), cwd=self.folder, env=self._env(), stdout=log, stderr=log
                    )
                )
            return []
        ended = subprocess.run(
            self._words(command),
            cwd=self.folder,
            env=self._env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        self.last_code = ended.returncode
        return ended.stdout.decode().splitlines()

    def _words(self, command: str) -> list[str]:
        program, *rest = shlex.split(command)
        return {
            "sagewai": [sys.executable, "-m", "sagewai.cli", *rest],
            "python": [sys.executable, *rest],
        }[program]

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SAGEWAI_", "PG"))}
        return {**kept, "SAGEWAI_STORE": self.store_url, "PYTHONPATH": str(ROOT), "HOME": str(self.folder)}

    # -- the end --------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for job in self._jobs:
            job.kill()
            job.wait()
        if self._beside:
            await self.names["worker"].stop()
            await asyncio.gather(*self._beside)


def same(printed: list[str], expected: list[str]) -> bool:
    """Whether what was printed is what the page shows, as far as it can be the same."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(_steady(line)).replace("…", ".*") + r"\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(_steady(line) + "\n" for line in printed)) is not None


def _steady(line: str) -> str:
    """The line with what differs from reading to reading made alike."""
    line = line.replace(current_actor("cli").name, "ada@ops1")
    for shape, stands_for in _VOLATILE:
        line = shape.sub(stands_for, line)
    return line.strip()


def _commands(text: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found
