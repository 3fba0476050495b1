"""The process of a supervised local worker: ``sagewai worker`` as from a shell, tied to the console by a socket.

The console holds the other end. When it closes without a word, the console has died, however it did: the worker drains
as on SIGTERM. One byte lets it go on without the console; then it writes down how another one finds it. The same
thread keeps the log file within its bounds, so that it stays within them after the console has gone.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from sagewai.core.worker.process import this_process
from tui.local.files import append_private
from tui.local.left import Left, mark, path_of, write
from tui.local.order import Order, parse

LET_GO = b"d"
"""From the console: go on without me."""

ENDED = b"e"
"""To the console: this end was asked for (by an operator or a signal), and isn't a crash."""

LIMIT = 4_000_000
"""Bytes of a log file; one older file of that size is kept beside it."""

_LOOK = 5_000
"""Milliseconds between two looks at the log file."""


def main(arguments: Sequence[str]) -> int:
    """``FD LOG-FILE NAME ORDER``: the socket, the log file that is the standard output, the worker and the line that
    asks for it."""
    lifeline = socket.socket(fileno=int(arguments[0]))
    lifeline.set_inheritable(False)
    log, name, line = Path(arguments[1]), arguments[2], arguments[3]
    order = parse(line)
    note = Note(log, name, order, os.environ.get("SAGEWAI_STORE", ""))
    threading.Thread(target=_watch, args=(lifeline, log, note), name="lifeline", daemon=True).start()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # who tails the log wants to see it now
    from sagewai.cli.program import run

    code = run(order.arguments(name))
    if code == 0:
        note.withdraw()
        with suppress(OSError):
            lifeline.send(ENDED)
    return code


class Note:
    """What is written down while the worker goes on without a console, until it ends as it was asked to."""

    def __init__(self, log: Path, name: str, order: Order, store_url: str) -> None:
        self._path = path_of(log)
        self._left = Left(name, order, mark(store_url), this_process())
        self._lock = threading.Lock()
        self._is_over = False

    def leave(self) -> None:
        with self._lock, suppress(OSError):
            if not self._is_over:
                write(self._path, self._left)

    def withdraw(self) -> None:
        with self._lock, suppress(OSError):
            self._is_over = True
            self._path.unlink(missing_ok=True)


def _watch(lifeline: socket.socket, log: Path, note: Note) -> None:
    tied = True
    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    while True:
        if poll.poll(_LOOK) and tied:
            tied = False
            poll.unregister(lifeline)
            if _heard(lifeline) == LET_GO:
                note.leave()
            else:
                os.kill(os.getpid(), signal.SIGTERM)
        with suppress(OSError):
            bound(log)


def _heard(lifeline: socket.socket) -> bytes:
    try:
        return lifeline.recv(1)
    except OSError:
        return b""


def bound(log: Path) -> None:
    """Begin the standard output's file anew where it has grown too large, or was removed."""
    if log.exists():
        if log.stat().st_size <= LIMIT:
            return
        log.replace(log.with_name(f"{log.name}.1"))
    fresh = append_private(log)
    try:
        for handle in (1, 2):
            os.dup2(fresh, handle)
    finally:
        os.close(fresh)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
