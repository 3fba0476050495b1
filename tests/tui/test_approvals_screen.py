"""The Approvals screen: a decision is made on the content that is shown, once, by exactly who pressed the key."""

from __future__ import annotations

import re

import pytest

from sagewai.core import commands
from sagewai.models.actor import Actor
from sagewai.models.status import ApprovalStatus, RunStatus
from tests.tui.drive import WIDE, Drive, driving
from tests.tui.stage import OPERATOR, Clock, Stage

BOB = Actor("bob@ops2", source="cli")


@pytest.fixture
async def asking(stage: Stage) -> Stage:
    await stage.running("run-1", done=2)
    await stage.ask("run-1")
    return stage


async def open_card(drive: Drive) -> None:
    await drive.press("3")
    await drive.shows("digest")


async def test_the_card_shows_all_that_a_decision_needs(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        text = drive.text
        assert "▲ pending  review  of content-pipeline  run-1" in text
        assert "Approve publication of: Durable agents" in text
        assert "1 live worker in pool default can take it" in text
        assert "after  review runs again, then publish (4/4)" in text
        approval = (await asking.store.approvals_of("run-1"))[0]
        assert approval.digest[:16] in text
        assert "no deadline" in text


async def test_approve_opens_the_prompt_and_enter_commits_with_the_digest(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("a")
        assert "approve run-1" in drive.said
        await drive.type("reads well")
        await drive.press("enter")
        await drive.shows("✔ approve run-1: done")
        assert "sagewai approvals approve run-1 --approval 1 --digest" in drive.text
        await drive.shows("nothing waits for a decision")
    [approval] = await asking.store.approvals_of("run-1")
    assert approval.status is ApprovalStatus.APPROVED
    assert approval.decision is not None
    assert approval.decision.reason == "reads well"
    assert approval.decision.digest_seen == approval.digest
    assert approval.decision.reviewer == OPERATOR
    assert (await asking.store.get_run("run-1")).status is RunStatus.PENDING


async def test_the_reason_of_an_approval_is_optional(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-1: done")


async def test_escape_leaves_without_deciding(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("a")
        await drive.type("hm")
        await drive.press("escape")
        await drive.shows("nothing was done")
    assert (await asking.store.approvals_of("run-1"))[0].status is ApprovalStatus.PENDING


async def test_reject_needs_a_reason(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("x", "enter")
        await drive.shows("it needs a reason")
        await drive.type("needs more citations")
        await drive.press("enter")
        await drive.shows("✔ reject run-1: done")
    run = await asking.store.get_run("run-1")
    assert run.status is RunStatus.REJECTED
    assert (await asking.store.get_outcome("run-1")).reason == "needs more citations"


async def test_who_comes_second_is_told_who_decided_and_when_and_changes_nothing(asking: Stage) -> None:
    faster = Actor("bernadette.von-langenfeld@night-shift.example.com", source="cli", assurance="os")
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("x")
        await commands.approve(asking.store, "run-1", actor=faster)
        await drive.type("too late")
        await drive.press("enter")
        await drive.shows("✖ reject run-1")
        said = " ".join(drive.said.split())
        assert re.fullmatch(
            rf"✖ reject run-1: approved already at \d\d:\d\d:\d\dZ, by {faster.name}", said
        ), said
        await drive.shows(f"state  ✔ approved by {faster.name}")
        assert "after  review runs again, then publish (4/4)" in drive.text
    assert (await asking.store.get_run("run-1")).status is RunStatus.PENDING


async def test_the_card_of_what_is_over_says_that_nothing_follows(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("review runs again")
        await drive.shows("can take it")
        await commands.reject(asking.store, "run-1", actor=BOB, reason="not now")
        await drive.shows("state  ⊘ rejected by bob@ops2")
        assert "after  nothing: the run was rejected" in drive.text
        assert "runs again" not in drive.text
        assert "can take it" not in drive.text
        assert "no deadline" not in drive.text
        assert drive.lines[23].split()[0] == "enter"


async def test_past_its_deadline_nothing_is_decided_and_the_card_says_so(stage: Stage, clock: Clock) -> None:
    await stage.running("run-1", done=2)
    await stage.ask("run-1", timeout=60.0)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("a")
        clock.passes(61.0)
        await stage.store.tick()
        await drive.press("enter")
        await drive.shows("✖ approve run-1")
        await drive.shows("state  – expired")
    assert (await stage.store.approvals_of("run-1"))[0].decision is None


async def test_changed_content_is_never_decided_by_a_question_about_the_old_one(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("a")
        [old] = await asking.store.approvals_of("run-1")
        await commands.pause(asking.store, "run-1", actor=BOB)
        await commands.resume(asking.store, "run-1", actor=BOB)
        await asking.hold("run-1")
        await asking.ask("run-1", context={"content": "quite another text"})
        await drive.press("enter")
        await drive.shows("✖ approve run-1")
    newest = (await asking.store.approvals_of("run-1"))[-1]
    assert newest.id != old.id
    assert newest.status is ApprovalStatus.PENDING
    assert (await asking.store.get_approval(old.id)).status is ApprovalStatus.SUPERSEDED


async def test_the_card_stays_when_somebody_else_decides_it(stage: Stage) -> None:
    for name in ("run-1", "run-2"):
        await stage.running(name, done=2)
        await stage.ask(name, f"Publish {name}?")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Publish run-1?")
        await commands.approve(stage.store, "run-1", actor=BOB, reason="fine")
        await drive.shows("✔ approved by bob@ops2")
        assert "Publish run-1?" in drive.text
        await drive.press("a")
        await drive.shows("can't be decided any more")
    assert (await stage.store.get_run("run-2")).status is RunStatus.WAITING


async def test_after_ones_own_decision_the_next_one_is_shown(stage: Stage) -> None:
    for name in ("run-1", "run-2"):
        await stage.running(name, done=2)
        await stage.ask(name, f"Publish {name}?")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Publish run-1?")
        await drive.press("a", "enter")
        await drive.shows("Publish run-2?")


async def test_of_two_questions_of_one_run_the_one_on_screen_is_decided(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    await stage.ask_many("run-1", "Publish the text?", "Publish the picture?")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Publish the text?")
        await drive.press("down")
        await drive.shows("Publish the picture?")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-1: done")
    text, picture = await stage.store.approvals_of("run-1")
    assert text.status is ApprovalStatus.PENDING
    assert picture.status is ApprovalStatus.APPROVED


async def test_the_inbox_goes_by_deadline(stage: Stage) -> None:
    await stage.running("run-calm", done=2)
    await stage.ask("run-calm")
    await stage.running("run-urgent", done=2)
    await stage.ask("run-urgent", timeout=300.0)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("run-calm")
        assert drive.text.index("run-urgent") < drive.text.index("run-calm")
        assert "in 5m" in drive.text or "in 4m" in drive.text


async def test_an_approval_that_nobody_could_take_says_so(stage: Stage) -> None:
    await stage.worker("train", pool="gpu", labels={"gpu": True}, name="gpu-1")
    await stage.submit("run-1", "train", pool="gpu", labels={"gpu": True})
    await stage.hold("run-1")
    await stage.ask("run-1")
    await stage.store.lapse_sessions([stage.session])
    await stage.store.tick()
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("NONE: no live worker in pool gpu with gpu=true knows this workflow")
        await stage.worker("train", pool="gpu", labels={"gpu": True}, name="gpu-2", version="2")
        none = "NONE: no live worker in pool gpu with gpu=true has version 1, only 2"
        await drive.shows(lambda text: none in " ".join(text.split()))
        await drive.shows(lambda _: "NONE!" in drive.line_with("▸"))


async def test_what_happened_before_is_on_the_card(asking: Stage) -> None:
    async with driving(asking.store, start="approvals", size=WIDE) as drive:
        await drive.shows("what happened before")
        assert "draft: ✔ completed" in drive.text


async def test_enter_gives_the_card_the_whole_height_and_escape_takes_it_back(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    await stage.ask("run-1", context={"content": "\n".join(f"paragraph {n}" for n in range(40))})
    async with driving(stage.store, start="approvals", interval=60.0) as drive:
        await drive.shows("paragraph 1")
        assert "paragraph 9" not in drive.text
        await drive.pilot.pause()
        assert " more below" in drive.line_with("▲ pending")
        await drive.press("enter")
        await drive.shows("paragraph 9")
        assert "WORKFLOW" not in drive.text
        await drive.press("end")
        await drive.shows("paragraph 39")
        await drive.pilot.pause()
        assert " more below" not in drive.text
        await drive.press("escape")
        await drive.shows("WORKFLOW")


async def test_o_opens_the_run_of_the_card(asking: Stage) -> None:
    async with driving(asking.store, start="approvals") as drive:
        await drive.shows("survive crashes.")
        await drive.press("o")
        await drive.shows("approvals › run-1")
        await drive.press("escape")
        await drive.shows("1 approval waiting")


async def test_hidden_characters_are_counted_and_visible(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    await stage.ask("run-1", "Pay \u202e001\u202c EUR?", {"note": "fine\u200b\u200b"})
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Pay <U+202E>001<U+202C> EUR?")
        assert "4 hidden characters made visible" in drive.text
        assert "fine<U+200B><U+200B>" in drive.text


async def test_content_that_does_not_match_its_digest_cannot_be_decided(stage: Stage) -> None:
    from sagewai.models.approval import ApprovalRequest
    from sagewai.models.status import Outcome
    from sagewai.models.transition import Move

    await stage.running("run-1", done=2)
    forged = ApprovalRequest("review", "", "#1", "Harmless?", '{"a":1}', "0" * 64)
    await stage._move("run-1", Move.PARK, Outcome.SUSPENDED, requests=(forged,))
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("its digest does NOT match")
        await drive.press("a")
        await drive.shows("can't be decided")


async def test_the_wide_layout_puts_inbox_and_card_side_by_side(asking: Stage) -> None:
    async with driving(asking.store, start="approvals", size=WIDE) as drive:
        await drive.shows("survive crashes.")
        assert "▲ pending" in "\n".join(drive.lines[2:4])
