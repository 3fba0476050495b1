"""Steering one run from its screen: signals, forks, holding it and letting it go step by step. On SQLite."""

from __future__ import annotations

import json

import pytest

from sagewai.core.codec import encode
from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.right import Right
from sagewai.models.run import Run
from sagewai.models.status import Ask, Outcome, RunStatus
from sagewai.models.transition import Move
from sagewai.models.wait import WaitRequest
from tests.tui.drive import driving
from tests.tui.stage import Clock, Stage
from tui.gateway.drafts import editable
from tui.gateway.forks import fork_plan, input_lines, with_input
from tui.gateway.shape import Shaper
from tui.habits import Habits
from tui.keymap import Keymap


async def waiting(stage: Stage, run_id: str, *names: str) -> None:
    """A run whose step waits for these signals."""
    await stage.running(run_id, done=1)
    waits = tuple(WaitRequest("draft", "", f"signal {name} #1", "signal", name) for name in names)
    await stage._move(run_id, Move.PARK, Outcome.SUSPENDED, waits=waits)


async def test_a_signal_is_offered_by_name_its_payload_checked_and_the_run_goes_on(sqlite: Stage) -> None:
    await waiting(sqlite, "run-1", "paid", "picked", "packed\x1b[2J")
    async with driving(sqlite.store, run_id="run-1") as drive:
        await drive.shows("waiting signal")
        await drive.press("S")
        await drive.shows("it waits for paid, picked")
        assert "packed" not in drive.said, "a name that isn't drawn as it is isn't offered"
        await drive.type("pa")
        await drive.pilot.pause(0.05)
        await drive.press("tab", "enter")
        await drive.shows("signal paid to run-1")
        await drive.press(*["backspace"] * 4)
        await drive.type("{cents: 1}")
        await drive.press("enter")
        await drive.shows("the payload isn't JSON")
        assert (await sqlite.store.get_run("run-1")).status is RunStatus.WAITING
        await drive.press(*["backspace"] * 10)
        await drive.type('{"cents": 1}')
        await drive.press("enter")
        await drive.shows("✔ signal paid to run-1: done")
        assert "sagewai runs signal run-1 paid --payload" in drive.said
    [sent] = await sqlite.store.signals_of("run-1")
    assert (sent.taken, json.loads(sent.payload)) == (True, {"cents": 1})
    assert (await sqlite.store.get_run("run-1")).status is RunStatus.PENDING


async def test_a_fork_shows_what_it_copies_and_starts_from_the_chosen_step(real: Stage) -> None:
    await real.running("run-1", done=2, topic="moss\x1b[2J")
    await real.die("run-1")
    async with driving(real.store, run_id="run-1") as drive:
        await drive.shows("✖ review")
        await drive.press("up", "up", "f")
        text = await drive.shows("fork run-1 from draft")
        copied, _, again = text.partition("runs\n")
        assert "✔ research  10 B" in copied
        assert "○ draft" in again
        assert "○ publish" in again
        await drive.press("f")
        await drive.type("wrong draft")
        await drive.press("enter")
        await drive.shows("✔ fork run-1 as content-pipeline-")
        await drive.shows("○ draft")
        assert "› content-pipeline" in drive.lines[0], "the new run is opened"
    [fork] = [run for run in await runs(real) if run.run_id != "run-1"]
    assert (fork.step, fork.steps_done, fork.status) == ("draft", 1, RunStatus.PENDING)
    [event] = [event for event in await real.store.get_events("run-1") if event.kind == "forked"]
    assert event.reason == "wrong draft"
    assert await real.store.get_input(fork.run_id) == await real.store.get_input("run-1")


async def runs(stage: Stage) -> tuple[Run, ...]:
    from sagewai.models.page import RunQuery

    return (await stage.store.list_runs(RunQuery())).items


async def test_a_fork_from_a_step_that_was_not_reached_is_refused_before_anything_is_asked(
    sqlite: Stage,
) -> None:
    await sqlite.running("run-1", done=1)
    async with driving(sqlite.store, run_id="run-1") as drive:
        await drive.shows("● draft")
        await drive.press("down", "down", "f")
        await drive.shows("draft has no result yet")
        await drive.press("f")
        assert not drive.app.screen.prompt.is_open  # type: ignore[attr-defined]
        await drive.press("escape")
        await drive.shows("● draft")


async def test_where_there_is_no_editor_the_input_is_edited_inside(
    sqlite: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "/nowhere/editor")
    await sqlite.running("run-1", done=1, topic="moss")
    async with driving(sqlite.store, run_id="run-1") as drive:
        await drive.shows("● draft")
        await drive.press("f")
        await drive.shows("input, the old run's")
        await drive.press("e")
        await drive.shows("f2 takes it")
        await drive.press("f7", "backspace")
        await drive.type("[1]")
        await drive.press("f2")
        await drive.shows("e edits what you wrote again")
        await drive.press("e")
        await drive.shows("[1]")
        await drive.press("f7", "backspace")
        await drive.type('{"topic": "fern"}')
        await drive.press("f2")
        await drive.shows("input, edited")
        await drive.press("f", "enter")
        await drive.shows("✔ fork run-1")
    [fork] = [run for run in await runs(sqlite) if run.run_id != "run-1"]
    assert await sqlite.store.get_input(fork.run_id) == encode({"topic": "fern"})
    assert fork.steps_done == 1


async def test_a_held_run_goes_step_by_step_and_says_so(sqlite: Stage) -> None:
    await sqlite.running("run-1", done=1)
    async with driving(sqlite.store, run_id="run-1") as drive:
        await drive.shows("● draft")
        await drive.press("n")
        await drive.shows("isn't held: h holds it")
        await drive.press("h")
        await drive.shows("runs draft, then is HELD")
        await sqlite.finish_step("run-1")
        await drive.shows("‖ HELD before review")
        await drive.press("n")
        await drive.shows("goes one step: review, then is HELD again")
        run = await sqlite.store.get_run("run-1")
        assert (run.status, run.asked) == (RunStatus.PENDING, Ask.PAUSE)
        await sqlite.hold("run-1")
        await sqlite.finish_step("run-1")
        await drive.shows("‖ HELD before publish")
        await drive.press("P")
        await drive.shows("○ PEND")
        assert "HELD" not in drive.text


async def test_a_run_that_is_held_here_goes_to_a_worker_of_this_console_that_can_take_it(
    stage: Stage, clock: Clock
) -> None:
    """And to any other when that one is gone before it has it."""
    other = stage.session
    await stage.submit("run-1")
    ours = await stage.worker("content-pipeline", name="console-7", lease=1e6)
    unfit = await stage.worker("content-pipeline", name="console-7-1", lease=1e6, pool="gpu")
    routes = (await stage.store.resolve_routes("default", {}, {"content-pipeline": ["1"]})).ids

    async def claims(session: int) -> bool:
        runs = (await stage.store.claim(session, routes, 1)).runs
        stage.leases.update({run.run_id: run for run in runs})
        return bool(runs)

    async with driving(stage.store, run_id="run-1") as drive:
        here = drive.app.gateway.here
        await drive.shows("○ draft")
        await drive.press("h")
        await drive.shows("✔ hold run-1 here: then any worker takes it: none runs here")
        await drive.shows("‖ HELD before research  n one step, P on: any worker (none runs here)")
        here.ours = lambda: {unfit: "console-7-1"}
        await drive.press("P")
        await drive.shows("✔ resume run-1: any worker takes it: console-7-1 serves pool gpu")
        here.ours = lambda: {unfit: "console-7-1", ours: "console-7"}
        await drive.press("P")
        await drive.shows("P lets it go on")
        await drive.press("h")
        await drive.shows("run-1 is held, for this console")
        await drive.shows("n one step, P on: console-7 here first")
        await drive.press("P")
        await drive.shows("✔ resume run-1: console-7 first, after 30 s any other")
        assert "sagewai runs resume run-1 --worker console-7" in drive.said
        assert not await claims(other)
        assert await claims(ours)

        await drive.shows("● RUN")
        await drive.press("h")
        await drive.shows("runs research, then is HELD  next: console-7 here first")
        await stage.finish_step("run-1")
        await drive.shows("‖ HELD before draft")
        await drive.press("n")
        await drive.shows("goes one step: draft, then is HELD again  next: console-7 here first")
        await stage.store.close_session(ours)
        here.ours = dict
        await drive.shows("next: any worker (none runs here)")
        assert not await claims(other)
        clock.passes(31.0)
        assert await claims(other)


async def test_texts_name_the_keys_that_an_operator_has_chosen() -> None:
    stage = Stage(InMemoryStore())
    await stage.submit("run-1")
    chosen = {"hold-here": "f6", "next-step": "f7", "pause": "f8", "start-local": "f9", "workers": "f10"}
    habits = Habits(keymap=Keymap({name: (key,) for name, key in chosen.items()}))
    async with driving(stage.store, run_id="run-1", habits=habits) as drive:
        await drive.shows("○ draft")
        await drive.press("f7")
        await drive.shows("isn't held: f6 holds it")
        await drive.press("f8")
        await drive.shows("f7 one step  f8 lets it go on")
        await drive.press("f6")
        await drive.shows("f7 lets it go one step, f8 on")
        await drive.shows("f7 one step, f8 on: any worker")
        await drive.press("f10")
        await drive.shows("no worker lives: f9 starts one here")


async def test_a_console_that_may_not_write_binds_none_of_it(sqlite: Stage) -> None:
    await waiting(sqlite, "run-1", "paid")
    async with driving(sqlite.store, run_id="run-1", read_only=True) as drive:
        await drive.shows("waiting signal")
        for pressed in "fShn":
            await drive.press(pressed)
            await drive.pilot.pause()
            assert drive.app.screen is drive.front
            assert not drive.front.prompt.is_open
        assert drive.said.strip() == ""
        assert not drive.app.gateway.door.may(Right.OPERATE)


def test_an_edited_input_must_be_an_object_and_the_same_is_no_edit() -> None:
    from sagewai.errors import InvalidOptionError

    plan = fork_plan(_run(), (), (), '{"a": 1}', "new", None, Shaper())
    assert with_input(plan, ' {"a":1}\n').values is None
    assert with_input(plan, '{"a": 2}').values == {"a": 2}
    for wrong in ("[1]", "{", "NaN", ""):
        with pytest.raises(InvalidOptionError):
            with_input(plan, wrong)
    assert editable('{"a": "\\u001b[2J \\u202e \\ud800 é"}').count("\\u") == 3


def test_an_input_that_may_not_be_seen_is_named_and_not_shown() -> None:
    plan = fork_plan(_run(), (), (), None, "new", None, Shaper())
    assert "may not see it" in " ".join(line.text for line in input_lines(plan, Shaper()))


def _run() -> Run:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    return Run(
        *(
            "run-1",
            "w",
            RunStatus.FAILED,
            None,
            "default",
            {},
            "1",
            0,
            {},
            None,
            0,
            0,
            1,
            1,
            1,
            0,
            None,
            None,
        ),
        *(None, now, now, None, None, "somebody"),
    )
