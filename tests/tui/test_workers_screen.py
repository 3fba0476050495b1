"""The Workers screen: pools nobody serves, workers that went silent, and asking one to drain."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagewai.core.retry import RetryPolicy
from sagewai.models.approval import ApprovalPolicy
from sagewai.models.status import Ask
from tests.tui.drive import driving
from tests.tui.stage import Clock, Stage
from tui.local.fleet import Fleet
from tui.local.pace import Pace
from tui.text import Scribe


async def test_a_pool_whose_runs_wait_for_nobody_cries_out(stage: Stage) -> None:
    await stage.submit("run-1", "train", pool="gpu")
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("NONE!")
        assert "no worker for gpu: its runs wait" in drive.text
        assert drive.line_with("gpu  ").split()[:3] == ["gpu", "1", "0"]


async def test_workers_are_shown_with_load_beat_and_workflows(stage: Stage) -> None:
    await stage.running("run-1")
    async with driving(stage.store, start="workers") as drive:
        row = (await drive.shows("worker-1")) and drive.line_with("worker-1")
        assert "● live" in row
        assert "1/10" in row
        assert "content-pip" in row


async def test_a_worker_that_went_silent_is_stale_and_then_lapsed(stage: Stage, clock: Clock) -> None:
    await stage.worker("invoice", name="silent", lease=30.0)
    clock.passes(31.0)
    async with driving(stage.store, start="workers", read_only=True) as drive:
        await drive.shows("✖ STALE")
        assert "silent" in drive.line_with("✖ STALE")
        await stage.store.tick()
        await drive.shows("– lapsed")
        assert "(1 stale)" in drive.lines[1]


async def test_drain_asks_first_and_then_the_worker(stage: Stage) -> None:
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("worker-1")
        await drive.press("N")
        await drive.shows("start local workers")
        assert "MODULE:NAME [pool=P] [n=2]" in drive.text, "a question's hint has room at 80 columns"
        await drive.press("escape", "d")
        await drive.shows("drain worker-1?")
        await drive.press("n")
        assert (await stage.store.list_sessions())[0].asked is None
        await drive.press("d", "y")
        await drive.shows("✔ drain worker worker-1: done")
        assert "sagewai workers drain worker-1" in drive.text
        await drive.shows("● drain?")
    assert (await stage.store.list_sessions())[0].asked is Ask.DRAIN


async def test_pause_and_resume_of_a_worker(stage: Stage) -> None:
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("worker-1")
        await drive.press("P")
        await drive.shows("● pause?")
        await stage.store.heartbeat(stage.session, status="paused")
        await drive.shows("‖ paused")
        await drive.press("P")
        await drive.shows("● resume?")


async def test_a_worker_that_is_gone_is_named_in_the_answer(stage: Stage) -> None:
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("worker-1")
        await drive.press("d")
        await stage.store.close_session(stage.session)
        await drive.press("y")
        await drive.shows("✖ drain worker worker-1")


async def test_a_pool_is_paused_resumed_and_drained_whole(stage: Stage) -> None:
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("● open")
        await drive.press("tab", "tab")  # past the log, round to the pools
        assert drive.front.focused is not None
        assert drive.front.focused.id == "pools"
        await drive.press("P")
        await drive.shows("pause pool default?  no worker takes anything")
        await drive.press("y")
        await drive.shows("‖ PAUSED")
        assert "sagewai pools pause default" in drive.said
        [pool] = await stage.store.list_pools()
        assert pool.paused
        await drive.press("P")
        await drive.shows("● open")
        await drive.press("d")
        await drive.shows("drain pool default?")
        await drive.press("y")
        await drive.shows("drain pool default: done")
    assert (await stage.store.list_sessions())[0].asked is Ask.DRAIN


async def test_enter_lists_the_runs_that_a_worker_holds_and_opens_one(stage: Stage) -> None:
    await stage.running("run-1")
    await stage.submit("run-2")
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("worker-1")
        await drive.press("enter")
        await drive.shows("worker-1 holds 1 run")
        assert "run-1" in drive.text
        assert "run-2" not in drive.text
        await drive.press("enter")
        await drive.shows("workers › run-1")
        await drive.press("escape", "escape")
        await drive.shows("1 live of 1 seen")
        for number in range(100):
            await stage.running(f"more-{number}")
        await drive.press("enter")
        await drive.shows("worker-1 holds 100 runs or more")


async def test_a_store_of_this_process_alone_takes_no_supervised_worker(stage: Stage) -> None:
    async with driving(stage.store, start="runs") as drive:
        await drive.press("colon")
        await drive.type("start flows:all n=2")
        await drive.press("enter")
        await drive.shows("memory:// lives in this process alone")
        assert drive.app.locals.sessions() == {}


async def test_a_reader_starts_no_worker(stage: Stage) -> None:
    async with driving(stage.store, start="workers", read_only=True) as drive:
        await drive.shows("worker-1")
        await drive.press("N", "plus")
        assert not drive.front.prompt.is_open
        assert "N start local" not in drive.text


async def test_workers_of_this_console_are_marked_and_a_fallen_one_says_how_to_go_on(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(Path(__file__).parents[2])
    at_once = Pace(crashes=2, back_off=RetryPolicy(delay=0.01))
    await stage.running("run-1", done=2)
    asked = await stage.ask("run-1", policy=ApprovalPolicy(required=2))
    async with driving(stage.store, start="workers") as drive:
        fleet = drive.app.locals.fleet = Fleet("sqlite:///nowhere", Scribe(), pace=at_once)
        drive.app.start_local("tests.tui.crashing:nothing pool=gpu labels zone=eu")
        [worker] = fleet.workers
        card = await drive.app.gateway.card(asked)
        assert not (
            await drive.app.gateway.verbs.decide("approve", card, "")
        ).ok  # its code could have said it
        await drive.shows(f"{worker.name} here")
        await drive.shows("✖ STOPPED")
        await drive.shows("local ✖ 1 stopped")
        await drive.press("home")
        await drive.shows("crash loop: exit code 0")
        assert "+ starts it, K forgets it" in drive.text
        await drive.shows("here ␛]0;owned␇ it ends")
        await drive.press("d")
        await drive.shows("has ended already: + starts it again")
        await drive.press("K", "y")
        await drive.shows("is listed no more")
        await drive.shows(lambda text: f"{worker.name} here" not in text)
