"""The console notices who looks: it rests out of focus, covers itself, and calls for what is new."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual import events

from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.memory.state import State
from sagewai.models.status import ApprovalStatus
from tests.tui.drive import driving
from tests.tui.stage import Clock, Stage
from tui.attending import Attention
from tui.lastlook import AWAY, LastLook, file_of


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
