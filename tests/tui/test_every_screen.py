"""What holds on every screen: nothing is drawn for nothing, no key taken from the terminal; sizes, colours, ASCII."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from rich.color import ColorType
from rich.segment import Segment
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from sagewai.core import commands
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.memory.state import State
from sagewai.models.actor import Actor
from sagewai.models.page import Page, RunQuery
from sagewai.models.run import Run
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.tui.drive import DRAWINGS, NARROW, WIDE, Drive, driving
from tests.tui.stage import Clock, Stage
from tui.format import Role
from tui.habits import Habits
from tui.theme import PALETTES

SCREENS = "123456"
BOB = Actor("bob@ops2", source="console", assurance="os")


# -- what is written and read -----------------------------------------------------------------------------------------


async def test_a_look_that_brings_nothing_new_draws_nothing(
    night: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with driving(night.store, size=WIDE, run_id="run-7f3a91c2", interval=60.0) as drive:
        now = drive.app.gateway.door.now()
        drive.app.gateway.door.now = lambda: now  # type: ignore[method-assign] # as the store's clock does here
        await drive.shows("› run-7f3a91c2")
        drawn: list[object] = []
        monkeypatch.setattr(drive.app, "_display", lambda screen, what: drawn.append(what))
        for key in SCREENS:
            await drive.press(key)
            await drive.looked()
            while key == "6" and not drive.app.gateway.overview.is_whole:
                await drive.looked()
            for _ in range(5):  # what is laid out or had no room in the first looks comes with the next
                drawn.clear()
                await drive.looked()
                if not drawn:
                    break
            drawn.clear()
            await drive.looked()
            await drive.looked()
            assert drawn == [], f"screen {key}"


class Watched(InMemoryStore):
    """Counts its statements and its listings of runs, and lists them only while it is let."""

    statements = listings = under_way = 0

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.lists = asyncio.Event()
        self.lists.set()

    @contextmanager
    def _transaction(self) -> Iterator[State]:
        self.statements += 1
        with super()._transaction() as state:
            yield state

    async def list_runs(self, query: RunQuery) -> Page[Run]:
        self.listings += 1
        self.under_way += 1
        await self.lists.wait()
        self.under_way -= 1
        return await super().list_runs(query)


async def test_a_screen_that_is_not_in_front_reads_nothing(clock: Clock) -> None:
    store = Watched(clock)
    await Stage(store).submit("run-1")
    async with driving(store, interval=0.05) as drive:
        await drive.shows("run-1")
        await drive.press("5")
        await drive.shows("0 dead letters")
        before = store.listings
        await drive.pilot.pause(0.3)
        assert store.listings == before


async def test_while_a_look_is_under_way_no_other_begins_and_keys_are_taken(clock: Clock) -> None:
    store = Watched(clock)
    stage = Stage(store)
    await stage.submit("run-1")
    async with driving(store, interval=0.05) as drive:
        await drive.shows("run-1")
        store.lists.clear()
        await stage.submit("run-2")
        await drive.shows(lambda _: store.under_way == 1)
        before = store.statements
        await drive.pilot.pause(0.3)
        assert store.statements == before
        await drive.press("question_mark")
        await drive.shows("keys: runs")
        await drive.press("escape")
        store.lists.set()
        await drive.shows("run-2")


# -- keys -------------------------------------------------------------------------------------------------------------


async def test_no_key_of_tmux_or_the_terminal_is_bound_anywhere(night: Stage) -> None:
    kept = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+z", "ctrl+enter"}
    async with driving(night.store, run_id="run-7f3a91c2") as drive:
        await drive.shows("› run-7f3a91c2")
        for keys in (*SCREENS, "b", "escape", "1", "question_mark", "escape"):
            await drive.press(keys)
            bound = set(drive.app.screen.active_bindings)
            assert not bound & kept, (keys, bound & kept)
            assert not [key for key in bound if key.startswith("alt+")], keys
        for opens in ("slash", "ctrl+p"):
            await drive.press(opens)
            await drive.type("ab")
            await drive.press("ctrl+a")
            await drive.type("c")
            await drive.shows("abc")
            await drive.press("escape", "escape")


async def test_two_opens_the_run_under_the_cursor_wherever_that_is(night: Stage) -> None:
    await commands.pause(night.store, "run-0gpu0gpu", actor=BOB)
    async with driving(night.store) as drive:
        await drive.shows("run-44aa0b1e")
        for screen, keys, run_id in (
            ("1", ["space", "space"], "run-44aa0b1e"),  # whatever is marked
            ("3", ["down"], "run-7f3a91c2"),
            ("5", ["down", "tab"], "run-d0d0d001"),
            ("6", ["home"], "run-0gpu0gpu"),
        ):
            drive.app._open_run = None
            await drive.press(screen)
            await drive.looked()
            await drive.press(*keys, "2")
            await drive.shows(f"› {run_id}")


async def test_two_consoles_decide_at_once_and_the_later_one_is_told_by_whom(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    await stage.ask("run-1")
    async with (
        driving(stage.store, start="approvals") as alice,
        driving(stage.store, start="approvals", actor=BOB) as bob,
    ):
        for drive in (alice, bob):
            await drive.shows("survive crashes.")
            await drive.press("a")
            assert "approve run-1" in drive.said
        await alice.press("enter")
        await alice.shows("✔ approve run-1: done")
        await bob.press("enter")
        await bob.shows("✖ approve run-1")
        await bob.shows("✔ approved by alice@ops1")
    [approval] = await stage.store.approvals_of("run-1")
    assert approval.status is ApprovalStatus.APPROVED
    assert [str(each.reviewer.name) for each in approval.decisions] == ["alice@ops1"]


# -- sizes ------------------------------------------------------------------------------------------------------------


async def test_a_question_outlives_any_change_of_size(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("slash")
        await drive.type("status:pend")
        for size in ((20, 5), (1, 1), (200, 50)):
            await drive.pilot.resize_terminal(*size)
            await drive.looked()
            assert drive.front.prompt.is_open, size
            assert size == (1, 1) or "RW  live" in drive.lines[0], "on the narrowest line too"
        await drive.type(",run")
        await drive.press("enter")
        await drive.shows("/status:pend,run")
        await drive.press("C")
        for size in ((20, 5), NARROW):
            await drive.pilot.resize_terminal(*size)
            await drive.looked()
        await drive.shows("cancel run-1?")
        await drive.press("y")
        await drive.shows("✔ cancel run-1: done")
    assert (await stage.store.get_run("run-1")).status is RunStatus.CANCELLED


async def test_a_wide_terminal_has_the_action_log_on_every_screen_with_a_preview(night: Stage) -> None:
    async with driving(night.store, size=(200, 50), run_id="run-7f3a91c2") as drive:
        await drive.shows("› run-7f3a91c2")
        assert "content-pipeline v1" in drive.text, "what is known of the run stands beside its tabs"
        await drive.press("P")
        for key in "1235":
            await drive.press(key)
            await drive.shows("what you did here")
            await drive.shows("   sagewai runs pause run-7f3a91c2")
            assert len(drive.lines) == 50
        await drive.pilot.resize_terminal(*NARROW)
        await drive.shows(lambda text: "what you did here" not in text)


# -- what terminals can draw ------------------------------------------------------------------------------------------


async def test_a_terminal_of_sixteen_colours_gets_no_others(night: Stage) -> None:
    async with driving(night.store, habits=Habits(theme="ansi"), run_id="run-7f3a91c2") as drive:
        for key in (*SCREENS, "question_mark"):
            await drive.press(key)
            await drive.looked() if key in SCREENS else await drive.shows("keys: overview")
            assert _colours(drive) <= {ColorType.DEFAULT, ColorType.STANDARD}, key


def _colours(drive: Drive) -> set[ColorType]:
    styles = [segment.style for strip in _strips(drive) for segment in strip if segment.style is not None]
    return {colour.type for style in styles for colour in (style.color, style.bgcolor) if colour is not None}


def _strips(drive: Drive) -> Sequence[Strip]:
    return drive.app.screen._compositor.render_strips()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_text_of_a_theme_can_be_read_on_what_it_stands(name: str) -> None:
    palette = PALETTES[name]
    grounds = [palette.theme.background, palette.theme.panel, palette.cursor.removeprefix("on ")]
    for role, style in palette.roles.items():
        words = style.removeprefix("bold ").split(" on ")
        text = _luminance(words[0] or palette.theme.foreground)
        for ground in words[1:] or grounds:
            low, high = sorted((text, _luminance(ground)))
            assert (high + 0.05) / (low + 0.05) >= 3.0, (role, ground)
    assert len({palette.roles[role] for role in (Role.RUNNING, Role.WAITING, Role.DONE, Role.FAILED)}) == 4


def _luminance(colour: str | None) -> float:
    """As WCAG reckons it."""
    parts = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in Color.parse(colour or "").normalized
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


async def test_an_ascii_console_draws_nothing_else_over_its_screens_either(night: Stage) -> None:
    async with driving(
        night.store, ascii_only=True, has_net=False
    ) as drive:  # it would hide what a widget does
        await drive.shows("run-81b0aa17")
        for keys, wanted in (
            (["question_mark"], "keys: runs"),
            (["escape", "b"], "no bulk jobs"),
            (["escape", "down", "f"], "fork run-81b0aa17"),
            (["escape", "up", "space", "space", "d"], "differs"),
            (["escape", "C"], "2 marked"),
            (["n", "escape", "slash"], "show only"),
        ):
            await drive.press(*keys)
            await drive.shows(wanted)
            text = drive.text.translate(DRAWINGS)
            assert text.isascii(), [line for line in text.split("\n") if not line.isascii()]
        await drive.press("escape")
        drive.app.lock()
        await drive.shows("2 approvals wait")


async def test_what_a_widget_lets_through_the_apps_own_net_does_not(stage: Stage) -> None:
    class Careless(Widget):
        DEFAULT_CSS = "Careless { height: 1; dock: top; }"

        def render_line(self, y: int) -> Strip:
            return Strip([Segment("title \x1b]0;owned\x07 \u202egnp")])

    async with driving(stage.store) as drive:
        await drive.front.mount(Careless())
        await drive.shows("title ]0;owned gnp")
        assert not set(drive.text) & {"\x1b", "\x07", "\u202e"}
