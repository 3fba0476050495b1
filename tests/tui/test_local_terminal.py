"""The real console with supervised workers on a pty: scaled by keys, drained or detached, and surviving its death."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sagewai.models.status import RunStatus
from tests.tui.terminal import Terminal, console
from tests.tui.test_local_fleet import end_all, is_alive, until
from tests.tui.test_terminal import ROOT, assert_clean, reading, submit

FLOWS = "tests.tui.flows:workflows"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/runs.db"


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    end_all(tmp_path / "sagewai" / "log")


def opened(url: str, tmp_path: Path, *arguments: str) -> Terminal:
    return Terminal(
        console("--store", url, *arguments, "workers"), cwd=ROOT, environ={"XDG_STATE_HOME": str(tmp_path)}
    )


def workers_of(console_pid: int) -> list[int]:
    """The supervised processes of this console."""
    children = subprocess.run(
        ["pgrep", "-P", str(console_pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return [int(child) for child in children if is_alive(int(child))]


def held_by(url: str, run_id: str) -> int | None:
    """The pid of the process that runs it."""

    async def find(store: object) -> int | None:
        run = await store.get_run(run_id)  # type: ignore[attr-defined]
        if run.status is not RunStatus.RUNNING:
            return None
        sessions = await store.list_sessions(live_only=True)  # type: ignore[attr-defined]
        return next((each.process.pid for each in sessions if each.name == run.worker), None)

    found: int | None = reading(url, find)  # type: ignore[assignment]
    return found


def ends_completed(url: str, run_id: str) -> None:
    run = reading(url, lambda store: store.get_run(run_id))
    assert run.status is RunStatus.COMPLETED  # type: ignore[attr-defined]
    assert run.attempt == 1  # type: ignore[attr-defined]


def test_workers_are_started_scaled_and_killed_by_keys_and_a_dropped_line_drains_them(
    url: str, tmp_path: Path
) -> None:
    with opened(url, tmp_path) as terminal:
        terminal.wait_for("no worker lives: N starts one here")
        terminal.keys("N")
        terminal.wait_for("start local workers")
        terminal.keys(f"{FLOWS} concurrency=4 labels zone=eu\r")
        terminal.wait_for(lambda text: re.search(r"● live +console-\d+-1 here", text) is not None)
        terminal.keys("+")
        terminal.wait_for(lambda text: re.search(r"● live +console-\d+-2 here", text) is not None)
        terminal.wait_for("local ● 2 workers")
        first, second = workers_of(terminal.process.pid)
        os.kill(second, signal.SIGKILL)
        until(lambda: second not in workers_of(terminal.process.pid), "the end of it")
        until(lambda: len(workers_of(terminal.process.pid)) == 2, "another in its place")
        terminal.keys("-")
        until(lambda: workers_of(terminal.process.pid) == [first], "one less")
        terminal.keys("\r")
        terminal.wait_for("enter: what it holds")
        submit(url, "quick", "run-1", name="ada")
        terminal.wait_for("greeting ada ␛[2J on stdout")
        submit(url, "slow", "run-2", seconds=2.0)
        until(lambda: held_by(url, "run-2") == first, "the run")
        terminal.keys("\r")
        terminal.wait_for(lambda text: "holds 1 run" in text and "run-2" in text)
        assert terminal.title == ""
        terminal.hang_up()
        assert terminal.wait(seconds=30) == 128 + signal.SIGHUP
        assert not is_alive(first)
    ends_completed(url, "run-2")
    assert (tmp_path / "sagewai" / "started").read_text() == f"{FLOWS} concurrency=4 labels zone=eu\n"


def test_workers_finish_what_they_hold_when_their_console_is_killed(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path, "--local", FLOWS) as terminal:
        terminal.wait_for("● live")
        [worker] = workers_of(terminal.process.pid)
        submit(url, "slow", "run-1", seconds=2.0)
        until(lambda: held_by(url, "run-1") == worker, "the run")
        terminal.signal(signal.SIGKILL)
        terminal.wait()
        assert is_alive(worker)
        until(lambda: not is_alive(worker), "its drain")
    ends_completed(url, "run-1")


def test_quitting_asks_and_detached_workers_go_on_alone_until_a_later_console_adopts_them(
    url: str, tmp_path: Path
) -> None:
    with opened(url, tmp_path, "--local", f"{FLOWS}x2") as terminal:
        terminal.wait_for(lambda text: text.count("● live") == 2)
        ours = workers_of(terminal.process.pid)
        terminal.keys("q")
        terminal.wait_for("2 local workers of this console")
        terminal.keys("n")
        terminal.wait_for("nothing was done")
        terminal.keys("qd")
        assert terminal.wait() == 0
        assert_clean(terminal)
        said = terminal.written.decode()
        for pid in ours:
            assert f"goes on without the console: pid {pid}, log " in said
        submit(url, "slow", "run-1", seconds=0.1)
        until(lambda: reading(url, lambda store: store.get_run("run-1")).status is RunStatus.COMPLETED, "it")  # type: ignore[attr-defined]
    with opened(url, tmp_path) as terminal:
        terminal.wait_for("adopted 2 workers that a console left running")
        terminal.wait_for(lambda text: len(re.findall(r"● live .*-[12] adopted", text)) == 2)
        terminal.wait_for("serves blocking, quick, slow")
        os.kill(ours[1], signal.SIGKILL)
        terminal.wait_for("ended: nobody asked it to; + on screen 4 starts it again")
        assert workers_of(terminal.process.pid) == []
        terminal.keys("q")
        assert terminal.wait() == 0
        assert f"goes on without the console: pid {ours[0]}, log " in terminal.written.decode()
    os.kill(ours[0], signal.SIGTERM)
    until(lambda: not is_alive(ours[0]), "its end")
    assert not list(tmp_path.rglob("*.left"))


def test_sigterm_drains_and_a_second_one_hands_the_runs_back(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path, "--local", FLOWS) as terminal:
        terminal.wait_for("● live")
        submit(url, "slow", "run-1", seconds=60.0)
        until(lambda: held_by(url, "run-1"), "the run")
        terminal.signal(signal.SIGTERM)
        terminal.wait_for("draining 1 local worker")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
    run = reading(url, lambda store: store.get_run("run-1"))
    assert run.status is RunStatus.PENDING  # type: ignore[attr-defined]
