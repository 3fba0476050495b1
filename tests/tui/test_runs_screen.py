"""The Runs screen: what it lists, how it is filtered, and that keys act on ids."""

from __future__ import annotations

import pytest

from sagewai.core import commands
from sagewai.models.status import Ask, RunStatus
from tests.tui.drive import NARROW, WIDE, driving
from tests.tui.stage import OPERATOR, Stage


async def test_it_shows_the_frame_of_the_sketch_at_80_by_24(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        lines = drive.lines
        assert lines[0].startswith(" sagewai › memory › runs")
        assert "RW" in lines[0]
        assert "live 0.2s" in lines[0]
        assert "alice@ops1" in lines[0]
        assert lines[1].startswith(" PEND 2  RUN 1  WAIT 4  FAIL 3  APPR 2  DLQ 3 │ workers 1/2 (1 stale)")
        assert lines[2].strip().endswith("1-13 of 13")
        assert lines[3].split() == ["STATE", "RUN", "WORKFLOW", "STEP", "TRY", "AGE", "POOL"]
        assert lines[21:23] == ["", ""]
        assert "q quit" in lines[23]
        assert len(lines) == 24


async def test_every_state_is_a_glyph_and_a_word(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        assert "● RUN    run-81b0aa17   content-pipeline  draft 2/4     2/4" in drive.text
        assert "▲ WAIT   run-7f3a91c2   content-pipeline  review 3/4" in drive.text
        assert "✖ FAIL   run-d0d0d001" in drive.text
        assert "✔ DONE   run-00c0ff01" in drive.text
        assert "◷ TIMER  run-5aa1c0de" in drive.text
        assert "○ PEND   run-0gpu0gpu" in drive.text


async def test_an_empty_store_says_what_to_do(stage: Stage) -> None:
    async with driving(stage.store) as drive:
        await drive.shows("no runs yet")
        assert "sagewai submit WORKFLOW" in drive.text


async def test_new_runs_appear_and_the_cursor_stays_on_its_run(stage: Stage) -> None:
    await stage.submit("run-old")
    async with driving(stage.store) as drive:
        await drive.shows("▸  ○ PEND   run-old")
        await stage.submit("run-new")
        await drive.shows("run-new")
        assert "▸  ○ PEND   run-old" in drive.text
        await drive.press("up")
        await drive.shows("▸  ○ PEND   run-new")


async def test_until_a_key_moves_the_cursor_the_newest_runs_stay_in_view(stage: Stage) -> None:
    await stage.submit("run-old")
    async with driving(stage.store) as drive:
        await drive.shows("▸  ○ PEND   run-old")
        for number in range(20):
            await stage.submit(f"run-new{number}")
        await drive.shows("▸  ○ PEND   run-new19")
        await drive.press("down")
        await drive.shows("▸  ○ PEND   run-new18")
        for number in range(20, 40):
            await stage.submit(f"run-new{number}")
        await drive.shows(" of 41")
        await drive.looked()
        assert "▸  ○ PEND   run-new18" in drive.text


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("status:wait", {"run-44aa0b1e", "run-5aa1c0de", "run-7f3a91c2", "run-later001"}),
        ("status:run,failed wf:invoice", {"run-d0d0d000", "run-d0d0d001", "run-d0d0d002"}),
        ("wf:content* status:done", {"run-00c0ff01"}),
        ("pool:gpu", {"run-0gpu0gpu"}),
        ("tag:team=blue", {"run-7f3a91c2", "run-90ce41d7"}),
        ("run-00c", {"run-00c0ff00", "run-00c0ff01", "run-00c0ff02"}),
        ("since:2m", {"run-81b0aa17", "run-90ce41d7"}),
    ],
)
async def test_the_filter_leaves_what_it_names(night: Stage, typed: str, left: set[str]) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        await drive.press("slash")
        await drive.type(typed)
        await drive.press("enter")
        await drive.shows(f"/{typed}")
        await drive.looked()
        assert {word for word in drive.text.split() if word.startswith("run-")} - {typed} == left
        await drive.press("escape")
        await drive.shows("all runs")
        await drive.shows("run-00c0ff02")


async def test_a_filter_that_cannot_be_read_changes_nothing(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.press("slash")
        await drive.type("color:red")
        await drive.press("enter")
        await drive.shows("no filter is called 'color'")
        assert "all runs" in drive.text


async def test_escape_leaves_the_filter_prompt(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.press("slash")
        assert drive.front.prompt.is_open
        await drive.type("status:x")
        await drive.press("escape")
        assert not drive.front.prompt.is_open
        assert "all runs" in drive.text


async def test_cancel_asks_starts_on_no_and_needs_y(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("C", "enter")
        await drive.shows("nothing was done")
        assert (await stage.store.get_run("run-1")).status is RunStatus.PENDING
        await drive.press("C")
        await drive.shows("cancel run-1?")
        await drive.press("y")
        await drive.shows("✔ cancel run-1: done")
        assert "sagewai runs cancel run-1" in drive.text
        assert (await stage.store.get_run("run-1")).status is RunStatus.CANCELLED
    events = await stage.store.get_events("run-1")
    assert (events[-1].actor, events[-1].source) == ("alice@ops1", "console")


async def test_a_question_stays_with_its_run_while_the_list_moves(stage: Stage) -> None:
    await stage.submit("run-meant")
    async with driving(stage.store) as drive:
        await drive.shows("run-meant")
        await drive.press("C")
        for number in range(30):
            await stage.submit(f"run-new{number}")
        await drive.looked()
        await drive.press("y")
        await drive.shows("✔ cancel run-meant: done")
    assert (await stage.store.get_run("run-meant")).status is RunStatus.CANCELLED
    assert (await stage.store.get_run("run-new29")).status is RunStatus.PENDING


async def test_a_question_stays_with_its_run_when_its_row_goes(stage: Stage) -> None:
    await stage.submit("run-other")
    await stage.submit("run-meant")
    async with driving(stage.store) as drive:
        drive.front.apply("status:pending")  # type: ignore[attr-defined]
        await drive.looked()
        await drive.shows(lambda text: "1-2 of 2" in text and "▸  ○ PEND   run-meant" in text)
        await drive.press("C")
        assert drive.front.prompt.is_open
        await commands.pause(stage.store, "run-meant", actor=OPERATOR)
        await drive.shows("▸  ○ PEND   run-other")
        await drive.press("y")
        await drive.shows("✔ cancel run-meant: done")
    assert (await stage.store.get_run("run-meant")).status is RunStatus.CANCELLED
    assert (await stage.store.get_run("run-other")).status is RunStatus.PENDING


async def test_pause_and_resume_take_turns(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("P")
        await drive.shows("‖ PAUSE  run-1")
        await drive.press("P")
        await drive.shows("○ PEND   run-1")


async def test_what_is_asked_of_a_running_run_shows(stage: Stage) -> None:
    await stage.running("run-1")
    async with driving(stage.store) as drive:
        await drive.press("C", "y")
        await drive.shows("● CANC?  run-1")
    assert (await stage.store.get_run("run-1")).asked is Ask.CANCEL


async def test_retry_of_what_has_not_failed_is_refused_with_the_stores_words(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("r")
        await drive.shows("✖ retry run-1: can't retry run 'run-1': it is pending")


async def test_retry_takes_a_failed_run_up_again(night: Stage) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-d0d0d002")
        await drive.press(*["down"] * 4)
        await drive.shows("▸  ✖ FAIL   run-d0d0d002")
        await drive.press("r")
        await drive.shows("✔ retry run-d0d0d002: done")
        await drive.shows("○ PEND   run-d0d0d002")
        assert "DLQ 2" in drive.text


async def test_marked_runs_are_acted_on_together_after_one_question(stage: Stage) -> None:
    for number in range(3):
        await stage.submit(f"run-{number}")
    async with driving(stage.store) as drive:
        await drive.shows("run-0")
        await drive.press("space", "space", "C")
        await drive.shows("cancel 2 marked runs?")
        await drive.press("y")
        await drive.shows("bulk job 1: cancelled 2 of 2")
        assert "marked" not in drive.text, "they are in the job's hands"
    statuses = [(await stage.store.get_run(f"run-{number}")).status for number in range(3)]
    assert statuses == [RunStatus.PENDING, RunStatus.CANCELLED, RunStatus.CANCELLED]


async def test_a_run_without_an_approval_says_so(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("a")
        await drive.shows("run-1 waits for no approval")


async def test_approve_on_the_list_opens_the_card_and_decides_nothing(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    await stage.ask("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("▲ WAIT   run-1")
        await drive.press("a")
        await drive.shows("survive crashes.")
        assert "approvals" in drive.lines[0]
    assert (await stage.store.get_run("run-1")).status is RunStatus.WAITING


async def test_a_wide_terminal_shows_the_run_beside_the_list(night: Stage) -> None:
    async with driving(night.store, size=WIDE) as drive:
        await drive.shows("what you did here")
        await drive.press(*["down"] * 7)
        await drive.shows("↯1→3")
        await drive.shows("team=blue")
    async with driving(night.store, size=NARROW) as drive:
        await drive.shows("run-81b0aa17")
        assert "what you did here" not in drive.text


async def test_the_action_log_of_a_wide_terminal_holds_the_twin(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store, size=WIDE) as drive:
        await drive.shows("nothing yet")
        await drive.press("P")
        await drive.shows(lambda text: text.count("sagewai runs pause run-1") == 2)


async def test_the_counters_follow_the_store(stage: Stage) -> None:
    async with driving(stage.store) as drive:
        await drive.shows("PEND 0")
        await stage.submit("run-1")
        await drive.shows("PEND 1")
        await commands.cancel(stage.store, "run-1", actor=OPERATOR)
        await drive.shows("PEND 0")


async def test_sort_turns_to_the_last_change_and_back(night: Stage, clock: object) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        await commands.pause(night.store, "run-0gpu0gpu", actor=OPERATOR)
        await drive.press("s")
        await drive.shows("/sort:changed")
        await drive.looked()
        assert "run-0gpu0gpu" in drive.lines[4]
        await drive.press("s")
        await drive.shows("all runs")
        assert "run-90ce41d7" in drive.lines[4]
