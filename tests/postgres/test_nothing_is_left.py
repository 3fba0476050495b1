"""However a test session ends, no postmaster and no folder of it stays behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres.cluster import PREFIX
from tests.postgres.local import ROOT

WAITS = """
import json, signal

def test_waits(postgres_server):
    print("\\n" + json.dumps({"postmaster": postgres_server.postmaster_pid}), flush=True)
    signal.pause()
"""

WAITS_WITH_A_FORKED_CHILD = """
import json, os, signal

def is_output(fd):
    try:
        return os.fstat(fd).st_ino in (os.fstat(1).st_ino, os.fstat(2).st_ino)
    except OSError:
        return False

def test_waits(postgres_server):
    child = os.fork()
    if child == 0:
        for fd in [fd for fd in range(256) if is_output(fd)]:
            os.close(fd)
    else:
        print("\\n" + json.dumps({"postmaster": postgres_server.postmaster_pid, "child": child}), flush=True)
    signal.pause()
"""


class Session:
    """A pytest of its own whose servers live below `base`; it is waited for until its keeper has ended, too."""

    def __init__(self, folder: Path, base: Path, test: str, **environment: str) -> None:
        file = folder / "test_nested.py"
        file.write_text(test)
        cleared = {"PYTEST_ADDOPTS", "SAGEWAI_TEST_POSTGRES_URL"}
        kept = {name: value for name, value in os.environ.items() if name not in cleared}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(ROOT / "pyproject.toml"),
            "--rootdir",
            str(folder),
        ]
        command += ["-p", "tests.conftest", "-p", "no:cacheprovider", "-n0", "-q", "-s", str(file)]
        self.base = base
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=kept | {"TMPDIR": str(base)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def told(self) -> dict[str, int]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"{"):
                return dict(json.loads(line))
        raise AssertionError("the session ended before its server ran")

    def end(self) -> str:
        """What the session printed; returns when all who hold its standard error have ended: pytest and the keeper."""
        printed, complained = self.process.communicate(timeout=60)
        return (printed + complained).decode()

    def leftovers(self) -> list[str]:
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        processes = [line for line in running.splitlines() if f"{self.base}/" in line]
        return processes + [str(path) for path in self.base.glob(f"{PREFIX}*")]


Start = Callable[..., Session]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a session whose temporary folder has a short path and can be walked through by other accounts."""
    base = Path(tempfile.mkdtemp(prefix="base-", dir="/tmp"))
    base.chmod(0o711)
    with ExitStack() as ends:
        ends.callback(shutil.rmtree, base)

        def start(test: str, **environment: str) -> Session:
            session = Session(tmp_path, base, test, **environment)
            ends.enter_context(session.process)
            ends.callback(session.process.kill)
            return session

        yield start


def test_a_killed_session_leaves_nothing(start: Start) -> None:
    session = start(WAITS)
    postmaster = session.told()["postmaster"]
    assert len(session.leftovers()) >= 2

    session.process.kill()
    session.end()

    assert session.leftovers() == []
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)


def test_a_session_killed_while_its_server_is_being_made_leaves_nothing(start: Start) -> None:
    session = start(WAITS)
    while not session.leftovers():
        assert session.process.poll() is None

    session.process.kill()
    session.end()

    assert session.leftovers() == []


def test_a_forked_child_of_a_killed_session_does_not_keep_the_server(start: Start) -> None:
    session = start(WAITS_WITH_A_FORKED_CHILD, PYTHONWARNINGS="ignore")
    child = session.told()["child"]

    session.process.kill()
    try:
        session.end()
    finally:
        os.kill(child, signal.SIGKILL)

    assert session.leftovers() == []


def test_ctrl_c_ends_the_session_in_good_order(start: Start) -> None:
    session = start(WAITS)
    session.told()

    os.killpg(session.process.pid, signal.SIGINT)

    assert "KeyboardInterrupt" in session.end()
    assert session.leftovers() == []


def test_without_a_postgresql_tests_fail_and_say_what_to_do(start: Start, tmp_path: Path) -> None:
    session = start(WAITS, SAGEWAI_TEST_POSTGRES_BINARIES=str(tmp_path))

    printed = session.end()

    assert session.process.returncode == 1
    assert "1 error" in printed
    assert "skipped" not in printed
    assert f"{tmp_path}: has no postgres and no initdb" in printed
    assert "name a running server in SAGEWAI_TEST_POSTGRES_URL" in printed
