"""The Workers screen: pools nobody serves, workers that went silent, and asking one to drain."""

from __future__ import annotations

from sagewai.models.status import Ask
from tests.tui.drive import driving
from tests.tui.stage import Clock, Stage


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
        await drive.press("d")
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
