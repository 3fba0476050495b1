"""The Run screen: the timeline and its tabs, live."""

from __future__ import annotations

from sagewai.core import commands
from sagewai.models.status import RunStatus
from tests.tui.drive import Drive, driving
from tests.tui.stage import OPERATOR, Stage


async def open_run(drive: Drive, run_id: str) -> None:
    await drive.press("colon")
    await drive.type(f"run {run_id}")
    await drive.press("enter")
    await drive.shows(lambda text: run_id in text.split("\n")[0])


async def test_enter_drills_into_the_run_and_escape_comes_back(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        await drive.press("down", "enter")
        await drive.shows("runs › run-81b0aa17")
        await drive.press("escape")
        await drive.shows("all runs")


async def test_the_timeline_tells_the_runs_story(night: Stage) -> None:
    async with driving(night.store, start="run", run_id="run-7f3a91c2") as drive:
        await drive.shows("waiting human")
        draft = drive.line_with("draft")
        assert "×▒" in draft
        assert "↯" in draft
        assert "↯1→3 1m48s" in draft
        assert "✔ research" in drive.text
        assert "┈┈┈" in drive.line_with("▲ review")
        assert drive.line_with("○ publish").endswith("pending")
        assert "/11m/ now" in drive.text
        assert "lost lease" in drive.text


async def test_the_timeline_moves_with_the_run(stage: Stage) -> None:
    await stage.running("run-1", done=1)
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("● draft")
        await stage.finish_step("run-1")
        await drive.shows("✔ draft")
        await drive.shows("● review")
        await stage.finish_step("run-1")
        await stage.finish_step("run-1")
        await drive.shows("✔ publish")
        assert "✔ DONE" in drive.lines[2]


async def test_the_tabs_show_input_output_error_events_and_the_row(night: Stage) -> None:
    async with driving(night.store, run_id="run-7f3a91c2") as drive:
        await drive.shows("[output]")
        await drive.shows('"a result"')
        await drive.press("shift+tab")
        await drive.shows('topic: "quantum computing"')
        await drive.press("tab", "tab")
        await drive.shows("draft: × failed")
        assert "upstream said no" in drive.text
        assert "↯ lost" in drive.text
        await drive.press("tab")
        await drive.shows("× failed  try 1  token 1")
        await drive.press("tab")
        await drive.shows("no step has called a model")
        await drive.press("tab")
        await drive.shows("taken over")
        assert "claimed" in drive.text
        await drive.press("tab")
        await drive.shows('run_id: "run-7f3a91c2"')


async def test_a_failed_run_shows_its_error_above_the_timeline(stage: Stage) -> None:
    await stage.running("run-1", done=1)
    await stage.die("run-1", "no such topic: March")
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("ValueError: no such topic: March")
        assert "✖ draft" in drive.text
        await drive.shows("[error]")
        assert 'File "flows.py"' in drive.text
        await drive.press("tab")
        await drive.shows("[attempts]")
        await drive.looked()
        assert "[attempts]" in drive.text, "who turned to it stays with it"


async def test_the_line_of_keys_names_what_is_of_use_to_a_run_as_it_stands(night: Stage) -> None:
    async with driving(night.store) as drive:
        for run_id, offered, more in (
            ("run-7f3a91c2", "a approve  x reject  C cancel  P pause", " r retry"),
            ("run-d0d0d002", "r retry  D discard  f fork", " C cancel"),
            ("run-81b0aa17", "C cancel  P pause", " r retry"),
            ("run-00c0ff01", "f fork", " C cancel"),
        ):
            await open_run(drive, run_id)
            await drive.shows(lambda text, offered=offered: offered in text.split("\n")[-1])  # type: ignore[misc]
            assert more not in drive.lines[-1]
        await open_run(drive, "run-7f3a91c2")
        await drive.press("P")
        await drive.shows("P resume")
        await drive.press("P")
        await drive.press("a")
        await drive.shows("Approve publication of")


async def test_who_ended_a_run_and_why_is_shown(stage: Stage) -> None:
    await stage.submit("run-1")
    await commands.cancel(stage.store, "run-1", actor=OPERATOR, reason="wrong customer")
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("cancelled by alice@ops1: wrong customer")


async def test_keys_act_on_the_open_run(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("○ research")
        await drive.press("P")
        await drive.shows("‖ PAUSE")
        await drive.press("P")
        await drive.shows("○ PEND")
        await drive.press("C")
        await drive.shows("cancel run-1?")
        await drive.press("y")
        await drive.shows("– CANC")
    assert (await stage.store.get_run("run-1")).status is RunStatus.CANCELLED


async def test_a_run_that_does_not_exist_is_named(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.press("colon")
        await drive.type("run nowhere")
        await drive.press("enter")
        await drive.shows("no run's id begins with 'nowhere'")


async def test_an_ambiguous_beginning_is_refused(stage: Stage) -> None:
    await stage.submit("run-1")
    await stage.submit("run-2")
    async with driving(stage.store, run_id="run-") as drive:
        await drive.shows("several runs' ids begin with 'run-'")


async def test_two_opens_the_run_under_the_cursor(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("2")
        await drive.shows("runs › run-1")


async def test_a_hundred_steps_scroll_and_say_how_many_are_below(stage: Stage) -> None:
    steps = tuple(f"step-{number:03}" for number in range(100))
    await stage.worker("long", name="long", steps=steps)
    await stage.running("run-1", workflow="long", steps=steps, done=60)
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("● step-060")
        assert "✔ step-050" not in drive.text, "it follows the step that the run is at"
        await drive.press(*["up"] * 13)
        await drive.shows("▸✔ step-048")
        assert "● step-060" not in drive.text


async def test_a_megabyte_of_output_opens_at_once_and_scrolls_to_its_end(stage: Stage) -> None:
    await stage.running("run-1")
    await stage.finish_step(
        "run-1", "\n".join(f"line {number}" for number in range(60_000)) + "\nthe very end"
    )
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("line 3")
        await drive.press("end")
        await drive.shows("the very end")


async def test_results_are_shown_whole_and_in_order(stage: Stage) -> None:
    await stage.running("run-1")
    await stage.finish_step("run-1", {"z": 1, "a": [1.5, None], "text": "one\ntwo"})
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("z: 1")
        pane = drive.front.query_one("#pane").text  # type: ignore[attr-defined]
        assert pane.index("z: 1") < pane.index("a:") < pane.index("│ one")


async def test_a_chosen_step_tells_its_own_story_and_escape_lets_go_of_it(night: Stage) -> None:
    async with driving(night.store, run_id="run-7f3a91c2") as drive:
        await drive.shows("waiting human")
        await drive.press("up", "up", "tab", "tab")
        text = await drive.shows("of draft")
        assert "▸✔ draft" in text
        await drive.shows("draft  done  try 2 of 4  1 lost lease")
        story = [line.strip() for line in drive.lines if line.strip().startswith("+")]
        assert [line.split()[0] for line in story] == ["+12s", "+30s", "+34s", "+50s", "+1m11s"]
        assert "▒ backed off 4.0s" in story[1]
        assert "↯ lost  try 2  token 1  16s  on ops1-4242" in story[2]
        assert "research" not in "".join(drive.lines[10:])
        await drive.press("plus", "plus")
        await drive.shows("4x")
        await drive.press(*["left"] * 9)
        await drive.shows(lambda text: "4x" in text and " 0s " in text)
        await drive.press("0")
        await drive.shows("/11m/ now")
        await drive.press("escape")
        await drive.shows("research  done")
        await drive.press("shift+tab", "shift+tab", "shift+tab", "t")
        await drive.shows('{"topic":"quantum computing"}')
        await drive.press("escape")
        await drive.shows("all runs")
