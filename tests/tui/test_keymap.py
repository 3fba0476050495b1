"""Keys that an operator chose: read, checked against every screen, and shown where the console's own were."""

from __future__ import annotations

import pytest

from tests.tui.drive import driving
from tests.tui.stage import Stage
from tui import keymap
from tui.habits import Habits
from tui.homes import homes
from tui.keymap import Keymap, KeyRefused, read_key
from tui.screens.keys import named


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A", "A"),
        ("7", "7"),
        ("=", "equals_sign"),
        ("?", "question_mark"),
        ("f12", "f12"),
        ("ctrl+e", "ctrl+e"),
    ],
)
def test_keys_are_read_as_they_are_written(text: str, key: str) -> None:
    assert read_key(text) == key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *[(f"ctrl+{letter}", "can't be bound") for letter in "abszcqpim"],
        *[("ctrl+enter", "not every terminal"), ("alt+x", "not every terminal")],
        *[("enter", "the same on every screen"), ("esc", "the same on every screen")],
        *[
            ("", "is no key"),
            ("AB", "is no key"),
            ("ä", "is no key"),
            ("\x1b", "is no key"),
            ("f13", "is no key"),
        ],
    ],
)
def test_what_no_terminal_sends_or_another_program_keeps_is_refused(text: str, why: str) -> None:
    with pytest.raises(KeyRefused, match=why):
        read_key(text)


def test_actions_have_the_names_that_operators_use() -> None:
    known = keymap.named(homes())
    assert {"approve", "reject", "retry", "cancel", "pause", "filter", "command", "quit", "dlq"} <= set(known)
    assert known["approve"][:2] == ("a", ("runs", "run", "approvals"))
    assert named("leave") is None
    assert named("zoom(1)") == "zoom-in"


def found(**keys: str) -> dict[str, str]:
    return dict(keymap.problems({name.replace("_", "-"): [key] for name, key in keys.items()}, homes()))


def test_a_key_that_means_something_else_on_a_screen_of_the_action_is_refused() -> None:
    assert "r is 'retry' on runs" in found(reject="r")["reject"]
    assert "'the first row' on" in found(fork="g")["fork"]  # what the table under it does
    assert "p is 'rest'" in found(retry="p")["retry"]  # what the console does everywhere
    assert "did you mean 'approve'?" in found(aprove="A")["aprove"]
    both = found(approve="A", reject="A")
    assert "A is 'reject'" in both["approve"]
    assert "A is 'approve'" in both["reject"]


def test_keys_may_change_places_and_be_used_again_on_another_screen() -> None:
    assert found(approve="x", reject="a") == {}
    assert found(drain="s") == {}  # s sorts the runs, which have no drain


async def test_a_key_acts_as_it_was_chosen_and_is_shown_so(night: Stage) -> None:
    chosen = {
        "retry": ["A"],
        "pause": ["equals_sign", "f9"],
        "approve": ["x"],
        "reject": ["a"],
        "help": ["H"],
    }
    habits = Habits(keymap=Keymap({name: tuple(keys) for name, keys in chosen.items()}))
    async with driving(night.store, habits=habits) as drive:
        await drive.shows("x approve  a reject  A retry  C cancel  = pause")
        assert "H keys" in drive.lines[-1]
        await drive.press("x")
        await drive.shows(lambda text: "waits for no approval" in text or "approvals waiting" in text)
        await drive.press("1", "r")
        assert "retry" not in drive.said  # the old key does nothing
        await drive.press("A")
        await drive.shows("retry")
        await drive.press("H")
        help_of_x = await drive.shows("keys: ")
        assert any(
            line.split()[:3] == ["│", "x", "approve"] or line.split()[:2] == ["x", "approve"]
            for line in help_of_x.splitlines()
        )
