"""Our own server: the test session's side of the keeper process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.postgres.account import Account, serving_account
from tests.postgres.binaries import Binaries, find_binaries
from tests.postgres.errors import PostgresUnavailable
from tests.postgres.server import PostgresServer

ROOT = Path(__file__).parents[2]
LONGEST_BASE = 60  # a socket's path may have 103 bytes on macOS, 107 on Linux


class LocalServer(PostgresServer):
    """A server of this session alone, under an unprivileged account, in a folder that only its owner can enter."""

    def __init__(self, binaries: Binaries, account: Account | None, base: Path | None = None) -> None:
        """``base`` is the folder to put its own into, instead of a temporary one."""
        super().__init__()
        self.binaries = binaries
        self.account = account
        copied = binaries.wheel if account is not None else ()
        plan = {
            "base": str(base or _base_folder(account, runs_programs=bool(copied))),
            "programs": str(binaries.folder),
            "copied": [str(part) for part in copied],
            "owner": None if account is None else [account.uid, account.gid],
        }
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.postgres.keeper"],
            cwd="/",
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._state = self._ask(plan)

    def url(self, dbname: str) -> str:
        return f"postgresql://postgres@/{dbname}?host={quote(str(self.folder), safe='')}&port={self._state['port']}"

    def loopback_url(self, dbname: str) -> str:
        return f"postgresql://postgres:{self._state['password']}@127.0.0.1:{self._state['port']}/{dbname}"

    @property
    def folder(self) -> Path:
        """Holds the data, the socket and the log, and is gone with the server."""
        return Path(self._state["folder"])

    @property
    def postmaster_pid(self) -> int:
        return int(self._state["pid"])

    def start(self) -> None:
        self._state = self._ask({"do": "start"})

    def stop(self) -> None:
        self._state = self._ask({"do": "fast"})

    def stop_immediately(self) -> None:
        self._state = self._ask({"do": "immediate"})

    def kill(self) -> None:
        self._state = self._ask({"do": "kill"})

    def close(self) -> None:
        """Stop the server and remove its folder; returns when both are gone."""
        for pipe in (self._keeper.stdin, self._keeper.stdout):
            assert pipe is not None
            pipe.close()
        self._keeper.wait()

    def __str__(self) -> str:
        owner = "" if self.account is None else f", as {self.account.name}"
        return f"{self.binaries}{owner}"

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        talk_to, listen_to = self._keeper.stdin, self._keeper.stdout
        assert talk_to is not None
        assert listen_to is not None
        try:
            talk_to.write(json.dumps(order).encode() + b"\n")
            talk_to.flush()
            line = listen_to.readline()
        except BrokenPipeError:
            line = b""
        answer: dict[str, Any] = json.loads(line) if line else {"failed": "its keeper process ended"}
        if "failed" in answer:
            self.close()
            raise PostgresUnavailable(f"{self}: {answer['failed']}")
        return answer


@contextmanager
def local_server() -> Iterator[LocalServer]:
    """Find a PostgreSQL on this machine, start it, and stop it at the end."""
    account = serving_account()
    server = LocalServer(find_binaries(account), account)
    try:
        yield server
    finally:
        server.close()


def _base_folder(account: Account | None, *, runs_programs: bool) -> Path:
    """A short temporary folder which the account can reach as it is; no mode of any folder is ever changed."""
    tried = list(
        dict.fromkeys(Path(place).resolve() for place in (tempfile.gettempdir(), "/tmp", "/var/tmp"))
    )
    for base in tried:
        if not base.is_dir() or len(os.fsencode(base)) > LONGEST_BASE:
            continue
        if account is not None and not account.can_run(["/bin/sh", "-c", 'cd "$1"', "sh", str(base)]):
            continue
        if runs_programs and os.statvfs(base).f_flag & getattr(os, "ST_NOEXEC", 0):
            continue
        return base
    raise PostgresUnavailable(
        f"no temporary folder will do for PostgreSQL (tried {', '.join(map(str, tried))}): it needs a short path "
        "that the account can enter and run programs in; set TMPDIR to one"
    )
