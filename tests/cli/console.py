"""Runs the real program in a process of its own, and keeps what it said."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest import mock

from sagewai.cli.program import run

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "sagewai.cli")
FLOWS = "tests.cli.flows:workflows"
QUICK = ("--poll-interval", "0.1", "--heartbeat-interval", "0.2")


@dataclass(frozen=True, slots=True)
class Said:
    """How one call ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line of a call that failed, which printed nothing else."""
        assert self.out == "", self
        assert self.err.endswith("\n"), self
        assert self.err.count("\n") == 1, self
        assert self.err[:-1].isprintable(), self
        return self.err[:-1]


class Command:
    """`sagewai`, with its store given by the environment."""

    def __init__(self, url: str | None, folder: Path) -> None:
        self.folder = folder
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SAGEWAI_", "PG", "XDG_"))
        }
        self.env |= {"PYTHONPATH": str(ROOT), "HOME": str(folder), "PYTHONWARNINGS": "error::ResourceWarning"}
        if url is not None:
            self.env["SAGEWAI_STORE"] = url

    def __call__(self, *arguments: str | bytes, stdin: str | bytes | None = None, **env: str) -> Said:
        """One call, waited for."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env={**self.env, **env},
            input=data or b"",
            capture_output=True,
            timeout=60,
        )
        return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def submit(self, workflow: str, run_id: str, **values: object) -> str:
        """A recorded run's id."""
        said = self("submit", workflow, "--run-id", run_id, "--input", json.dumps(values), "--from", FLOWS)
        assert (said.code, said.out, said.err) == (0, f"{run_id}\n", ""), said
        return run_id

    def rests(self, run_id: str) -> int:
        """Wait until it rests; the exit code that says how."""
        return self("runs", "watch", run_id).code

    @contextlib.contextmanager
    def started(self, *arguments: str) -> Iterator[Going]:
        """A call that goes on, killed at the end if it still lives."""
        process = subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Going(process)
        finally:
            process.kill()
            process.communicate()

    @contextlib.contextmanager
    def worker(self, *options: str, target: str = FLOWS) -> Iterator[Working]:
        """A worker process, killed at the end if it still lives."""
        with open(self.folder / "worker.log", "ab+") as log:
            process = subprocess.Popen(
                [*PROGRAM, "worker", target, *QUICK, *options],
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
            try:
                yield Working(process, self.folder / "worker.log")
            finally:
                process.kill()
                process.communicate()


class Inside(Command):
    """The same calls without a process around each: for the many cases that differ only in what is typed."""

    def __call__(self, *arguments: str | bytes, stdin: str | bytes | None = None, **env: str) -> Said:
        out, err = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
        given = TextIOWrapper(BytesIO(stdin.encode() if isinstance(stdin, str) else stdin or b""), "utf-8")
        with (
            mock.patch.dict(os.environ, {**self.env, **env}, clear=True),
            mock.patch("sys.stdin", given),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = run([os.fsdecode(argument) for argument in arguments])
        return Said(code, _said(out), _said(err))


def _said(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()


@dataclass(frozen=True, slots=True)
class Going:
    """A process that runs."""

    process: subprocess.Popen[bytes]

    def line(self) -> str:
        """The next line it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Signal it and wait; its exit code, and what else it printed."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait until it ends by itself."""
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out.decode()


@dataclass(frozen=True, slots=True)
class Working(Going):
    """A worker process that runs, and where its log goes."""

    log: Path


def until(condition: Callable[[], Any], *, timeout: float = 30.0) -> Any:
    """Poll until ``condition`` gives something true, and give that."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.02)
    return value
