"""What holds when something before it failed: the second net, the crash report, the connection's state."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.worker import WorkerFailed

from tests.tui.terminal import Terminal
from tests.tui.test_text import ANY_TEXT, assert_harmless
from tui import crash
from tui.gateway.link import LONGEST_PAUSE, Link
from tui.gateway.place import place
from tui.launch import speaks_ascii
from tui.linefilter import SafeLines
from tui.theme import PALETTES, choose

GROUND = Color(0, 0, 0)


@given(ANY_TEXT)
def test_the_second_net_lets_nothing_hidden_or_obeyed_through(text: str) -> None:
    [shown] = SafeLines().apply([Segment(text)], GROUND)
    for character in shown.text:
        assert_harmless(f"x{character}")


@given(ANY_TEXT)
def test_the_second_net_of_an_ascii_terminal_lets_ascii_through(text: str) -> None:
    [shown] = SafeLines(ascii_only=True).apply([Segment(text)], GROUND)
    assert shown.text.isascii()


@given(ANY_TEXT)
def test_the_second_net_keeps_the_width_of_what_can_be_seen(text: str) -> None:
    safe = "".join(character for character in text if cell_len(character) and character.isprintable())
    [shown] = SafeLines(ascii_only=True).apply([Segment(safe)], GROUND)
    assert cell_len(shown.text) == sum(map(cell_len, safe))


def test_the_second_net_takes_clickable_actions_away_and_leaves_the_look() -> None:
    style = Style(bold=True, meta={"@click": "app.approve"})
    [shown] = SafeLines().apply([Segment("press me", style)], GROUND)
    assert shown.style is not None
    assert shown.style.meta == {}
    assert shown.style.bold


def test_control_segments_of_the_renderer_pass() -> None:
    from rich.control import Control

    segment = Control.move_to(1, 1).segment
    assert SafeLines().apply([segment], GROUND) == [segment]


def failing(order: str) -> None:
    raise RuntimeError(
        f"can't read \x1b]0;owned\x07 of postgresql://ops:hunter2secret@db1/x, asked by {len(order)}"
    )


def test_a_crash_report_holds_no_locals_no_secrets_and_nothing_to_obey() -> None:
    with pytest.raises(RuntimeError) as caught:
        failing("-".join(["a", "local", "value"]))
    for error in (caught.value, WorkerFailed(caught.value)):
        text = crash.report(error).plain
        assert "a-local-value" not in text
        assert "hunter2secret" not in text
        assert "can't read ␛]0;owned␇" in text
        assert "in failing" in text
        for line in text.split("\n"):
            assert_harmless(line)


CRASHING = """
import sys
from tui.app import ConsoleApp
from sagewai.models.actor import Actor
from sagewai.core.stores.memory import InMemoryStore

class Crashing(ConsoleApp):
    def _begin(self):
        order = "a-local-" + "value"
        raise RuntimeError("boom \\x1b]0;owned\\x07")

app = Crashing("memory://", actor=Actor("x"), opener=lambda url: InMemoryStore())
app.run(mouse=False)
sys.exit(app.return_code)
"""


def test_a_crash_leaves_a_clean_terminal_and_exit_code_1(tmp_path: Path) -> None:
    script = tmp_path / "crashing.py"
    script.write_text(CRASHING, encoding="utf-8")
    root = str(Path(__file__).parents[2])
    with Terminal([sys.executable, str(script)], cwd=root, environ={"PYTHONPATH": root}) as opened:
        assert opened.wait() == 1
        opened.wait_for("boom ␛]0;owned␇")
        assert opened.title == ""
        written = opened.written
        assert b"a-local-value" not in written
        assert written.rfind(b"\x1b[?25h") > written.rfind(b"\x1b[?25l")
        assert written.rfind(b"\x1b[?1049l") > written.rfind(b"\x1b[?1049h")
        assert opened.attributes == opened.before


class Ticks:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_badge_says_how_old_the_picture_is() -> None:
    ticks = Ticks()
    link = Link(ticks)
    assert link.badge(2.0).text == "connecting"
    link.failed("refused")
    assert link.badge(2.0).text == "no connection"
    link.answered()
    assert link.badge(2.0).text == "live 2s"
    assert link.error == ""
    ticks.now += 47
    link.failed("refused")
    assert link.badge(2.0).text == "stale 45s"
    assert link.error == "refused"


def test_pauses_between_tries_grow_and_stay_bounded() -> None:
    link = Link()
    assert link.pause(2.0) == 2.0
    pauses = []
    for _ in range(10):
        link.failed("refused")
        pauses.append(link.pause(2.0))
    assert pauses[0] < 2.0
    assert pauses[0] < pauses[3] < pauses[5]
    assert max(pauses) <= LONGEST_PAUSE * 1.2


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ops:secret@db1/sagewai", "db1/sagewai"),
        ("postgresql://ops:secret@db1:6543/sagewai?sslmode=require", "db1:6543/sagewai"),
        ("postgresql:///sagewai", "local/sagewai"),
        ("sqlite:////var/lib/runs.db", "/var/lib/runs.db"),
        ("sqlite:///runs.db", "runs.db"),
        (f"sqlite:///{Path.home()}/data/runs.db", "~/data/runs.db"),
        ("memory://", "memory"),
        ("postgresql://[half/open", "postgresql"),
    ],
)
def test_a_store_is_named_without_its_password(url: str, shown: str) -> None:
    assert place(url) == shown


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({}, False),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LC_ALL": "de_DE.ISO-8859-1", "LANG": "en_US.UTF-8"}, True),
    ],
)
def test_a_locale_that_knows_only_ascii_gets_ascii(environ: dict[str, str], ascii_only: bool) -> None:
    assert speaks_ascii(environ) is ascii_only


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm"}, "ansi"),
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "light"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "ansi"),
    ],
)
def test_the_theme_suits_the_terminal(environ: dict[str, str], theme: str) -> None:
    assert choose(environ) == theme
    assert theme in PALETTES
