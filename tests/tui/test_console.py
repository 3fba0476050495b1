"""What works everywhere: numbers, names, help, read-only, ASCII, themes, an outage, and the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.memory.state import State
from sagewai.errors import StoreUnavailable
from sagewai.models.approval import Approval, Attention
from sagewai.models.session import Glance
from sagewai.models.status import RunStatus
from tests.tui.drive import DRAWINGS, NARROW, WIDE, driving
from tests.tui.stage import OPERATOR, Clock, Stage
from tui.screens.console import MODES, Mode


class Cut(InMemoryStore):
    """A store whose line can be cut."""

    cut = False

    @contextmanager
    def _transaction(self) -> Iterator[State]:
        if self.cut:
            raise StoreUnavailable(
                "can't reach postgresql://ops:hunter2secret@db1/sagewai: connection refused"
            )
        with super()._transaction() as state:
            yield state


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "140x40"])
async def test_the_numbers_show_the_screens_in_order(night: Stage, size: tuple[int, int]) -> None:
    async with driving(night.store, size=size) as drive:
        for key, wanted in zip(
            "123456",
            (
                "all runs",
                "runs › run-",
                "approvals waiting",
                "pools",
                "dead letters",
                "runs in the last hour",
            ),
            strict=True,
        ):
            await drive.press(key)
            await drive.shows(wanted)
            assert len(drive.lines) == size[1]
            assert all(len(line) <= size[0] for line in drive.lines)


@pytest.mark.parametrize("mode", MODES)
async def test_a_screen_can_be_the_first_one(night: Stage, mode: Mode) -> None:
    async with driving(night.store, start=mode) as drive:
        assert mode in drive.lines[0] or mode == "run"


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("approvals", "approvals waiting"),
        ("work", "pools"),
        ("dlq", "3 dead letters"),
        ("runs pool:gpu", "/pool:gpu"),
    ],
)
async def test_the_command_line_goes_by_name(night: Stage, typed: str, wanted: str) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.press("colon")
        await drive.type(typed)
        await drive.press("enter")
        await drive.shows(wanted)


async def test_tab_completes_a_command(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.press("colon")
        await drive.type("app")
        await drive.pilot.pause(0.1)
        await drive.press("tab", "enter")
        await drive.shows("approvals waiting")


async def test_an_unknown_command_is_named(stage: Stage) -> None:
    async with driving(stage.store) as drive:
        await drive.press("colon")
        await drive.type("nope")
        await drive.press("enter")
        await drive.shows("no command is called 'nope'")


async def test_help_lists_the_keys_of_this_screen(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.press("question_mark")
        await drive.shows("keys: runs  1-")
        text = drive.text
        assert drive.lines[3].split()[1:3] == ["a", "approve"], "its own keys come first"
        assert "filter" in text
        await drive.press("escape")
        await drive.shows("all runs")


async def test_the_palette_offers_what_the_screen_can_do_and_takes_the_keys_while_it_is_open(
    night: Stage,
) -> None:
    async with driving(night.store) as drive:
        await drive.press("ctrl+p")
        await drive.shows("a        approve")
        await drive.type("dead")
        await drive.shows("5        dead letters")
        await drive.press("enter")
        await drive.shows("3 dead letters")
        await drive.press("ctrl+p")
        await drive.type("follow:")
        await drive.shows("No matches found")  # the lists of runs have that, this one hasn't


async def test_a_read_only_console_binds_no_key_that_changes_anything(night: Stage) -> None:
    await night.submit("run-free")
    async with driving(night.store, read_only=True) as drive:
        await drive.shows("run-free")
        assert "RO" in drive.lines[0]
        assert "cancel" not in drive.lines[23]
        await drive.press("C", "y", "P", "r", "D", "y", "a")
        await drive.looked()
        await drive.press("3")
        await drive.shows("Publish")
        await drive.press("a", "x")
        assert not drive.front.prompt.is_open
        await drive.press("4", "d", "y")
        await drive.press("5", "r", "D", "y")
        record = await drive.app.gateway.verbs.operate(
            "cancel", drive.app.gateway.door.shaper.ref("run-free")
        )
        assert not record.ok
        assert "read-only" in record.outcome
    assert (await night.store.get_run("run-free")).status is RunStatus.PENDING
    assert (await night.store.counts()).dead_letters == 3


@pytest.mark.parametrize("mode", MODES)
async def test_an_ascii_console_draws_nothing_else(night: Stage, mode: Mode) -> None:
    async with driving(
        night.store,
        start=mode,
        ascii_only=True,
        has_net=False,
        run_id="run-7f3a91c2" if mode == "run" else None,
    ) as drive:
        await drive.looked()
        lines = drive.text.translate(DRAWINGS).split("\n")
        assert [line for line in lines if not line.isascii()] == []


@pytest.mark.parametrize("theme", ["dark", "light", "ansi"])
async def test_themes_can_be_changed_by_name(stage: Stage, theme: str) -> None:
    async with driving(stage.store) as drive:
        await drive.press("colon")
        await drive.type(f"theme {theme}")
        await drive.press("enter")
        await drive.pilot.pause()
        assert drive.app.theme == theme


async def test_an_outage_leaves_the_last_picture_and_says_how_old_it_is(clock: Clock) -> None:
    store = Cut(clock=clock)
    stage = Stage(store)
    await stage.worker("content-pipeline", lease=1e6)
    await stage.submit("run-1")
    async with driving(store) as drive:
        await drive.shows("run-1")
        store.cut = True
        await drive.shows("stale")
        assert "run-1" in drive.text
        assert "connection refused" in drive.text
        assert "hunter2secret" not in drive.text
        await drive.press("P")
        await drive.shows("unknown: can't reach")
        store.cut = False
        await drive.shows("live 0.2s")
        assert "connection refused" not in drive.lines[1]


async def test_a_database_that_never_answered_says_so(clock: Clock) -> None:
    store = Cut(clock=clock)
    store.cut = True
    from tests.tui.stage import OPERATOR
    from tui.app import ConsoleApp

    app = ConsoleApp("memory://", actor=OPERATOR, opener=lambda url: store, environ={})
    async with app.run_test(size=NARROW) as pilot:
        from tests.tui.drive import Drive

        drive = Drive(app, pilot)
        await drive.shows("no connection")
        store.cut = False
        await drive.shows("PEND 0")


async def test_resting_keeps_the_picture_still(stage: Stage) -> None:
    async with driving(stage.store) as drive:
        await drive.shows("no runs yet")
        await drive.press("p")
        await drive.shows("resting")
        await stage.submit("run-1")
        await drive.pilot.pause(0.5)
        assert "run-1" not in drive.text
        await drive.press("p")
        await drive.shows("run-1")


async def test_y_copies_an_id_but_none_that_a_shell_would_obey(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("y")
        await drive.shows("sent run-1 to the clipboard")
        assert drive.app.clipboard == "run-1"
        await stage.submit("run-2\rx")
        await drive.shows("run-2")
        await drive.press("up", "y")
        await drive.shows("not copied")
        assert drive.app.clipboard == "run-1"


async def test_q_leaves_at_once_when_nothing_is_held(stage: Stage) -> None:
    async with driving(stage.store) as drive:
        await drive.press("q")
        await drive.pilot.pause()
        assert drive.app.return_code == 0


@pytest.mark.parametrize("size", [(10, 3), (1, 1), (20, 5), (300, 100)])
async def test_no_size_breaks_a_screen(night: Stage, size: tuple[int, int]) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        await drive.pilot.resize_terminal(*size)
        for key in "123456":
            await drive.press(key)
            await drive.pilot.pause(0.05)
        await drive.pilot.resize_terminal(80, 24)
        await drive.press("1")
        await drive.shows("run-81b0aa17")


async def test_no_look_sends_more_than_five_statements(night: Stage) -> None:
    """Whatever is opened and whatever happens meanwhile; but what a person decides on is there at once."""
    looks: list[list[str]] = []
    looking: list[asyncio.Task[object] | None] = []

    class Counting(InMemoryStore):
        async def glance(self) -> Glance:
            looking[:] = [asyncio.current_task()]
            looks.append([])
            return await super().glance()

        async def get_approval(self, approval_id: int) -> Approval:
            looks[-1].append("a card is opened")
            return await super().get_approval(approval_id)

        @contextmanager
        def _transaction(self) -> Iterator[State]:
            if asyncio.current_task() in looking:
                looks[-1].append("statement")
            with super()._transaction() as state:
                yield state

    night.store.__class__ = Counting
    [asked] = await night.store.approvals_of("run-7f3a91c2")
    opened = ["2", *["2 tab"] * 7, "1", "1 down", "3", "4", "4 enter", "5", "5 e", "6", "6 tab"]
    for size, screens in ((NARROW, opened), (WIDE, ["2", "1", "1 down"])):
        async with driving(night.store, size=size, run_id="run-81b0aa17") as drive:
            await drive.shows("runs › run-81b0aa17")
            for keys in screens:
                await drive.press(*keys.split())
                looking.clear()
                await night.called("run-81b0aa17", "Moss.", request="What is old?")
                await night.says("run-81b0aa17", "Moss is")
                await night.store.attend(asked.id, Attention.COMMENT, OPERATOR, text="twice already")
                await drive.front.look_once()
                await drive.front.look_once()
            looking.clear()
            await night.finish_step("run-81b0aa17")
    usual = [look for look in looks if "a card is opened" not in look]
    assert max(map(len, usual)) == 5
    assert len(looks) - len(usual) <= 2
    assert max(map(len, looks)) <= 11
