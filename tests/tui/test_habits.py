"""What an operator is used to: completion, recalled lines, back and forward, saved views, the palette, the mouse."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.corpus import STORABLE
from tests.tui.drive import WIDE, Drive, driving
from tests.tui.stage import Stage
from tests.tui.test_text import assert_harmless
from tui import clipboard, filters
from tui.commandline import Known, completions, run_prefix
from tui.format import Role
from tui.gateway.lookup import run_ids
from tui.habits import Habits
from tui.recall import Recall
from tui.savedviews import SavedViews, ViewError
from tui.text import one_line
from tui.trail import Place, Trail
from tui.views import Ref

# -- pure -------------------------------------------------------------------------------------------------------------


def test_arguments_are_completed_with_what_is_known() -> None:
    known = Known(
        themes=("dark", "light"),
        views=("mine", "night"),
        contexts=("prod",),
        filters=lambda typed: [f"{typed}ing"],
    )
    assert completions("theme l", known) == ["theme light"]
    assert completions("view ", known) == ["view mine", "view night"]
    assert completions("ctx p", known) == ["ctx prod"]
    assert completions("cont p", known) == ["cont prod"]  # shortened, as it may be
    assert completions("runs status:wait", known) == ["runs status:waiting"]
    assert completions("bulk c", known) == ["bulk cancel"]
    assert completions("workers x", known) == completions("nope x", known) == []
    assert run_prefix("run run-7") == "run-7"
    assert run_prefix("runs run-7") is run_prefix("run a b") is None


def test_a_filter_is_completed_with_keys_of_tags_before_their_values() -> None:
    known = {"tag": ["team=blue", "team=red", "zone=eu"]}
    assert filters.completions("pool:x tag:", known) == ["pool:x tag:team=", "pool:x tag:zone="]
    assert filters.completions("tag:team=r", known) == ["tag:team=red"]


def test_lines_are_recalled_and_what_was_being_typed_waits_behind_them() -> None:
    recall = Recall()
    for line in ("runs", "dlq", "runs", ""):
        recall.add(line)
    assert [recall.older("ap"), recall.older("runs"), recall.older("dlq")] == ["runs", "dlq", None]
    assert [recall.newer(), recall.newer(), recall.newer()] == ["runs", "ap", None]


def test_going_somewhere_new_forgets_what_lay_ahead() -> None:
    runs, run, dlq = Place("runs"), Place("run"), Place("dlq")
    trail = Trail()
    trail.go(runs, run)
    trail.go(run, run)
    assert trail.back(run) == runs
    assert trail.back(runs) is None
    assert trail.forward(runs) == run
    assert trail.back(run) == runs
    trail.go(runs, dlq)
    assert trail.forward(dlq) is None
    assert trail.before == runs


def test_views_are_kept_apart_from_the_configuration_and_for_their_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / "views.toml"
    views = SavedViews({"mine": "status:wait"}, file)
    views.save("night", 'status:run id:a"b\\')
    other = SavedViews({}, file)  # another console
    assert other.get("night") == 'status:run id:a"b\\'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(views.all()) == ["mine", "night"]
    for name, text, why in [
        ("mine", "x", "stands in the configuration"),
        ("a b", "x", "can't be a view's name"),
        ("x", "", "no filter to keep"),
        ("x", "id:\x1b]0;owned\x07", "can't be seen"),
    ]:
        with pytest.raises(ViewError, match=why):
            views.save(name, text)
    views.forget("night")
    assert list(other.all()) == []
    file.write_text("[views\n")
    with pytest.raises(ViewError, match="mend it"):
        views.save("x", "status:run")  # what can't be read isn't written over
    assert file.read_text() == "[views\n"


def test_what_is_longer_than_terminals_take_is_not_copied() -> None:
    sent: list[str] = []
    assert clipboard.copy(Ref("ä" * 20_000, ""), {}, sent.append).role is Role.DIM
    assert clipboard.copy(Ref("ä" * 28_000, ""), {}, sent.append).role is Role.FAILED
    assert [len(text) for text in sent] == [20_000]


def test_inside_tmux_an_id_goes_through_tmux_and_what_it_refuses_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux, taken = tmp_path / "tmux", tmp_path / "taken"
    tmux.write_text(f'#!/bin/sh\necho "$*" > {taken}; cat >> {taken}; exit $REFUSES\n')
    tmux.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    sent: list[str] = []
    for refuses, said in (("0", " sent run-1 to the clipboard"), ("1", " not copied: tmux didn't take it")):
        monkeypatch.setenv("REFUSES", refuses)
        assert clipboard.copy(Ref("run-1", "run-1"), {"TMUX": "x"}, sent.append).text == said
        assert taken.read_text() == "load-buffer -w -\nrun-1"
    assert sent == [], "the terminal's own sequence would not pass through"


# -- on the screen ----------------------------------------------------------------------------------------------------


async def line(drive: Drive, text: str) -> None:
    await open_line(drive, text)
    await drive.press("enter")


async def open_line(drive: Drive, text: str, key: str = "colon") -> None:
    """Open a line and put a text into it at once."""
    await drive.press(key)
    drive.app.screen.query_one("#answer", Input).insert_text_at_cursor(text)
    await drive.pilot.pause()


def answer(drive: Drive) -> str:
    """What stands in the line; what it could become is drawn behind it."""
    return drive.app.screen.query_one("#answer", Input).value


async def test_ids_and_names_are_completed_and_lines_recalled(night: Stage, tmp_path: Path) -> None:
    habits = Habits(views=SavedViews({"calm": "status:done"}, tmp_path / "views.toml"), contexts=("prod",))
    async with driving(night.store, habits=habits) as drive:
        await drive.press("colon")
        await drive.type("run run-d0")
        await drive.shows("run-d0d0d002  run-d0d0d001  run-d0d0d000")
        await drive.shows("run run-d0d0d002")  # the first one stands in the line already
        await drive.press("tab", "enter")
        await drive.shows("› runs › run-d0d0d002")
        await drive.press("1")
        await open_line(drive, "status:fa", "slash")
        await drive.shows("failed")
        await drive.press("tab", "enter")
        await drive.shows("/status:failed")
        await line(drive, "save bad")
        await drive.shows(":view bad shows /status:failed")
        await drive.press("escape")
        await drive.shows("all runs")
        await line(drive, "view b")
        await drive.shows("no view is called 'b': use bad, calm")
        await open_line(drive, "view b")
        await drive.shows("view bad")
        await drive.press("tab", "enter")
        await drive.shows("/status:failed")
        await drive.press("colon", "up", "up")
        await drive.shows(lambda _: answer(drive) == "view b")
        await drive.press("down", "down", "escape", "slash", "up")
        await drive.shows(lambda _: answer(drive) == "status:failed")
        await drive.press("escape")
        await line(drive, "forget bad")
        await drive.shows("the view bad is forgotten")
        assert [record.what for record in drive.app.gateway.verbs.log] == ["save view bad", "forget view bad"]
        await line(drive, "context prod")
        await drive.shows("there are no contexts")
        await drive.press("ctrl+p")
        await drive.type("calm")
        await drive.shows(":view    view calm")
        await drive.press("enter")
        await drive.shows("/status:done")


async def test_one_goes_back_and_forward_through_screens_and_runs(night: Stage) -> None:
    async with driving(night.store, start="approvals") as drive:
        await drive.press("left_square_bracket")
        await drive.shows("nothing lies further back")
        await line(drive, "run run-7f3")
        await drive.shows("approvals › run-7f3a91c2")
        await line(drive, "run run-44a")
        await drive.shows("run › run-44aa0b1e")
        await drive.press("left_square_bracket")
        await drive.shows("› run-7f3a91c2")
        await drive.press("left_square_bracket")
        await drive.shows("› approvals ")
        await drive.press("right_square_bracket", "right_square_bracket")
        await drive.shows("› run-44aa0b1e")
        await drive.press("right_square_bracket")
        await drive.shows("nothing lies ahead")
        await drive.press("escape", "escape")
        await drive.shows("› approvals ")


async def test_a_lean_console_has_a_badge_and_neither_preview_nor_colours_but_a_states(night: Stage) -> None:
    habits = Habits(context="prod", colour="red", theme="plain", lean=True)
    async with driving(night.store, size=WIDE, habits=habits) as drive:
        assert drive.lines[0].startswith(" sagewai ›  prod  memory › runs")
        assert not drive.app.screen.has_class("-wide")
        assert "what you did here" not in drive.text
        strips = drive.app.screen._compositor.render_strips()
        [badge] = [segment for segment in strips[0] if segment.text == " prod "]
        assert badge.style is not None
        assert badge.style.reverse
        coloured = {
            segment.text.strip()
            for strip in strips[1:]
            for segment in strip
            if segment.style is not None
            and segment.style.color is not None
            and segment.style.color.name != "default"
        }
        assert "✖ FAIL" in coloured
        assert not any("newest first" in text or "approve" in text for text in coloured)


async def test_a_click_takes_the_cursor_to_a_row_and_one_more_opens_it(night: Stage) -> None:
    async with driving(night.store) as drive:
        row = next(y for y, text in enumerate(drive.lines) if "run-d0d0d001" in text)
        await drive.pilot.click(offset=(20, row))
        await drive.shows(
            lambda text: "▸" in next(each for each in text.split("\n") if "run-d0d0d001" in each)
        )
        await drive.pilot.click(offset=(20, row))
        await drive.shows("› runs › run-d0d0d001")


async def test_hostile_ids_and_names_are_neither_offered_nor_obeyed(stage: Stage) -> None:
    words = [text for text in STORABLE if text.strip() and len(text) <= 100]
    for text in words:
        await stage.submit(f"h{text}", tags={text.replace("=", "-"): text}, pool=text)
    await stage.submit("h-plain")
    async with driving(stage.store) as drive:
        offered = await run_ids(drive.app.gateway.door, "h")
        assert "h-plain" in offered
        assert [each for each in offered if one_line(each) != each] == []
        for typed in ("run h", "runs pool:", "runs tag:", "view h"):
            await open_line(drive, typed)
            await drive.pilot.pause(0.2)  # ids are looked up once nothing more is typed
            for each in drive.lines:
                assert_harmless(each)
            await drive.press("escape")
