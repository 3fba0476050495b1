"""However the demo ends, no process and no file of it stays behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.processes import eventually, lives
from tests.engine.helpers import until
from tui.demo.process import WorkerProcess
from tui.demo.scratch import PREFIX, Scratch, make, remove
from tui.demo.stage import stage

PARENT = """
import sys, time
from tui.demo.stage import stage

with stage() as built:
    print(built.process.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has set the stage below ``tmp_path``."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.getcwd()},
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def child_of(parent: subprocess.Popen[str]) -> int:
    assert parent.stdout is not None
    return int(parent.stdout.readline())


def test_a_console_killed_with_9_takes_its_worker_process_and_its_folder_along(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    child = child_of(parent)
    assert [path.name.startswith(PREFIX) for path in tmp_path.iterdir()] == [True]
    parent.kill()
    eventually(lambda: not lives(child), "the worker process lives on")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_in_good_order(
    parent: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    child = child_of(parent)
    parent.send_signal(number)
    assert parent.wait(15) == 128 + number
    assert not lives(child)
    assert list(tmp_path.iterdir()) == []


async def test_a_killed_worker_process_is_replaced(scratch: Scratch) -> None:
    process = WorkerProcess(scratch)
    first = process.start()
    keeping = asyncio.create_task(process.keep())
    try:
        assert process.kill() == first

        async def replaced() -> bool:
            return process.pid not in {None, first}

        await until(replaced)
    finally:
        keeping.cancel()
        process.stop()
    assert process.pid is None


class BrokenOff(Exception):
    """What a stage may be left with."""


def break_off(seen: list[tuple[int | None, Path]]) -> None:
    with stage() as built:
        seen.append((built.process.pid, built.scratch.folder))
        raise BrokenOff


def test_the_stage_is_gone_after_an_exception() -> None:
    seen: list[tuple[int | None, Path]] = []
    with pytest.raises(BrokenOff):
        break_off(seen)
    ((child, folder),) = seen
    assert child is not None
    assert not lives(child)
    assert not folder.exists()


def test_only_a_folder_of_the_demo_is_removed(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(ValueError, match="no scratch folder"):
        remove(Scratch(tmp_path))
    assert (tmp_path / "precious").exists()


def test_the_scratch_folder_is_for_its_user_alone() -> None:
    made = make()
    assert made.folder.stat().st_mode & 0o077 == 0
    remove(made)
    assert not made.folder.exists()
