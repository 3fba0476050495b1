"""Ages move in steps, durations stay short, and every state is a glyph and a word."""

from __future__ import annotations

import pytest

from sagewai.models.status import ApprovalStatus, Ask, Outcome, RunStatus, SessionStatus, WaitReason
from tui.format import (
    ASCII,
    UNICODE,
    Glyphs,
    age,
    approval_state,
    duration,
    exact,
    number,
    outcome_state,
    plural,
    run_state,
    session_state,
    size,
)
from tui.text import width


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *(
            (-3, "0s"),
            (0, "0s"),
            (4.9, "0s"),
            (5, "5s"),
            (48, "45s"),
            (59.9, "55s"),
            (60, "1m"),
            (3599, "59m"),
        ),
        *((3600, "1h"), (47 * 3600, "47h"), (48 * 3600, "2d"), (400 * 86400, "400d")),
    ],
)
def test_ages_move_in_steps(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0ms"), (0.0354, "35ms"), (0.9999, "1.0s"), (1.24, "1.2s"), (9.96, "10s"), (59.6, "1m00s")),
        *((108, "1m48s"), (3599.9, "1h00m"), (7500, "2h05m"), (86400 * 3 + 4 * 3600, "3d04h")),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    assert len(duration(seconds)) <= 6


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1200, "1.2 kB"), (3_400_000, "3.4 MB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (9999, "9999"), (12_345, "12.3k"), (123_456, "123k"), (1_234_567, "1.2M")]
)
def test_counts(count: int, text: str) -> None:
    assert number(count) == text
    assert len(number(count)) <= 5


def test_a_count_agrees_with_its_noun() -> None:
    assert plural(1, "run") == "1 run"
    assert plural(0, "run") == "0 runs"
    assert [exact(count, "token") for count in (1, 12_345)] == ["1 token", "12,345 tokens"]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_state_is_a_glyph_and_a_word_that_fit_their_columns(glyphs: Glyphs) -> None:
    runs = [run_state(status, None, None, glyphs) for status in RunStatus]
    waits = [run_state(RunStatus.WAITING, wait, None, glyphs) for wait in WaitReason]
    assert len({cell.text for cell in [*runs, *waits]}) == len(RunStatus) + len(WaitReason) - 1
    asked = [run_state(RunStatus.RUNNING, None, ask, glyphs) for ask in (Ask.CANCEL, Ask.PAUSE)]
    for cell in [*runs, *waits, *asked]:
        glyph, word = cell.text.split(" ")
        assert width(glyph) == 1
        assert word.isascii()
        assert width(cell.text) <= 7
    others = [
        *(approval_state(status, glyphs) for status in ApprovalStatus),
        *(outcome_state(outcome, glyphs) for outcome in Outcome),
        *(
            session_state(status, live, ask, glyphs)
            for status in SessionStatus
            for live in (True, False)
            for ask in (None, Ask.DRAIN)
        ),
    ]
    for cell in others:
        glyph, word = cell.text.split(" ", 1)
        assert width(glyph) == 1
        assert word


def test_a_worker_whose_lease_ran_out_is_stale_whatever_it_last_said() -> None:
    assert session_state(SessionStatus.ACTIVE, False, None, UNICODE).text == "✖ STALE"
    assert session_state(SessionStatus.STOPPED, False, None, UNICODE).text == "– stopped"


def test_every_ascii_glyph_is_ascii() -> None:
    from dataclasses import astuple

    assert all(glyph.isascii() for glyph in astuple(ASCII))
    assert all(width(glyph) == 1 for glyph in astuple(UNICODE))
