"""The Run screen's model calls: what was asked and answered, what it cost, and what a model says right now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.call import Budget, Spent
from tests.tui.drive import Drive, driving
from tests.tui.stage import OPERATOR, Clock, Stage, conversation
from tui.gateway import Door, Gateway
from tui.gateway.calls import SHOWN, spent_cell
from tui.views import Ref

USER = {"role": "user", "content": "Write about moss.\nShort."}
WANTS = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": 1}'}}
    ],
}
FOUND = {"role": "tool", "tool_call_id": "c1", "name": "look_up", "content": "moss is old"}


async def turned(drive: Drive) -> None:
    """To the tab with the calls; a run opens on its output."""
    await drive.shows("[output]")
    await drive.press("tab", "tab", "tab")
    await drive.shows("[model calls]")


def pane(drive: Drive) -> str:
    text: str = drive.front.query_one("#pane").text  # type: ignore[attr-defined]
    return text


async def test_a_call_shows_prompt_answer_tokens_cost_and_wait(stage: Stage) -> None:
    await stage.running("run-1", done=1)
    await stage.called("run-1", "Moss is\nold.", request=conversation("gpt-4o-mini", USER))
    async with driving(stage.store, run_id="run-1") as drive:
        await turned(drive)
        await drive.shows("draft  writer  gpt-4o-mini  812 in, 204 out  $0.0031  1.2s")
        text = pane(drive)
        assert "$0.0031 for 1 model call, 812 tokens in, 204 out" in text
        assert "│ Write about moss.\n" in text
        assert "│ Short.\n" in text
        assert text.index("user") < text.index("│ Short.") < text.index("answer") < text.index("│ old.")


async def test_of_a_conversation_that_goes_on_only_what_is_new_is_shown(stage: Stage) -> None:
    await stage.running("run-1")
    wants = {
        "text": "",
        "finish": "tool_calls",
        "tool_calls": [{"id": "c1", "name": "look_up", "arguments": "{}"}],
    }
    await stage.called("run-1", wants, request=conversation("m", USER))
    await stage.called("run-1", "Moss.", request=conversation("m", USER, WANTS, FOUND), branch="writer#1")
    await stage.called("run-1", "Fern.", "editor", request=conversation("m", USER))
    async with driving(stage.store, run_id="run-1") as drive:
        await turned(drive)
        await drive.shows("#3 research  editor")
        third, second, first = blocks(pane(drive))
        assert "Write about moss." in third
        assert "Write about moss." in first
        assert "1 message as in call #1, then" in second
        assert "Write about moss." not in second
        assert "tool look_up" in second
        assert "│ moss is old" in second
        assert "wants called: look_up {}" in first


def blocks(text: str) -> list[str]:
    """The calls in a pane, the latest first."""
    found: list[str] = []
    for line in text.split("\n"):
        if line.startswith(" #"):
            found.append(line)
        elif found:
            found[-1] += "\n" + line
    return found


async def test_what_is_no_conversation_is_shown_as_it_is(stage: Stage) -> None:
    await stage.running("run-1")
    await stage.called("run-1", {"receipt": 7}, "charge-card", request={"order": "A-17"}, kind="once")
    await stage.called("run-1", ["odd"], request={"messages": "none"})
    await stage.called("run-1", None, kind="void", rounds=1)
    await stage.called("run-1", "long", request=None)
    async with driving(stage.store, run_id="run-1") as drive:
        await turned(drive)
        await drive.shows("#4 research  writer")
        latest, void, odd, once = blocks(pane(drive))
        assert "charge-card  called once" in once
        assert 'order: "A-17"' in once
        assert "receipt: 7" in once
        assert 'messages: "none"' in odd
        assert '- "odd"' in odd
        assert "is asked anew" in void
        assert "too long to be kept" in latest


@pytest.mark.parametrize(
    ("costs", "shown"),
    [
        ([0.25, 0.5], "$0.7500"),
        ([None], "cost unknown"),
        ([0.25, None], "$0.2500+?"),
    ],
)
async def test_the_heading_says_what_the_run_has_cost_and_never_nothing_for_unknown(
    stage: Stage, costs: list[float | None], shown: str
) -> None:
    await stage.running("run-1")
    for each in costs:
        await stage.called("run-1", "so", request="what?", cost=each)
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows(shown)
        assert shown in drive.lines[2]
        assert "$0 " not in drive.text


async def test_the_heading_says_what_it_may_cost(stage: Stage) -> None:
    await stage.running("run-1", budget=Budget(usd=2.0))
    await stage.called("run-1", "so", request="what?", cost=1.5)
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("$1.50/$2.00")


@pytest.mark.parametrize(
    ("spent", "budget", "shown"),
    [
        (Spent(), Budget(usd=1.0), ""),
        (Spent(2, 10, 5, 0.5), None, "$0.5000"),
        (Spent(2, 900, 100, 0.5), Budget(tokens=20_000), "$0.5000 1000/20.0k tokens"),
        (Spent(2, 900, 100, 0.5, 1), Budget(usd=1.0), "$0.5000+?/$1.00"),
        (Spent(2, 900, 100, 0.0, 2), Budget(usd=1.0), "cost unknown/$1.00"),
        (Spent(1, 1, 1, 0.0), None, "$0"),
    ],
)
def test_what_was_spent_in_few_cells(spent: Spent, budget: Budget | None, shown: str) -> None:
    assert spent_cell(spent, budget).text == shown


async def test_calls_appear_while_the_step_runs(stage: Stage) -> None:
    await stage.running("run-1")
    async with driving(stage.store, run_id="run-1") as drive:
        await turned(drive)
        await drive.shows("no step has called a model")
        await stage.called("run-1", "first", request="one?")
        await drive.shows("│ first")
        await stage.finish_step("run-1")
        await stage.called("run-1", "second", request="two?")
        await drive.shows("│ second")
        assert "│ first" in pane(drive)


async def test_the_end_of_what_a_model_says_is_seen_while_it_says_it(stage: Stage) -> None:
    await stage.running("run-1")
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("● research")
        await stage.says("run-1", "Moss is " + "very " * 40 + "old and\x1b[2J gre")
        await drive.shows("writer: …")
        assert drive.line_with("writer: ").endswith("old and␛[2J gre")
        await turned(drive)
        await drive.shows("● research  writer is being answered")
        await stage.finish_step("run-1")
        await drive.shows(lambda text: "writer" not in text)


async def test_the_note_of_an_operators_ask_goes_before_what_is_heard(stage: Stage) -> None:
    await stage.running("run-1")
    await stage.says("run-1", "Moss")
    async with driving(stage.store, run_id="run-1") as drive:
        await drive.shows("writer: Moss")
        await drive.press("C", "y")
        await drive.shows("asked to cancel")
        assert "writer: Moss" not in drive.text


async def test_of_very_many_calls_the_latest_are_shown(stage: Stage) -> None:
    await stage.running("run-1")
    for number in range(SHOWN + 5):
        await stage.called("run-1", f"answer {number}", request="?")
    async with driving(stage.store, run_id="run-1") as drive:
        await turned(drive)
        await drive.shows(f"answer {SHOWN + 4}")
        assert len(blocks(pane(drive))) == SHOWN
        assert "5 earlier: sagewai calls list RUN" in pane(drive)


class Counting(InMemoryStore):
    """Says what it was asked about calls."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self.asked: Counter[str] = Counter()

    def _note(self, name: str) -> None:
        self.asked[name] += 1

    async def calls_of(self, *args: Any, **more: Any) -> Any:
        self._note("calls_of")
        return await super().calls_of(*args, **more)

    async def spent(self, run_id: str) -> Any:
        self._note("spent")
        return await super().spent(run_id)

    async def get_budget(self, run_id: str) -> Any:
        self._note("get_budget")
        return await super().get_budget(run_id)

    async def tail_of(self, run_id: str) -> Any:
        self._note("tail_of")
        return await super().tail_of(run_id)


@pytest.mark.parametrize("calls", [True, False])
async def test_a_look_at_a_run_costs_one_statement_more_at_most(clock: Clock, calls: bool) -> None:
    store = Counting(clock)
    stage = Stage(store)
    await stage.worker("content-pipeline", lease=1e6)
    await stage.running("run-1", budget=Budget(usd=1.0))
    gateway = Gateway(Door("memory://", actor=OPERATOR, opener=lambda url: store))
    key = Ref("run-1", "run-1")
    for number in range(12):
        before = store.asked.total()
        await gateway.totals()
        await gateway.run(key, calls=calls)
        if calls:
            await gateway.tab(key, "model calls")
        assert store.asked.total() - before <= 1
        if number % 3 == 0:
            await stage.called("run-1", f"answer {number}", request="?")
            await stage.says("run-1", f"saying {number}")
    assert not store.asked["spent"]  # the run knows it
    assert store.asked["tail_of"] > 2

    await stage.finish_step("run-1")
    await stage.ask("run-1")
    for _ in range(4):
        await gateway.totals()
        await gateway.run(key, calls=calls)
    before = store.asked.total()
    await gateway.totals()
    view = await gateway.run(key, calls=calls)
    assert store.asked.total() == before
    assert view.saying is None
    assert view.cost is not None
    assert view.cost.text == "$0.0124/$1.00"


async def test_no_other_screen_asks_for_calls(clock: Clock) -> None:
    store = Counting(clock)
    stage = Stage(store)
    await stage.night(clock)
    async with driving(store, size=(140, 40)) as drive:
        for key in "145":
            await drive.press(key)
            await drive.looked()
        assert store.asked.total() == 0
