"""What somebody who looks elsewhere is called for, how often, and by which means; nothing of it comes from data."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.tui.stage import Clock
from tui.notices import AT_MOST_EVERY, AT_THE_KEYS, Notice, Notices, Waiting
from tui.telling import BELL, Caller, CommandRefused, signal_for, words_of

NEWS = Notice(2, 1, 5, 3)


def waiting(*newest: int, count: int | None = None) -> Waiting:
    return Waiting(len(newest) if count is None else count, newest)


def test_what_is_there_at_first_is_no_news_and_what_comes_is_told_together_and_once() -> None:
    clock = Clock()
    notices = Notices(clock)
    assert notices.hear(waiting(4, 3, 2, 1), waiting(1)) is None
    assert notices.hear(waiting(5, 4, 3, 2, 1), waiting(1)) == Notice(1, 0, 5, 1)
    assert notices.hear(waiting(7, 6, 5, 4, 3, 2, 1), waiting(1)) is None  # so soon after
    assert notices.hear(waiting(7, 6, 5, 4, 3, 2, 1), waiting(2, 1)) is None
    clock.passes(AT_MOST_EVERY)
    assert notices.hear(waiting(7, 6, 5, 4, 3, 2, 1), waiting(2, 1)) == Notice(2, 1, 7, 2)
    clock.passes(AT_MOST_EVERY)
    assert notices.hear(waiting(7, 6, 5, 4, 3, 2, 1), waiting(2, 1)) is None


def test_one_that_comes_while_another_goes_is_told_and_so_are_more_than_are_known_by_their_ids() -> None:
    clock = Clock()
    notices = Notices(clock)
    notices.hear(waiting(2, 1), waiting(3, count=9))
    assert notices.hear(waiting(3, 1), waiting(4, count=9)) == Notice(1, 1, 2, 9)
    clock.passes(AT_MOST_EVERY)
    assert notices.hear(waiting(3), waiting(2, count=7)) is None  # an older one, now that newer ones are gone
    assert notices.hear(waiting(*range(300, 200, -1), count=201), waiting(2, count=7)) == Notice(
        200, 0, 201, 7
    )


def test_nobody_is_called_for_what_is_gone_again_or_while_they_are_at_the_keys() -> None:
    clock = Clock()
    notices = Notices(clock)
    notices.hear(waiting(), waiting())
    notices.touched()
    assert notices.hear(waiting(3, 2, 1), waiting()) is None
    assert notices.hear(waiting(2), waiting()) is None
    clock.passes(AT_THE_KEYS)
    assert notices.hear(waiting(2), waiting()) == Notice(1, 0, 1, 0)
    clock.passes(AT_MOST_EVERY)
    notices.touched()
    notices.hear(waiting(4, 2), waiting())
    notices.hear(waiting(2), waiting())
    clock.passes(AT_THE_KEYS)
    assert notices.hear(waiting(2), waiting()) is None


def test_the_terminal_is_told_by_words_of_ours_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = "\x1b]9;sagewai db1/<U+0007>: 2 new approvals, 1 new dead letter\x07"
    place = "db1/\x07"
    assert signal_for("off", NEWS, place, {}) == ""
    assert signal_for("bell", NEWS, place, {}) == BELL
    assert signal_for("osc9", NEWS, place, {"TERM": "xterm"}) == told.replace("<U+0007>", "^G")
    assert signal_for("osc9", NEWS, place, {"TERM": "screen.xterm"}) == BELL
    tmux = tmp_path / "tmux"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for allowed, wanted in (
        ("off", BELL),
        ("on", "\x1bPtmux;\x1b\x1b]9;sagewai p: 2 new approvals, 1 new dead letter\x07\x1b\\"),
    ):
        tmux.write_text(f"#!/bin/sh\necho {allowed}\n")
        tmux.chmod(0o755)
        assert signal_for("osc9", NEWS, "p", {"TMUX": "x"}) == wanted


async def test_a_command_gets_numbers_no_shell_and_little_time(tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "told; echo $HOME"
    numbers = "os.environ['SAGEWAI_NEW_APPROVALS'] + os.environ['SAGEWAI_DEAD_LETTERS']"
    code = f"import os, sys; open(sys.argv[1], 'w').write({numbers})"
    await Caller(["python3", "-c", code, str(out)]).call(NEWS, said.append)
    assert out.read_text() == "23"
    await Caller(["sh", "-c", "exit 3"]).call(NEWS, said.append)
    began = time.monotonic()
    await Caller(["sh", "-c", "sleep 60 & sleep 60"], patience=0.1).call(NEWS, said.append)
    assert time.monotonic() - began < 5
    assert said == [
        "the notify command failed: exit code 3",
        "the notify command was ended: it took more than 0.1 s",
    ]


@pytest.mark.parametrize("command", ["", "say 'hi", "no-such-program-here now"])
def test_a_command_that_cannot_be_run_is_refused_before_the_console_opens(command: str) -> None:
    with pytest.raises(CommandRefused, match="--notify-command"):
        words_of(command)
