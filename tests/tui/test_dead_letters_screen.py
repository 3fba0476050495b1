"""The Dead letters screen: each with its error, by error, retried or discarded."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from sagewai.errors import DeadLetterNotFound
from sagewai.models.status import RunStatus
from tests.tui.drive import WIDE, driving
from tests.tui.stage import Stage


async def test_the_error_of_the_letter_under_the_cursor_is_shown(night: Stage) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("3 dead letters")
        await drive.shows("no such topic: May")
        await drive.press("down")
        await drive.shows("empty ledger")
        assert "builtins.ValueError" in drive.text
        assert 'File "flows.py", line 12, in draft' in drive.text


async def test_retry_takes_it_out_of_the_list(night: Stage) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("▸    4m  run-d0d0d002")
        await drive.press("r")
        await drive.shows("✔ retry run-d0d0d002: done")
        assert "sagewai dlq retry run-d0d0d002" in drive.text
        await drive.shows("2 dead letters")
    assert (await night.store.get_run("run-d0d0d002")).status is RunStatus.PENDING


async def test_discard_asks_first(night: Stage) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("▸    4m  run-d0d0d002")
        await drive.press("D", "escape")
        await drive.shows("nothing was done")
        await drive.press("D")
        await drive.shows("discard run-d0d0d002?")
        await drive.press("y")
        await drive.shows("2 dead letters")
    assert (await night.store.get_run("run-d0d0d002")).status is RunStatus.FAILED
    with pytest.raises(DeadLetterNotFound):
        await night.store.get_dead_letter("run-d0d0d002")


async def test_letters_are_grouped_by_error_and_one_group_can_be_listed(night: Stage) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("3 dead letters")
        await drive.press("e")
        await drive.shows("shop.errors.TopicError")
        assert drive.line_with("TopicError").split()[1] == "2"
        await drive.press("enter")
        await drive.shows("only shop.errors.TopicError")
        await drive.shows(lambda text: "run-d0d0d001" not in text)
        assert "run-d0d0d000" in drive.text
        await drive.press("escape")
        await drive.shows("run-d0d0d001")


async def test_enter_opens_the_run(night: Stage) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("run-d0d0d002")
        await drive.press("enter")
        await drive.shows("dlq › run-d0d0d002")


async def test_the_wide_layout_puts_the_error_beside_the_list(night: Stage) -> None:
    async with driving(night.store, start="dlq", size=WIDE) as drive:
        await drive.shows("no such topic: May")
        assert "step draft" in drive.lines[2]


async def test_an_empty_list_says_so(stage: Stage) -> None:
    async with driving(stage.store, start="dlq") as drive:
        await drive.shows("no dead letters")
        await drive.press("colon")
        await drive.type("bulk retry")
        await drive.press("enter")
        await drive.shows("nothing to retry: no such run is listed")


async def test_a_whole_group_is_retried_or_discarded_as_one_job(night: Stage) -> None:
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("3 dead letters")
        await drive.press("e")
        await drive.shows("shop.errors.TopicError  2 runs")
        assert "r  retries all 2 runs" in drive.text
        await drive.press("r")
        await drive.shows("retry 2 dead letters of shop.errors.TopicError?")
        assert "all 2 can be retried" in drive.said
        await drive.press("y")
        await drive.shows("bulk job 1: retried 2 of 2")
        assert (
            drive.app.gateway.verbs.log[-1].twin == "sagewai bulk retry --yes --error shop.errors.TopicError"
        )
        await drive.shows("builtins.ValueError  1 run")
        await drive.press("D")
        await drive.shows("discard 1 dead letter of builtins.ValueError?")
        await drive.press("y")
        await drive.shows("no dead letters")
    assert (await night.store.get_run("run-d0d0d002")).status is RunStatus.PENDING
    assert (await night.store.get_run("run-d0d0d001")).status is RunStatus.FAILED


async def test_letters_are_filtered_by_workflow_and_marks_outlive_that(night: Stage) -> None:
    await night.running("run-late", workflow="content-pipeline")
    await night.die("run-late")
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("4 dead letters")
        await drive.press("space", "space", "slash")
        await drive.shows("show only those of one workflow")
        await drive.type("inv")
        await drive.pilot.pause(0.05)
        await drive.press("tab", "enter")
        await drive.shows("only invoice  2 marked, 1 not shown")
        await drive.press("r")
        await drive.shows("retry 2 marked runs, 1 not shown?")
        await drive.press("escape", "escape", "colon")
        await drive.type("bulk discard")
        await drive.press("enter")
        await drive.shows("discard 3 dead letters in invoice?")
        await drive.press("y")
        await drive.shows("1 dead letter ")
        await drive.press("escape")
        await drive.shows("run-late")


async def test_a_letter_is_forked_with_its_input_and_a_group_is_written_and_read(
    night: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path))
    async with driving(night.store, start="dlq") as drive:
        await drive.shows("run-d0d0d002")
        await drive.press("f")
        text = await drive.shows("fork run-d0d0d002")
        assert "e edit the input" in text
        await drive.press("escape", "e")
        await drive.shows("shop.errors.TopicError  2 runs")
        await drive.press("w")
        await drive.shows("2 runs written, readable by you alone")
        written = drive.app.gateway.verbs.log[-1]
        assert written.twin.startswith(
            f"sagewai runs export --error=shop.errors.TopicError > {tmp_path}/shop"
        )
        await drive.press("v")
        text = await drive.shows("run-d0d0d002  invoice  step draft")
        assert "no such topic: March" in text
        assert "empty ledger" not in text
    [file] = tmp_path.iterdir()
    assert file.name.startswith("shop.errors.TopicError-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each["run_id"] for each in json.loads(file.read_text())] == ["run-d0d0d002", "run-d0d0d000"]
