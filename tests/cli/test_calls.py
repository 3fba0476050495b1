"""A run's calls on the command line: listed, shown whole, and added up with the run they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sagewai.cli.exits import Exit
from sagewai.cli.safe import cells
from sagewai.core.stores.url import open_store
from sagewai.models.call import Budget
from tests.cli.console import Inside, Said
from tests.cli.flows import HOSTILE
from tests.tui.stage import Stage, conversation


def fill(command: Inside, act: Callable[[Stage], Awaitable[object]]) -> None:
    """Let ``act`` put runs into the command's store."""

    async def filled() -> None:
        async with open_store(command.env["SAGEWAI_STORE"]) as store:
            stage = Stage(store)
            await stage.worker("content-pipeline", lease=1e6)
            await act(stage)

    asyncio.run(filled())


async def two_steps(stage: Stage) -> None:
    """Calls of all kinds in two steps."""
    await stage.running("r-1", budget=Budget(usd=0.5, tokens=20_000))
    asked = conversation("gpt-4o-mini", {"role": "user", "content": f"Write\n{HOSTILE}"})
    await stage.called("r-1", f"Moss.\n{HOSTILE}", f"writer{HOSTILE}", request=asked)
    await stage.finish_step("r-1")
    await stage.called("r-1", "Good.", "editor", request="Good?", cost=None, model="local", branch="a/b")
    await stage.called("r-1", {"receipt": 7}, "charge", request={"args": ["A-17"], HOSTILE: 1}, kind="once")
    await stage.called("r-1", "Late.", "editor", request=None, tokens=(None, None), cost=None)


@pytest.fixture
def called(inside_each: Inside) -> Inside:
    fill(inside_each, two_steps)
    return inside_each


def steady(said: Said) -> list[str]:
    assert said.code == Exit.OK, said
    lines = said.out.splitlines()
    assert all(line.isprintable() for line in said.out.split("\n"))
    assert all(cells(line) <= 80 for line in lines)
    return lines


def test_calls_are_listed_in_order_with_what_they_cost(called: Inside) -> None:
    head, first, second, third, fourth = steady(called("calls", "list", "r-1"))
    assert head.split() == ["N", "STEP", "WHO", "MODEL", "IN", "OUT", "COST", "TOOK", "TRY"]
    assert first.split()[:2] == ["1", "research"]
    assert first.split()[-5:] == ["812", "204", "$0.0031", "1.25s", "1"]
    assert second.split() == ["2", "draft", "a/b/editor", "local", "812", "204", "unknown", "1.25s", "1"]
    assert third.split() == ["3", "draft", "charge", "(once)", "1.25s", "1"]
    assert fourth.split()[-5:] == ["?", "?", "unknown", "1.25s", "1"]


def test_as_json_each_has_what_was_asked_and_answered(called: Inside) -> None:
    first, second, third, fourth = called("calls", "list", "r-1", "--json").json
    assert [call["number"] for call in (first, second, third, fourth)] == [1, 2, 3, 4]
    assert first["request"]["messages"][0]["content"] == f"Write\n{HOSTILE}"
    assert first["response"]["text"] == f"Moss.\n{HOSTILE}"
    assert (first["model"], first["input_tokens"], first["output_tokens"]) == ("gpt-4o-mini", 812, 204)
    assert (first["cost"], second["cost"]) == (0.0031, None)
    assert (second["branch"], second["name"], second["position"]) == ("a/b", "editor", 1)
    assert (third["kind"], third["response"]) == ("once", {"receipt": 7})
    assert fourth["request"] is None


def test_a_step_can_be_picked_and_keeps_its_numbers(called: Inside) -> None:
    assert [call["number"] for call in called("calls", "list", "r-1", "--step", "draft", "--json").json] == [
        2,
        3,
        4,
    ]
    assert called("calls", "list", "r-1", "--step", "publish").out == "no calls\n"
    said = called("calls", "list", "r-1", "--step", "drafts")
    assert said.code == Exit.USAGE
    assert "it has research, draft, review, publish" in said.complaint


def test_a_call_is_shown_whole_and_obeyed_in_nothing(called: Inside) -> None:
    lines = steady(called("calls", "show", "r-1", "1"))
    text = "\n".join(lines)
    assert lines[0].startswith("call    1, recorded 20")
    assert "request message 1, user, " in text
    assert "  | Write" in lines
    assert "response text, " in text
    assert "  | Moss." in lines
    assert "␛]0;owned␇" in text
    assert "\x1b" not in text

    whole = steady(called("calls", "show", "r-1"))
    assert sum(line.startswith("call ") for line in whole) == 4
    assert "request, too long to be kept" in whole
    assert called("calls", "show", "r-1", "3", "--json").json[0]["request"]["args"] == ["A-17"]


def test_a_number_that_no_call_has_is_refused(called: Inside) -> None:
    said = called("calls", "show", "r-1", "5")
    assert said.code == Exit.USAGE
    assert "no call 5" in said.complaint


def test_a_run_that_is_not_there_is_not_found(inside: Inside) -> None:
    inside("db", "migrate")
    for verb in ("list", "show"):
        assert inside("calls", verb, "nowhere").code == Exit.NOT_FOUND


def test_a_run_without_calls_says_so(inside: Inside) -> None:
    fill(inside, lambda stage: stage.submit("r-1"))
    assert inside("calls", "list", "r-1").out == "no calls\n"
    assert inside("calls", "list", "r-1", "--json").json == []
    assert inside("calls", "show", "r-1").out == "no calls\n"


def test_a_run_tells_its_calls_and_what_they_cost_of_what_they_may(called: Inside) -> None:
    lines = steady(called("runs", "show", "r-1"))
    assert "calls      3 model calls, 1,624 tokens in, 408 out" in lines
    assert "cost       $0.0031 + 2 unknown" in lines
    assert "budget     $0.5000 and 20,000 tokens, then it asks" in lines
    assert any(line.split()[:3] == ["3", "draft", "charge"] for line in lines)

    run = called("runs", "show", "r-1", "--json").json
    assert run["spent"] == {
        "calls": 3,
        "input_tokens": 1624,
        "output_tokens": 408,
        "cost": 0.0031,
        "unpriced": 2,
    }
    assert run["budget"] == {"usd": 0.5, "tokens": 20_000, "on_exceed": "approve"}
    assert [call["name"] for call in run["calls"][1:]] == ["editor", "charge", "editor"]
    assert not {"request", "response"} & run["calls"][0].keys()


def test_a_run_without_calls_tells_of_none(inside: Inside) -> None:
    fill(inside, lambda stage: stage.submit("r-1"))
    lines = steady(inside("runs", "show", "r-1"))
    assert not [line for line in lines if line.startswith(("calls", "cost", "budget"))]
    run = inside("runs", "show", "r-1", "--json").json
    assert (run["calls"], run["budget"], run["spent"]["cost"]) == ([], None, 0.0)


def test_of_many_calls_a_run_tells_the_latest(inside: Inside) -> None:
    async def many(stage: Stage) -> None:
        await stage.running("r-1")
        for number in range(25):
            await stage.called("r-1", f"answer {number}", request="?")

    fill(inside, many)
    lines = steady(inside("runs", "show", "r-1"))
    assert "and 5 before: `sagewai calls list`" in lines
    assert len(steady(inside("calls", "list", "r-1"))) == 26
