"""What a card shows of a tool call or a budget: a table for exactly those, else JSON, and that always on a key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sagewai.models.approval import ANYONE, ApprovalPolicy
from tests.tui.corpus import HOSTILE
from tests.tui.drive import WIDE, driving
from tests.tui.stage import OPERATOR, Stage
from tests.tui.test_text import assert_harmless
from tui.gateway import Door, Gateway
from tui.gateway.contents import content
from tui.gateway.shape import Shaper

EDITABLE = ApprovalPolicy(edit_schema="{}")
ARGUMENTS = {"customer": "ada", "cents": 4200, "note": "first\nsecond", "to": {"iban": "DE1", "name": "Ada"}}
CALL = {"agent": "clerk", "tool": "charge_card", "arguments": ARGUMENTS}
SUMS = {"usd": 1.02, "tokens": 8120, "calls": 14, "unpriced": 0}
BUDGET: dict[str, Any] = {
    "budget": {"usd": 1.0, "tokens": None},
    "spent": {**SUMS, "unpriced": 2},
    "by_model": {
        "ollama/llama3": {"usd": 0.0, "tokens": 900, "calls": 2, "unpriced": 2},
        "gpt-4o": {"usd": 1.02, "tokens": 7220, "calls": 12, "unpriced": 0},
    },
    "next": {"model": "gpt-4o", "agent": "writer"},
    "further": {"usd": 1.0, "tokens": None},
}


async def ask_call(stage: Stage, context: object = CALL, **other: Any) -> int:
    await stage.running("run-1", done=2)
    options = {"gate": "charge_card", "branch": "clerk#1.1.1", "policy": EDITABLE, **other}
    return await stage.ask("run-1", "Agent clerk wants to call charge_card.", context, **options)


async def ask_budget(stage: Stage, context: object = BUDGET, gate: str = "budget #1") -> int:
    await stage.running("run-1", done=2)
    return await stage.ask("run-1", "Spend more?", context, gate=gate)


async def test_a_tool_call_shows_its_name_and_its_arguments_as_a_table(stage: Stage) -> None:
    await ask_call(stage)
    async with driving(stage.store, start="approvals", size=(80, 40)) as drive:
        await drive.shows("tool   charge_card")
        lines = drive.lines
        assert "agent  clerk" in drive.text
        at = next(number for number, line in enumerate(lines) if "argument │ value" in line)
        assert [line.strip() for line in lines[at + 1 : at + 7]] == [
            'customer │ "ada"',
            "cents    │ 4200",
            "note     │ │ first",
            "│ │ second",
            'to       │ iban: "DE1"',
            '│ name: "Ada"',
        ]


async def test_a_key_shows_what_the_table_is_made_of_and_back(stage: Stage) -> None:
    await ask_call(stage)
    async with driving(stage.store, start="approvals", size=(80, 40)) as drive:
        await drive.shows("as a tool call; t shows what it is made of")
        await drive.press("t")
        await drive.shows('tool: "charge_card"')
        assert "argument │ value" not in drive.text
        await drive.press("t")
        await drive.shows("argument │ value")


async def test_a_budget_shows_what_was_spent_on_what_and_what_more_would_be(stage: Stage) -> None:
    await ask_budget(stage)
    async with driving(stage.store, start="approvals", size=(100, 40)) as drive:
        await drive.shows("$1.00 more; e allows another amount")
        rows = {line.split()[0]: line.split()[1:] for line in drive.lines if line.strip()}
        assert rows["COST"] == ["TOKENS", "CALLS"]
        assert rows["allowed"] == ["$1.00", "-"]
        assert rows["spent"] == ["$1.02", "+", "2", "unknown", "8,120", "14"]
        assert rows["gpt-4o"] == ["$1.02", "7,220", "12"]
        assert rows['"ollama/llama3"'] == ["unknown", "900", "2"]
        assert "the price of 2 of its 14 calls isn't known" in drive.text
        assert "next  agent writer calls gpt-4o" in drive.text
        await drive.press("t")
        await drive.shows('"ollama/llama3":')


def spoilt(**parts: object) -> dict[str, object]:
    return {**BUDGET, **parts}


@pytest.mark.parametrize(
    "context",
    [
        spoilt(more="to say"),
        {key: value for key, value in BUDGET.items() if key != "further"},
        spoilt(budget={"usd": None, "tokens": None}),
        spoilt(budget={"usd": "1.00", "tokens": None}),
        spoilt(budget={"usd": -1, "tokens": None}),
        spoilt(budget={"usd": True, "tokens": None}),
        spoilt(further={"usd": 1.0}),
        spoilt(further={"usd": 1.0, "tokens": 1.5}),
        spoilt(spent={**SUMS, "unpriced": 15}),
        spoilt(spent={**SUMS, "usd": None}),
        spoilt(spent={**SUMS, "usd": 1e300}),
        spoilt(spent={**SUMS, "tokens": 10**16}),
        spoilt(by_model={"gpt-4o": {**SUMS, "note": "cheap"}}),
        spoilt(by_model=[]),
        spoilt(next={"model": "gpt-4o", "agent": None}),
        spoilt(next="gpt-4o"),
    ],
)
async def test_what_is_not_exactly_a_budget_is_shown_as_it_is(stage: Stage, context: object) -> None:
    approval = await stage.store.get_approval(await ask_budget(stage, context))
    assert content(approval, Shaper()).table == ()
    assert content(approval, Shaper()).plain != ()


async def test_no_other_gate_can_pass_for_a_budget(stage: Stage) -> None:
    approval = await stage.store.get_approval(await ask_budget(stage, gate="#1"))
    assert content(approval, Shaper()).kind == ""


@pytest.mark.parametrize(
    "other",
    [
        {"branch": ""},
        {"branch": "clerk"},
        {"branch": "another#1.1.1"},
        {"branch": "sub-clerk#1.1.1"},
        {"gate": "#1"},
        {"gate": "look_up"},
        {"policy": ANYONE},
        {"context": {**CALL, "harmless": True}},
        {"context": {**CALL, "arguments": [1]}},
        {"context": {**CALL, "tool": 7}},
    ],
)
async def test_no_step_can_pass_its_question_off_as_an_agents_tool_call(
    stage: Stage, other: dict[str, Any]
) -> None:
    approval = await stage.store.get_approval(await ask_call(stage, **other))
    assert content(approval, Shaper()).kind == ""


async def test_a_repeated_name_is_never_shown_as_one_of_both(stage: Stage) -> None:
    approval = await stage.store.get_approval(await ask_call(stage))
    assert content(approval, Shaper()).kind == "tool call"
    for twice in (
        '{"agent": "clerk", "tool": "charge_card", "tool": "charge_card", "arguments": {}}',
        '{"agent": "clerk", "tool": "charge_card", "arguments": {"cents": 1, "cents": 100000}}',
    ):
        shown = content(replace(approval, context=twice), Shaper())
        assert (shown.kind, shown.table) == ("", ())


async def test_the_tables_of_hostile_values_are_harmless(stage: Stage) -> None:
    arguments = {text: text for text in HOSTILE if text}
    call = await stage.store.get_approval(await ask_call(stage, {**CALL, "arguments": arguments}))
    shown = content(call, Shaper())
    assert shown.kind == "tool call"
    hostile = spoilt(
        by_model=dict.fromkeys(HOSTILE[:19], SUMS), next=dict.fromkeys(("model", "agent"), HOSTILE[8])
    )
    await stage.running("run-2", done=2)
    budget = await stage.store.get_approval(await stage.ask("run-2", "More?", hostile, gate="budget #1"))
    table = content(budget, Shaper())
    assert table.kind == "budget"
    for line in (*shown.table, *table.table):
        for text in (line.text, line.head, line.hang):
            assert_harmless(text, keep="\t")


async def test_the_card_of_a_plain_gate_tells_what_the_run_has_cost(stage: Stage) -> None:
    await stage.running("run-1", done=2)
    await stage.called("run-1", "Moss.", request="?", cost=None)
    await stage.called("run-1", "Moss.", request="?", cost=0.25)
    approval = await stage.ask("run-1")
    gateway = Gateway(Door("memory://", actor=OPERATOR, opener=lambda url: stage.store))
    card = await gateway.card(approval)
    facts = {fact.name: fact.value.text for fact in card.facts}
    assert facts["cost"] == "$0.2500 + 1 unknown for 2 model calls, 1,624 tokens in, 408 out"
    assert card.content == card.plain


async def test_side_by_side_the_table_fits(stage: Stage) -> None:
    await ask_budget(stage)
    async with driving(stage.store, start="approvals", size=WIDE) as drive:
        await drive.shows("$1.02 + 2 unknown")
        assert all(len(line) <= WIDE[0] for line in drive.lines)
