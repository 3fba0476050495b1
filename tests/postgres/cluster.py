"""One PostgreSQL cluster in one temporary folder: built, started, stopped in three ways, and removed.

Only the keeper process uses this, because a postmaster must be the child of whoever waits for its end. The server does
what PostgreSQL does by default, with fsync on: it costs a test a millisecond, and durability is what is being tested.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PREFIX = "sgw-"
PATIENCE = 60.0
STOPS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}


class ClusterError(Exception):
    """A PostgreSQL program failed; the text ends with what it said."""


@dataclass(frozen=True)
class Plan:
    """What to build. `copied` are folders to bring along because the account can't read them where they lie."""

    base: Path
    programs: Path
    copied: tuple[Path, ...]
    owner: tuple[int, int] | None


class Cluster:
    """The folder, the postmaster in it, and nothing outside of either."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._programs = plan.programs
        self.password = secrets.token_urlsafe(18)
        self.port = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._was_killed = False
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=plan.base)).resolve()

    @property
    def pid(self) -> int:
        """The postmaster's process id; 0 when none runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else 0

    def build(self) -> None:
        """Bring the programs along, run initdb: trust in the private socket folder, a random password on loopback."""
        for part in self._plan.copied:
            shutil.copytree(part, self.folder / part.name, ignore=shutil.ignore_patterns("__pycache__"))
            if self._programs.is_relative_to(part):
                self._programs = self.folder / part.name / self._programs.relative_to(part)
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._give_away()
        command = [str(self._programs / "initdb"), "-D", str(self._data), "-U", "postgres", "--no-sync"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
        command += ["--encoding=UTF8", "--locale=C"]
        initdb = self._spawn(command)
        try:
            initdb.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            initdb.kill()
            initdb.wait()
        secret.unlink()
        if initdb.returncode != 0:
            raise ClusterError(f"initdb failed:\n{self._log_tail()}")

    def start(self) -> None:
        """Start the postmaster and wait until it takes connections; a restart keeps its port."""
        first = self.port == 0
        patient_until = time.monotonic() + PATIENCE
        while time.monotonic() < patient_until:
            self.port = _free_port() if first else self.port
            options = ["-k", str(self.folder), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
            self._child = self._spawn([str(self._programs / "postgres"), "-D", str(self._data), *options])
            if self._is_ready(self._child, patient_until):
                self._was_killed = False
                return
            self.stop("immediate")
            if not self._may_start_later():
                break
            time.sleep(0.1)
        raise ClusterError(f"postgres did not start:\n{self._log_tail()}")

    def stop(self, way: str) -> None:
        """End the postmaster: `fast` (clean), `immediate` (as if the power went) or `kill` (-9, its children left)."""
        child = self._child
        if child is None or child.poll() is not None:
            return
        self._was_killed = way == "kill"
        child.send_signal(STOPS[way])
        try:
            child.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._was_killed = True
            child.kill()
            child.wait()

    def remove(self) -> None:
        """Stop what runs and leave nothing behind."""
        if self._was_killed:
            with suppress(ClusterError):
                self.start()  # a start in the old folder is what frees a killed server's shared memory
        self.stop("immediate")
        patient_until = time.monotonic() + PATIENCE
        while self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            if time.monotonic() > patient_until:
                raise ClusterError(f"{self.folder} can't be removed")
            time.sleep(0.01)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))
        }
        uid, gid = self._plan.owner or (None, None)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command,
                user=uid,
                group=gid,
                extra_groups=None if self._plan.owner is None else [],
                cwd=self.folder,
                env=kept | {"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _is_ready(self, child: subprocess.Popen[bytes], patient_until: float) -> bool:
        while child.poll() is None and time.monotonic() < patient_until:
            try:
                lines = (self._data / "postmaster.pid").read_text().splitlines()
            except OSError:
                lines = []
            if len(lines) > 7 and lines[0] == str(child.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.01)
        return False

    def _may_start_later(self) -> bool:
        """Whether another process took the port, or backends of a killed server have yet to notice."""
        return any(words in self._log_tail() for words in ("Address already in use", "is still in use"))

    def _give_away(self) -> None:
        if self._plan.owner is None:
            return
        for found, folders, files in os.walk(self.folder):
            for name in (".", *folders, *files):
                os.chown(Path(found) / name, *self._plan.owner, follow_symlinks=False)

    def _log_tail(self) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])
        except OSError as error:
            return f"(no log: {error})"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
