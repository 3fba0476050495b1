"""The console notices who looks: it rests out of focus, covers itself, and calls for what is new."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual import events

from sagewai.core import commands
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.memory.state import State
from sagewai.models.status import ApprovalStatus
from tests.tui.drive import driving
from tests.tui.stage import OPERATOR, Clock, Stage
from tui.attending import Attention
from tui.format import Cell
from tui.lastlook import AWAY, LastLook, file_of
from tui.payload import Line
from tui.screens.sheet import Reader


class Counted(InMemoryStore):
    """A store that counts what it is asked."""

    statements = 0

    @contextmanager
    def _transaction(self) -> Iterator[State]:
        self.statements += 1
        with super()._transaction() as state:
            yield state


# -- focus ------------------------------------------------------------------------------------------------------------


async def test_out_of_focus_nothing_is_read_and_back_in_it_the_picture_is_new_at_once() -> None:
    store = Counted()
    stage = Stage(store)
    async with driving(store, interval=0.05) as drive:
        drive.app.post_message(events.AppBlur())
        await drive.shows("no focus")
        await drive.pilot.pause(0.1)
        store.statements = 0
        await drive.pilot.pause(0.4)
        assert store.statements <= 2  # the counters, once: nobody would hear of an approval otherwise
        await stage.submit("run-1")
        assert "run-1" not in drive.text
        drive.app.post_message(events.AppFocus())
        await drive.shows("run-1")
        assert "live" in drive.lines[0]


async def test_a_console_that_keeps_looking_looks_on_out_of_focus(stage: Stage) -> None:
    async with driving(stage.store, attention=Attention(keeps_looking=True)) as drive:
        drive.app.post_message(events.AppBlur())
        await stage.submit("run-1")
        await drive.shows("run-1")
        assert "no focus" not in drive.text


# -- the lock ---------------------------------------------------------------------------------------------------------


async def test_a_locked_console_shows_the_store_and_a_number_and_obeys_no_key(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    asked = await stage.ask("run-1")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("colon")
        await drive.type("lock")
        await drive.press("enter")
        await drive.shows("1 approval waits")
        assert "memory" in drive.text
        assert "run-1" not in drive.text
        await drive.press("1", "a", "ctrl+p", "ctrl+q", "colon", "question_mark", "x", "escape")
        drive.app.open_by_text("run-1")  # what was under way when it was locked
        await drive.pilot.pause(0.1)
        assert "run-1" not in drive.text
        await drive.type("mallory")
        await drive.press("enter")
        await drive.shows("that isn't the name")
        await drive.press("enter")
        await drive.shows("RO locked")
        await drive.press("3", "a", "C")
        await drive.pilot.pause(0.1)
        assert not drive.front.prompt.is_open
        card = await drive.app.gateway.card(asked)
        refused = await drive.app.gateway.verbs.decide("approve", card, "")
        assert "locked" in refused.outcome
        await drive.press("colon")
        await drive.type("start flows:all")
        await drive.press("enter")
        await drive.shows(":unlock and your account's name")
        await drive.press("colon")
        await drive.type("unlock alice")
        await drive.press("enter")
        await drive.shows("RW ")
        assert (await drive.app.gateway.verbs.decide("approve", card, "")).ok
    assert (await stage.store.get_approval(asked)).status is ApprovalStatus.APPROVED


async def test_without_a_key_for_so_long_the_console_covers_itself_and_what_comes_late_stays_below(
    stage: Stage, clock: Clock
) -> None:
    await stage.submit("run-1")
    clock = Clock()
    async with driving(stage.store, attention=Attention(lock_after=600.0, clock=clock)) as drive:
        await drive.shows("run-1")
        clock.passes(599.0)
        await drive.press("down")
        clock.passes(599.0)
        await drive.pilot.pause(1.1)
        assert "run-1" in drive.text
        clock.passes(1.0)
        await drive.shows("no approval waits")
        drive.app.action_help()
        drive.app.push_screen(Reader("late", (Line("what came late"),)))
        await drive.pilot.pause()
        assert "late" not in drive.text
        await drive.type("alice@ops1")
        await drive.press("enter")
        await drive.shows("what came late")


# -- what is called for -----------------------------------------------------------------------------------------------


async def test_an_approval_that_comes_while_the_terminal_is_not_in_front_calls_for_its_user(
    stage: Stage, tmp_path: Path
) -> None:
    """Once; and so does another in the place of one that somebody decides, and one behind a pager."""
    clock, told = Clock(), tmp_path / "told"
    command = ("sh", "-c", f"echo $SAGEWAI_NEW_APPROVALS $SAGEWAI_NEW_DEAD_LETTERS >> {told}")
    async with driving(stage.store, attention=Attention(command=command, clock=clock)) as drive:
        await drive.pilot.pause(1.1)
        drive.app.post_message(events.AppBlur())
        await drive.shows("no focus")
        await stage.running("run-1", done=2)
        await stage.ask("run-1")
        clock.passes(60.0)
        await drive.shows(lambda _: told.exists() and told.read_text() == "1 0\n")
        assert "run-1" not in drive.text
        await stage.running("run-2", done=2)
        await stage.ask("run-2")
        await commands.reject(stage.store, "run-1", actor=OPERATOR, reason="no")
        clock.passes(60.0)
        await drive.shows(lambda _: told.read_text() == 2 * "1 0\n")
        drive.app.post_message(events.AppFocus())
        await drive.shows("run-2")
        drive.app.is_away = True
        await stage.running("run-3")
        await stage.die("run-3")
        clock.passes(60.0)
        await drive.shows(lambda _: told.read_text() == 2 * "1 0\n" + "0 1\n")


async def test_what_is_said_behind_a_pager_stays_until_it_can_be_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.widgets.prompt.SAID_FOR", 0.05)
    async with driving(stage.store) as drive:
        drive.app.is_away = True
        drive.app.say(Cell("a worker is stopped"))
        await drive.pilot.pause(0.2)
        assert "a worker is stopped" in drive.said
        drive.app.is_away = False
        await drive.shows(lambda text: "a worker is stopped" not in text)


# -- the last look ----------------------------------------------------------------------------------------------------


def test_the_last_look_is_kept_in_a_private_file_and_ends_where_its_user_went_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = file_of("db1/sagewai", "ada@ops1")
    assert path != file_of("db1/sagewai", "bob@ops1") != file_of("db2/sagewai", "bob@ops1")
    now = datetime(2025, 11, 22, 3, 7, tzinfo=UTC)
    first = LastLook(path, lambda: now)
    assert first.before is None
    began = now
    first.touched()
    first.keep()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    now += timedelta(hours=8)
    second = LastLook(path, lambda: now)
    assert second.before == began
    second.touched()
    now += AWAY / 2
    second.touched()
    assert second.before == began
    went = now
    now += AWAY * 2
    second.touched()
    assert second.before == went
    path.write_text("not a time \x1b[2J")
    assert LastLook(path, lambda: now).before is None
    path.unlink()
    path.mkdir()
    unlucky = LastLook(path, lambda: now)
    unlucky.touched()
    unlucky.keep()
    assert not list(path.parent.glob("*.[0-9]*"))
