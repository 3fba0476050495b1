"""The real program with a configuration: contexts and badges, keys, the mouse, bad lines, what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal, console
from tests.tui.test_terminal import ROOT

CONFIG = """
[defaults]
context = "dev"
theme = "dark"

[context.dev]
store = "sqlite:///{folder}/dev.db"
colour = "green"

[context.prod]
store = "sqlite:///{folder}/prod.db"
colour = "red"
read_only = true
lean = true

[context.lost]
store = "sqlite:///{folder}/lost.db"
local = ["nothing"]

[keys]
quit = "Q"
"""
MOUSE_ON, MOUSE_OFF = b"\x1b[?1000h", b"\x1b[?1000l"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "tui.toml"
    file.write_text(CONFIG.format(folder=tmp_path))
    return file


def test_contexts_are_named_in_the_top_line_and_changed_by_name(file: Path) -> None:
    environ = {"SAGEWAI_TUI_CONFIG": str(file), "COLORTERM": "truecolor"}
    with Terminal(console("approvals"), cwd=ROOT, environ=environ) as opened:
        opened.wait_for("Q quit")
        assert opened.wait_for("dev.db › approvals").startswith(" sagewai ›  dev  ")
        assert b"48;2;47;125;50m dev " in opened.written  # on green
        opened.keys("m")
        opened.wait_for("the mouse moves the cursor")
        opened.keys("m")
        opened.wait_for("the mouse selects text")
        written = opened.written
        assert written.count(MOUSE_ON) == 1
        assert written.rfind(MOUSE_OFF) > written.rfind(MOUSE_ON)
        opened.keys(":context lost\r000")  # enter takes what stood there when it was pressed
        opened.wait_for("'nothing'")  # what is wrong with it is said, and nothing ends
        opened.keys(":cont\tpr\t\r")  # typed ahead, tab and enter act where they were pressed
        shown = opened.wait_for(lambda text: "prod.db › approvals" in text and "RO" in text)
        assert shown.startswith(" sagewai ›  prod  ")
        opened.wait_for("Q quit")
        before = len(opened.written)
        opened.keys("1")
        opened.wait_for("› runs")
        assert b"48;2" not in opened.written[before:]  # lean: the terminal's own ground
        opened.keys("Q")
        assert opened.wait() == 0
        assert opened.attributes == opened.before


def test_a_configuration_that_is_wrong_is_refused_by_line_before_anything_is_drawn(file: Path) -> None:
    file.write_text(file.read_text() + 'retry = "Q"\n')
    with Terminal(console("--config", str(file)), cwd=ROOT, columns=160) as opened:
        assert opened.wait() == 2
        opened.wait_for(f"{file}:21: Q is 'retry' on runs")
        opened.wait_for(f"{file}:22: Q is 'quit' on runs")
        assert b"\x1b[?1049h" not in opened.written
    checked = [sys.executable, "-m", "tui", "config", "check", str(file)]
    ran = subprocess.run(checked, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ":21: Q is 'retry'" in ran.stderr
    assert ":18: " in ran.stderr  # the order of lost
