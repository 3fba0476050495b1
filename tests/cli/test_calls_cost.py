"""What model calls have cost, by workflow, model and day; a price that nobody knows is never nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sagewai.cli.exits import Exit
from sagewai.cli.words import cost
from sagewai.core.money import money
from sagewai.models.call import Spent
from tests.cli.console import Inside
from tests.cli.test_calls import fill, steady
from tests.tui.stage import Stage


async def two_workflows(stage: Stage) -> None:
    await stage.worker("content-pipeline", "invoice", lease=1e6)
    await stage.running("r-1")
    await stage.called("r-1", "so", request="?", model="gpt-4o", cost=0.25)
    await stage.called("r-1", "so", request="?", model="local", cost=None)
    await stage.called("r-1", "so", request="?", kind="once")
    await stage.running("r-2", workflow="invoice")
    await stage.called("r-2", "so", request="?", model="gpt-4o", cost=2.5)
    await stage.running("r-3", workflow="invoice")
    await stage.called("r-3", "so", request="?", model="local\x1b[2J", cost=None)


@pytest.fixture
def spent(inside_each: Inside) -> Inside:
    fill(inside_each, two_workflows)
    return inside_each


def test_by_workflow_the_dearest_comes_first(spent: Inside) -> None:
    head, first, second = steady(spent("cost"))
    assert head.split() == ["WORKFLOW", "CALLS", "TOKENS", "IN", "TOKENS", "OUT", "COST"]
    assert first.split() == ["invoice", "2", "1,624", "408", "$2.50", "+", "1", "unknown"]
    assert second.split() == ["content-pipeline", "2", "1,624", "408", "$0.2500", "+", "1", "unknown"]
    assert spent("cost", "--by", "workflow").out == spent("cost").out


def test_by_model_an_unknown_price_is_unknown(spent: Inside) -> None:
    lines = steady(spent("cost", "--by", "model"))
    assert lines[1].split() == ["gpt-4o", "2", "1,624", "408", "$2.75"]
    assert {tuple(line.split()) for line in lines[2:]} == {
        ("local", "1", "812", "204", "unknown"),
        ("local␛[2J", "1", "812", "204", "unknown"),
    }
    by_model = {each["model"]: each for each in spent("cost", "--by", "model", "--json").json}
    assert by_model["gpt-4o"] == {
        "model": "gpt-4o",
        "calls": 2,
        "input_tokens": 1624,
        "output_tokens": 408,
        "cost": 2.75,
        "unpriced": 0,
    }
    assert (by_model["local"]["cost"], by_model["local"]["unpriced"]) == (None, 1)


def test_by_day_and_of_the_last_days(spent: Inside) -> None:
    before = f"{datetime.now(UTC):%Y-%m-%d}"
    [today] = spent("cost", "--by", "day", "--days", "1", "--json").json
    assert today["day"] in {before, f"{datetime.now(UTC):%Y-%m-%d}"}
    assert (today["calls"], today["cost"], today["unpriced"]) == (4, 2.75, 2)


def test_a_list_can_be_cut(spent: Inside) -> None:
    assert [each["workflow"] for each in spent("cost", "--limit", "1", "--json").json] == ["invoice"]


def test_where_no_model_was_called_nothing_is_listed(inside: Inside) -> None:
    inside("db", "migrate")
    assert inside("cost").out == "no model calls\n"
    assert inside("cost", "--json").json == []


@pytest.mark.parametrize("arguments", [("--by", "year"), ("--days", "0"), ("--days", "x"), ("--limit", "0")])
def test_what_makes_no_sense_is_a_usage_error(inside: Inside, arguments: tuple[str, str]) -> None:
    said = inside("cost", *arguments)
    assert said.code == Exit.USAGE
    assert said.complaint


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (None, "unknown"),
        (0.0, "$0"),
        (0.00001, "<$0.0001"),
        (0.0042, "$0.0042"),
        (0.99999, "$1.00"),
        (1.234, "$1.23"),
        (12_345.6, "$12,346"),
    ],
)
def test_an_amount_is_short(usd: float | None, shown: str) -> None:
    assert money(usd) == shown


@pytest.mark.parametrize(
    ("calls", "unpriced", "shown"), [(3, 0, "$1.50"), (3, 1, "$1.50 + 1 unknown"), (3, 3, "unknown")]
)
def test_a_sum_says_what_is_missing_from_it(calls: int, unpriced: int, shown: str) -> None:
    assert cost(Spent(calls, 1, 1, 0.0 if calls == unpriced else 1.5, unpriced)) == shown
