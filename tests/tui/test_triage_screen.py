"""Triage on a real database: nothing acts unread, nothing is overwritten, and each deed names its command."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual import events
from textual.widgets import TextArea

from sagewai.core import commands
from sagewai.core.stores.url import open_store
from sagewai.models.actor import Actor
from sagewai.models.approval import ApprovalPolicy
from sagewai.models.status import ApprovalStatus
from tests.tui.drive import WIDE, Drive, driving
from tests.tui.stage import OPERATOR, Stage
from tests.tui.test_contents import ask_budget

BOB = Actor("bob@ops2", source="cli", assurance="os")
SCHEMA = {
    "type": "object",
    "properties": {"cents": {"type": "integer", "maximum": 10_000}, "to": {"type": "string"}},
    "required": ["cents", "to"],
}
EDITABLE = ApprovalPolicy(edit_schema=json.dumps(SCHEMA))
REFUND = {"to": "Ada", "cents": 4200}
LONG = {"content": "\n".join(f"paragraph {number}" for number in range(60))}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_store(f"sqlite:///{tmp_path}/runs.db") as store:
        stage = Stage(store)
        await stage.worker("content-pipeline", lease=600.0)
        yield stage


async def ask(
    stage: Stage, run_id: str, prompt: str = "Refund it?", context: object = None, **more: object
) -> int:
    await stage.running(run_id, done=2)
    return await stage.ask(run_id, prompt, context or REFUND, **more)  # type: ignore[arg-type]


async def ask_again(stage: Stage, run_id: str, context: object, **more: object) -> int:
    """The step runs once more and asks something else."""
    await commands.pause(stage.store, run_id, actor=BOB)
    await commands.resume(stage.store, run_id, actor=BOB)
    await stage.hold(run_id)
    return await stage.ask(run_id, "Refund it?", context, **more)  # type: ignore[arg-type]


async def edit_to(drive: Drive, text: str) -> None:
    """Write into the console's own editor: these tests give it no terminal for another."""
    await drive.shows("takes it")
    drive.app.screen.query_one(TextArea).text = text
    await drive.press("f2")


async def test_what_is_snoozed_leaves_the_inbox_is_counted_and_can_be_seen_and_woken(stage: Stage) -> None:
    await ask(stage, "run-1", "Publish run-1?")
    await ask(stage, "run-2", "Publish run-2?")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Publish run-1?")
        await drive.press("z")
        assert "15m 1h 4h or any" in drive.said
        await drive.press("ctrl+u")
        await drive.type("soon")
        await drive.press("enter")
        await drive.shows("write 15m, 4h or 1d")
        await drive.press("ctrl+u")
        await drive.type("4h")
        await drive.press("enter")
        await drive.shows("✔ snooze run-1: back at")
        assert "sagewai approvals snooze run-1 --approval 1 --for 4h" in drive.said
        await drive.shows("2 approvals waiting, 1 snoozed")
        await drive.shows("Publish run-2?")
        assert "run-1" not in "\n".join(drive.lines[4:6])
        await drive.press("slash")
        await drive.type("snoozed")
        await drive.press("enter")
        await drive.shows("Publish run-1?")
        assert "zz 3h" in drive.text
        await drive.shows("snoozed  until")
        await drive.press("z", "enter")
        await drive.shows("✔ wake run-1: done")
        await drive.press("escape")
        await drive.shows(lambda text: "2 approvals waiting" in text and ", 1 snoozed" not in text)
    assert all(each.snoozed_until is None for each in (await stage.store.approvals_of("run-1")))


async def test_a_gate_that_asks_for_it_is_read_to_the_end_before_a_key_decides(stage: Stage) -> None:
    await ask(stage, "run-1", "Publish?", LONG, policy=ApprovalPolicy(read_to_end=True))
    async with driving(stage.store, start="approvals", interval=60.0) as drive:
        await drive.shows("paragraph 1")
        assert "left)" in drive.lines[23]
        for key in "ax":
            await drive.press(key)
            assert not drive.front.prompt.is_open
            assert "read to the end first" in drive.said
        await drive.press("enter", "space", "space")
        await drive.shows("paragraph 30")
        await drive.press("a")
        assert "lines left" in drive.said
        await drive.press("p", "end")  # at rest: no look comes to say it later
        assert "paragraph 59" in drive.text
        assert "left)" not in drive.lines[23], "at once"
        await drive.press("p")
        await drive.press("home", "d", "a")
        assert drive.front.prompt.is_open
        await drive.press("enter")
        await drive.shows("✔ approve run-1: done")


async def test_content_that_is_not_on_screen_yet_is_not_decided(stage: Stage) -> None:
    """Here what is known of it fills the card's lines."""
    names = tuple(f"somebody-with-a-long-name-{number}@far.away.example" for number in range(14))
    mine = ApprovalPolicy(approvers=("alice", *names))
    await ask(stage, "run-1", policy=mine)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("somebody-with-a-long-name-1")
        assert "Refund it?" not in drive.text
        await drive.press("a")
        assert not drive.front.prompt.is_open
        await drive.shows("its content is not on screen")
        await drive.press("enter", "end")
        await drive.shows("Refund it?")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-1: done")


async def test_a_claim_is_seen_by_all_given_back_by_its_owner_and_hinders_no_decision(stage: Stage) -> None:
    key = await ask(stage, "run-1")
    async with driving(stage.store, start="approvals", size=WIDE) as drive:
        await drive.shows("Refund it?")
        await drive.press("c")
        await drive.shows("✔ claim run-1: yours until")
        assert "sagewai approvals claim run-1 --approval 1 --for 10m" in drive.said
        await drive.shows("claimed  by you, until")
        assert " you " in drive.line_with("▸")
        assert "c release" in drive.lines[-1]
        await drive.press("c")
        await drive.shows("✔ release run-1: done")
        await drive.shows(lambda text: "claimed  by" not in text)
        await commands.claim(stage.store, key, actor=BOB, seconds=600.0)
        await drive.shows("claimed  by bob@ops2 until")
        await drive.shows("bob@ops2 9m")
        await drive.press("c")
        await drive.shows("✖ claim run-1: it is claimed by bob@ops2")
        await drive.press("a")
        assert "claimed by bob@ops2 until" in drive.said
        await drive.press("enter")
        await drive.shows("✔ approve run-1: done")


async def test_a_remark_reaches_whoever_decides(stage: Stage) -> None:
    key = await ask(stage, "run-1")
    async with driving(stage.store, start="approvals", size=WIDE) as drive:
        await drive.shows("Refund it?")
        await drive.press("i", "enter")
        await drive.shows("write something")
        await drive.type("twice already")
        await drive.press("enter")
        await drive.shows("✔ comment on run-1: done")
        assert "sagewai approvals comment run-1 'twice already' --approval 1" in drive.said
        await drive.shows("comment  alice@ops1 0s ago: twice already")
        await commands.comment(stage.store, key, "asked the bank", actor=BOB)
        await drive.shows("bob@ops2 0s ago: asked the bank")


async def test_an_edit_is_checked_shown_as_a_difference_and_then_approved(stage: Stage) -> None:
    await ask(stage, "run-1", policy=EDITABLE)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Refund it?")
        assert " e edit" in drive.lines[23]
        await drive.press("e")
        await edit_to(drive, '{"to": "Ada", "cents": }')
        await drive.shows("isn't JSON")
        await drive.press("enter")
        await edit_to(drive, '{"to": "Ada", "cents": 99000}')
        await drive.shows("99000 is greater than the maximum of 10000")
        await drive.press("enter")
        await edit_to(drive, '{"to": "Ada", "cents": 2100}')
        await drive.shows("cents: {+2100+}")
        assert "cents: [-4200-]" in drive.text
        assert (await stage.store.get_approval(1)).status is ApprovalStatus.PENDING
        await drive.press("a")
        assert "as you edited it" in drive.said
        await drive.press("enter")
        await drive.shows("✔ approve run-1, edited: done")
        assert "--edit" in drive.app.gateway.verbs.log[-1].twin
    [approval] = await stage.store.approvals_of("run-1")
    assert approval.decision is not None
    assert json.loads(approval.decision.payload or "") == {"to": "Ada", "cents": 2100}
    assert approval.decision.digest_seen == approval.digest


async def test_an_edit_that_is_left_or_dropped_changes_nothing(stage: Stage) -> None:
    await ask(stage, "run-1", policy=EDITABLE)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Refund it?")
        await drive.press("e")
        await drive.shows("takes it")
        assert json.loads(drive.app.screen.query_one(TextArea).text) == REFUND
        drive.app.post_message(events.Paste("\x1b[2J\u202e"))
        await drive.shows("␛[2J<U+202E>")
        await drive.press("escape")
        await drive.shows("esc once more throws away what you changed")
        await drive.press("escape")
        await drive.shows("nothing was changed")
        await drive.press("e")
        await edit_to(drive, '{"to": "Bob", "cents": 4200}')
        await drive.shows('"{+Bob+}"')
        await drive.press("escape")
        await drive.shows("the edit is dropped")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-1: done")
    decision = (await stage.store.get_approval(1)).decision
    assert decision is not None
    assert decision.payload is None


async def test_another_amount_than_the_budgets_own_can_be_typed(stage: Stage) -> None:
    await ask_budget(stage)
    async with driving(stage.store, start="approvals", size=WIDE) as drive:
        await drive.shows("e allows another amount")
        await drive.press("e")
        await drive.type("much")
        await drive.press("enter")
        await drive.shows("write for instance 1.5 usd")
        await drive.press("ctrl+u")
        await drive.type("2.5")
        await drive.press("enter")
        await drive.shows("usd: {+2.5+}")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-1, edited: done")
    decision = (await stage.store.get_approval(1)).decision
    assert decision is not None
    assert json.loads(decision.payload or "") == {"usd": 2.5}


async def test_d_shows_what_changed_since_the_revision_before_and_back(stage: Stage) -> None:
    await ask(stage, "run-1")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Refund it?")
        assert " d diff" not in drive.lines[23]
        await drive.press("d")
        await drive.shows("nothing to compare it with")
        await ask_again(stage, "run-1", {"to": "Ada", "cents": 9900})
        await drive.shows("superseded: approval 2 asks in its place, n opens it")
        await drive.press("n")
        await drive.shows("cents: 9900")
        assert " d diff" in drive.lines[23]
        await drive.press("d")
        await drive.shows("cents: {+9900+}")
        assert "since revision 1, superseded" in drive.text
        await drive.press("a")
        assert drive.front.prompt.is_open
        await drive.press("escape", "d")
        await drive.shows("d shows how")


async def test_content_that_changes_under_the_prompt_is_shown_and_not_decided(stage: Stage) -> None:
    await ask(stage, "run-1")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Refund it?")
        await drive.press("a")
        key = await ask_again(stage, "run-1", {"to": "Ada", "cents": 9900})
        await drive.press("enter")
        await drive.shows("✖ approve run-1")
        await drive.shows("cents: {+9900+}")
        assert "approval 2 asks this in its place" in drive.text
        await drive.press("a")
        assert not drive.front.prompt.is_open
        await drive.press("n")
        await drive.shows("since revision 1, superseded")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-1: done")
    assert (await stage.store.get_approval(1)).decision is None
    decision = (await stage.store.get_approval(key)).decision
    assert decision is not None
    assert decision.reviewer == OPERATOR


async def test_whoever_comes_late_sees_who_decided_and_what_they_made_of_it(stage: Stage) -> None:
    await ask(stage, "run-1", policy=EDITABLE)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Refund it?")
        await drive.press("x")
        await commands.approve(
            stage.store, "run-1", actor=BOB, reason="half", payload={"to": "Ada", "cents": 2100}
        )
        await drive.type("no")
        await drive.press("enter")
        await drive.shows(lambda _: re.search(r"approved already at .*, by bob@ops2", drive.said) is not None)
        await drive.shows("cents: {+2100+}")
        assert "as bob@ops2 approved it" in drive.text
        await drive.press("d")
        await drive.shows("✔ approved, edited, by bob@ops2")


async def test_n_goes_by_deadline_around_and_past_what_one_has_approved(stage: Stage) -> None:
    two = ApprovalPolicy(required=2)
    await ask(stage, "run-calm", "Calm?")
    await ask(stage, "run-soon", "Soon?", timeout=300.0, policy=two)
    await ask(stage, "run-later", "Later?", timeout=3_600.0)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Soon?")
        await drive.press("a", "enter")
        await drive.shows("✔ approve run-soon: done, 1/2 of those needed")
        await drive.shows("1/2 approved, by alice@ops1")
        for prompt in ("Later?", "Calm?", "Later?"):
            await drive.press("n")
            await drive.shows(prompt)
        await commands.approve(stage.store, "run-soon", actor=BOB)
        await commands.approve(stage.store, "run-calm", actor=BOB)
        await drive.shows("1-1")
        await drive.press("n")
        await drive.shows("no other one waits for you")


async def test_y_copies_the_id_and_then_the_digest(stage: Stage) -> None:
    key = await ask(stage, "run-1")
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("Refund it?")
        digest = (await stage.store.get_approval(key)).digest
        await drive.press("y")
        await drive.shows(lambda text: "run-1" in drive.said)
        await drive.press("y")
        await drive.shows(lambda text: digest[:16] in drive.said)


async def test_a_paused_pool_takes_nothing_up(stage: Stage) -> None:
    await ask(stage, "run-1")
    await commands.pause_pool(stage.store, "default", actor=BOB)
    async with driving(stage.store, start="approvals") as drive:
        await drive.shows("NONE: pool default is paused")
        assert "NONE!" in drive.text
        await commands.resume_pool(stage.store, "default", actor=BOB)
        await drive.shows("1 live worker in pool default can take it, at version 1")
