"""Starting the processes of :mod:`tests.sqlite.child`, and ending them whatever happens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


class Child:
    """A process that is ready and waits for its word."""

    def __init__(self, verb: str, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sqlite.child", verb, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def await_ready(self) -> None:
        assert self.line() == "ready"

    def go(self) -> None:
        stdin = _there(self._process.stdin)
        stdin.write("go\n")
        stdin.flush()

    def line(self) -> str:
        """The next line it says."""
        return _there(self._process.stdout).readline().removesuffix("\n")

    def rest(self) -> list[str]:
        """Whole lines it said before it ended."""
        return [line for line in _there(self._process.stdout).read().splitlines(keepends=False) if line]

    def kill(self) -> None:
        """``kill -9``, and nothing of it is left when this returns."""
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        return self._process.wait(timeout=60)

    def end(self) -> None:
        if self._process.poll() is None:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            _there(pipe).close()


@contextmanager
def children(verb: str, path: Path, count: int = 1) -> Iterator[list[Child]]:
    """As many processes, all ready."""
    started = [Child(verb, path) for _ in range(count)]
    try:
        for child in started:
            child.await_ready()
        yield started
    finally:
        for child in started:
            child.end()


def _there(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
