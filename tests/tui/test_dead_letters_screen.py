"""The Dead letters screen: each with its error, by error, retried or discarded."""

from __future__ import annotations

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
        await drive.shows("runs › run-d0d0d002")


async def test_the_wide_layout_puts_the_error_beside_the_list(night: Stage) -> None:
    async with driving(night.store, start="dlq", size=WIDE) as drive:
        await drive.shows("no such topic: May")
        assert "step draft" in drive.lines[2]


async def test_an_empty_list_says_so(stage: Stage) -> None:
    async with driving(stage.store, start="dlq") as drive:
        await drive.shows("no dead letters")
