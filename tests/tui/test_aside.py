"""While a pager has the terminal the console behind it goes on, and writes and reads nothing: the program on a pty."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sagewai.core.stores.base import Store
from sagewai.models.status import RunStatus
from tests.tui.stage import Stage
from tests.tui.terminal import Terminal, console
from tests.tui.test_local_fleet import is_alive, until
from tests.tui.test_local_terminal import FLOWS, nothing_is_left, workers_of
from tests.tui.test_terminal import ROOT, filled, reading

__all__ = ["nothing_is_left"]  # a fixture for every test here

PAGER = """#!/bin/sh
echo $$ > {pid}
cat > /dev/null
trap 'echo INTERRUPTED' INT
trap 'echo IN ORDER; exit' TERM
echo PAGER IS HERE
until read answer < /dev/tty; do :; done
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/runs.db"

    async def fill(stage: Stage) -> None:
        await stage.submit("run-1")

    filled(url, fill)
    return url


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    pager = tmp_path / "pager"
    pager.write_text(PAGER.format(pid=tmp_path / "pid"))
    pager.chmod(0o700)
    return {"PAGER": str(pager), "XDG_STATE_HOME": str(tmp_path)}


def test_workers_are_replaced_keys_are_the_pagers_and_the_size_is_seen_afterwards(
    url: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    argv = console("--store", url, "--interval", "0.5", "--local", FLOWS, "run", "run-1")
    with Terminal(argv, cwd=ROOT, environ=environ) as terminal:
        terminal.wait_for(lambda text: "○ research" in text and "local ● 1 worker" in text)
        [first] = workers_of(terminal.process.pid)
        terminal.keys("v")
        terminal.wait_for("PAGER IS HERE")
        pager = int((tmp_path / "pid").read_text())
        written = terminal.written
        os.kill(first, signal.SIGKILL)
        until(lambda: set(workers_of(terminal.process.pid)) - {first, pager}, "another worker in its place")
        assert terminal.written == written
        terminal.keys("\x03")
        terminal.wait_for("INTERRUPTED")
        terminal.resize(100, 30)
        terminal.keys("Cyq\n")
        terminal.wait_for(lambda text: "q quit" in text.split("\n")[-1] and len(text.split("\n")) == 30)
        assert "INTERRUPTED" not in terminal.text
        assert reading(url, status) is RunStatus.PENDING
        terminal.keys("v")
        terminal.wait_for("PAGER IS HERE")
        pager = int((tmp_path / "pid").read_text())
        terminal.signal(signal.SIGTERM)
        assert terminal.wait(seconds=30) == 128 + signal.SIGTERM
        assert b"IN ORDER" in terminal.written
        assert terminal.attributes == terminal.before
        assert not is_alive(pager)


async def status(store: Store) -> RunStatus:
    return (await store.get_run("run-1")).status


def test_a_line_that_drops_ends_the_pager_and_the_console(
    url: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    with Terminal(console("--store", url, "run", "run-1"), cwd=ROOT, environ=environ) as terminal:
        terminal.wait_for("○ research")
        terminal.keys("v")
        terminal.wait_for("PAGER IS HERE")
        terminal.hang_up()
        assert terminal.wait() == 128 + signal.SIGHUP
        until(lambda: not is_alive(int((tmp_path / "pid").read_text())), "the end of the pager")
