"""`sagewai-tui --demo` without a terminal, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.demo.processes import eventually, lives
from tui.demo.standin import DISCLAIMER

SECONDS = 40


def start(tmp_path: Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAGEWAI_")}
    return subprocess.Popen(
        [sys.executable, "-m", "tui", "--demo"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**kept, "TMPDIR": str(tmp_path), "PYTHONPATH": os.getcwd()},
    )


def screens(told: str) -> dict[str, list[str]]:
    """The frames by their titles, each as its lines."""
    parts = re.split(r"\n\n(\d [A-Z][a-z ]+)\n-{80}\n", told)[1:]
    return {title: frame.split("\n")[:24] for title, frame in zip(parts[::2], parts[1::2], strict=True)}


def test_the_story_is_told_to_its_end_within_its_time(tmp_path: Path) -> None:
    began = time.monotonic()
    with start(tmp_path) as process:
        told, complaints = process.communicate(timeout=SECONDS)
    assert time.monotonic() - began < SECONDS
    assert (process.returncode, complaints) == (0, "")

    acts = [
        r"a scratch store, gone at the end: sqlite:///",
        r"submitted notice-01",
        r"models-(\d+) claimed notice-01",
        r"killed worker process \1 with -9; it held notice-01",
        r"notice-01 was taken over",
        r"models-\d+ resumed it at `draft`, under token \d",
        r"notice-01 asks: Publish the notice about 'The lamps'\?",
        re.escape(DISCLAIMER),
        r"approved by demo: published as notice-01.txt",
        r"run 'notice-02' was rejected by demo: a notice for visitors shouldn't begin with fog",
        r"orders-02 is a dead letter: MalformedOrders: line 3 of orders-02.csv",
        r"orders-02, retried by demo: 4 items",
        r"attempt  read  completed  token 1",
        r"attempt  draft  lost  token 1",
        r"taken_over",
        r"attempt  draft  completed  token 3",
        r"approved  by demo",
        r"ok     the killed run completed",
        r"everything has stopped, and the scratch folder is gone",
    ]
    assert re.search(".*".join(acts), told, re.DOTALL), told
    assert "FAILED" not in told

    drawn = screens(told)
    assert list(drawn) == ["1 Runs", "2 Run", "3 Approvals", "4 Workers", "5 Dead letters"]
    for title, lines in drawn.items():
        assert len(lines) == 24, title
        assert max(map(len, lines)) <= 80, title
        assert lines[0].startswith(" sagewai "), title
        assert lines[-1].endswith("q quit"), title

    assert list(tmp_path.iterdir()) == []
    assert [pid for pid in map(int, re.findall(r"models-(\d+)", told)) if lives(pid)] == []


def test_a_story_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "resumed it" in line)
        process.terminate()
        process.stdout.read()
        assert process.wait(15) == 128 + signal.SIGTERM
    (pid,) = map(int, re.findall(r"models-(\d+)", line))
    eventually(lambda: not lives(pid), "the worker process lives on")
    assert list(tmp_path.iterdir()) == []
