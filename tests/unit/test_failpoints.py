"""Failpoints: nothing happens unless one is named; a named one ends the process, and a typing error is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from sagewai.core import failpoints
from sagewai.core.failpoints import PLACES, VARIABLE, arm
from sagewai.errors import InvalidOptionError
from sagewai.models.transition import Move

THREE_TIMES = """
from sagewai.core.failpoints import reach
for _ in range(3):
    print("before", flush=True)
    reach("before commit")
print("alive")
"""


def run(setting: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if setting is not None:
        environment[VARIABLE] = setting
    return subprocess.run(
        [sys.executable, "-c", THREE_TIMES], env=environment, capture_output=True, text=True, check=False
    )


def test_without_the_variable_nothing_happens() -> None:
    assert run(None).stdout.split() == ["before"] * 3 + ["alive"]
    assert failpoints.reach is failpoints._pass


def test_the_named_place_kills_the_process_the_nth_time() -> None:
    done = run("before commit=kill@2")
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, ["before", "before"])


def test_another_place_passes() -> None:
    assert run("after commit=kill").stdout.split()[-1] == "alive"


@pytest.mark.parametrize(
    "setting", ["nowhere=kill", "before commit=explode", "before commit", "claimed=kill@0"]
)
def test_what_can_t_be_read_is_told(setting: str) -> None:
    with pytest.raises(InvalidOptionError, match="SAGEWAI_FAILPOINTS holds"):
        arm(setting)


def test_each_move_has_a_place_before_and_after_it() -> None:
    assert {f"{when} {move.name}" for when in ("before", "after") for move in Move} <= PLACES
