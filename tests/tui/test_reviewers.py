"""A card says who may decide and how many must; a console that carries a worker doesn't count where two must agree."""

from __future__ import annotations

import pytest

from sagewai.core import commands
from sagewai.models.actor import Actor
from sagewai.models.approval import ApprovalPolicy
from sagewai.models.status import ApprovalStatus
from tests.tui.stage import OPERATOR, Clock, Stage
from tui.gateway import Door, Gateway

BOB = Actor("bob@ops2", source="cli", assurance="os")


def console(stage: Stage, *, shared: bool = False) -> Gateway:
    door = Door("memory://", actor=OPERATOR, opener=lambda url: stage.store)
    return Gateway(door, shared=shared)


@pytest.fixture
async def asked(stage: Stage) -> int:
    """An approval that alice or bob give, both, and after an hour dora too; not the shop that submitted the run."""
    await stage.running("run-1", done=2)
    policy = ApprovalPolicy(
        required=2,
        approvers=("alice", "bob"),
        exclude_requester=True,
        on_timeout="escalate",
        escalate_to=("dora",),
        edit_schema="{}",
    )
    return await stage.ask("run-1", timeout=3600.0, policy=policy)


async def facts(gateway: Gateway, key: int) -> dict[str, str]:
    return {fact.name: fact.value.text for fact in (await gateway.card(key)).facts}


async def test_the_card_says_who_decides(stage: Stage, asked: int) -> None:
    shown = await facts(console(stage), asked)
    assert shown["decides"] == (
        "0/2 approved; only alice, bob; not shop@web1, who submitted the run; level 0/1, at its deadline then dora"
    )
    assert shown["edit"] == "e edits it"
    assert shown["after"] == "1 approval more, then review runs again, then publish (4/4)"


async def test_the_first_of_two_is_recorded_and_it_goes_on_waiting(stage: Stage, asked: int) -> None:
    gateway = console(stage)
    record = await gateway.verbs.decide("approve", await gateway.card(asked), "")
    assert record.ok
    card = await gateway.card(asked)
    assert card.decidable
    assert record.outcome == "done, 1/2 of those needed"
    decides = (await facts(gateway, asked))["decides"]
    assert decides.startswith("1/2 approved, by alice@ops1 0s ago")
    assert decides.endswith("you have approved: somebody else must too")
    await commands.approve(stage.store, "run-1", actor=BOB)
    assert (await stage.store.get_approval(asked)).status is ApprovalStatus.APPROVED


async def test_a_console_that_carries_a_worker_is_refused_where_two_must_agree(
    stage: Stage, asked: int
) -> None:
    gateway = console(stage, shared=True)
    record = await gateway.verbs.decide("approve", await gateway.card(asked), "")
    assert not record.ok
    assert (await stage.store.get_approval(asked)).decisions == ()


async def test_a_claim_is_on_the_card_until_it_is_over(stage: Stage, asked: int, clock: Clock) -> None:
    await commands.claim(stage.store, asked, actor=BOB, seconds=600.0)
    assert (await facts(console(stage), asked))["claimed"].startswith("by bob@ops2 until ")
    clock.passes(601.0)
    assert "claimed" not in await facts(console(stage), asked)


async def test_a_plain_gate_says_nothing_of_it(stage: Stage) -> None:
    await stage.running("run-2", done=2)
    shown = await facts(console(stage), await stage.ask("run-2"))
    assert not shown.keys() & {"decides", "edit", "claimed"}
