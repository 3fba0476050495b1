"""The Overview: the way to a first run, what is new, who did what, bulk jobs that can be stopped, errors that open."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sagewai.core import commands
from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from sagewai.models.actor import Actor
from sagewai.models.bulk import BulkStatus
from tests.tui.drive import WIDE, driving
from tests.tui.stage import OPERATOR, Clock, Stage
from tui.attending import Attention
from tui.gateway import Door, Gateway

BOB = Actor("bob@ops2", source="cli", assurance="os")


class Slow(InMemoryStore):
    """A store in which bulk jobs take longer than any test."""

    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        return 0


async def test_an_empty_store_shows_the_way_to_a_first_run_until_there_is_one() -> None:
    stage = Stage(InMemoryStore())
    async with driving(stage.store, start="overview", ascii_only=True) as drive:
        await drive.shows("no runs yet in memory")
        assert "export SAGEWAI_STORE=memory://" in drive.text
        assert "sagewai submit WORKFLOW --input '{...}'" in drive.text
        assert drive.text.isascii()
        await stage.submit("run-1")
        await drive.shows("runs in the last hour")
        await drive.shows("NONE! for default (1)")


async def test_rates_and_latencies_are_drawn_with_their_numbers(stage: Stage, clock: Clock) -> None:
    clock.passes(60.0 - clock.seconds % 60)  # all of it within one minute
    for number in range(3):
        await stage.running(f"done-{number}", done=0)
        clock.passes(2.0 + number)
        for _ in range(4):
            await stage.finish_step(f"done-{number}")
    await stage.running("dead", done=1)
    await stage.die("dead")
    clock.passes(60.0)
    async with driving(stage.store, start="overview") as drive:
        await drive.shows("p50   3.0s  p99   4.0s")
        assert drive.line_with(" completed").split()[-3:] == ["3", "3", "3"]
        assert drive.line_with(" failed").split()[-3:] == ["1", "1", "1"]
        assert "█" in drive.line_with(" completed")
        assert "none waits for a person" in drive.text


async def test_who_did_what_is_told_with_the_twin_and_enter_opens_the_run(stage: Stage) -> None:
    await stage.submit("run-1")
    await stage.submit("run-2")
    await commands.cancel(stage.store, "run-2", actor=BOB, reason="entered twice")
    async with driving(stage.store, size=WIDE) as drive:
        await drive.shows("run-1")
        await drive.press("down", "P")
        await drive.shows("pause run-1: done")
        await drive.press("6")
        await drive.shows("paused run-1")
        assert "you" in drive.line_with("paused run-1")
        assert "✔ entered twice" in drive.line_with("cancelled run-2")
        assert "bob@ops2" in drive.line_with("cancelled run-2")
        assert "sagewai runs" in drive.line_with("paused run-1")  # how without a console
        assert "submitted 2 runs" in drive.text
        await drive.press("end", "enter")
        await drive.shows("who did what")
        assert "shop@web1 (api, api)" in drive.text
        await drive.press("escape", "home", "enter")
        await drive.shows("› run-1")


async def test_tab_goes_from_pane_to_pane_and_a_bulk_job_is_stopped_from_there() -> None:
    stage = Stage(Slow())
    await stage.worker("content-pipeline")
    for number in range(3):
        await stage.running(f"run-{number}", done=1)
        await stage.die(f"run-{number}", kind="shop.errors.TopicError")
    job = await commands.start_bulk(
        stage.store, "retry", ["run-0", "run-1"], actor=OPERATOR, reason="fixed upstream"
    )
    async with driving(stage.store, start="overview") as drive:
        await drive.shows("bulk jobs 1 running")
        await drive.press("D")
        await drive.shows("tab to them")
        await drive.press("tab")
        await drive.shows("retry    ")
        await drive.press("D")
        await drive.shows(f"stop bulk job {job.id}?")
        await drive.press("n")
        assert (await stage.store.get_bulk(job.id)).status is BulkStatus.RUNNING
        await drive.press("D", "y")
        await drive.shows("– STOP")
        assert drive.app.gateway.verbs.log[-1].twin == f"sagewai bulk stop {job.id}"
        assert (await stage.store.get_bulk(job.id)).status is BulkStatus.STOPPED
        await drive.press("enter")
        await drive.shows("run-1")
        await drive.press("escape", "escape")
        await drive.press("6", "shift+tab", "shift+tab")
        await drive.shows("TopicError")
        await drive.press("enter")
        await drive.shows("only shop.errors.TopicError")


async def test_a_reader_stops_no_job(stage: Stage) -> None:
    await stage.submit("run-1")
    job = await commands.start_bulk(stage.store, "cancel", ["run-1"], actor=OPERATOR)
    async with driving(stage.store, start="overview", read_only=True) as drive:
        await drive.shows("1 running")
        await drive.press("tab", "D", "y")
        assert "stop a bulk job" not in drive.text
        assert not drive.front.prompt.is_open
    assert (await stage.store.get_bulk(job.id)).status is BulkStatus.RUNNING


async def test_what_is_new_since_its_user_looked_before(stage: Stage, clock: Clock, tmp_path: Path) -> None:
    looks = tmp_path / "looks"
    looks.write_text(datetime.fromtimestamp(clock(), UTC).isoformat())
    clock.passes(7200.0)
    await stage.running("run-1", done=2)
    await stage.ask("run-1", timeout=9_000.0)
    await stage.running("run-2", done=1)
    await stage.die("run-2")
    async with driving(stage.store, start="overview", attention=Attention(looks=looks)) as drive:
        await drive.shows("since you last looked, 2h ago: 1 failure, 1 dead letter, 1 approval")
        await drive.shows("1, oldest ")
        assert ", due in " in drive.line_with(" approvals")
        await drive.press("tab")
    clock.passes(3600.0)
    async with driving(stage.store, start="overview", attention=Attention(looks=looks)) as drive:
        await drive.shows("since you last looked, 1h ago: nothing new")


@pytest.mark.parametrize("url", ["sqlite", "postgres"])
async def test_real_stores_tell_the_same_at_a_glance(url: str, request: pytest.FixtureRequest) -> None:
    where = (
        f"sqlite:///{request.getfixturevalue('sqlite_path')}"
        if url == "sqlite"
        else request.getfixturevalue("migrated_url")
    )
    gateway = Gateway(Door(where, actor=OPERATOR))
    store: Store = await gateway.door.opened()
    stage = Stage(store)
    await stage.one_of_each()
    await commands.cancel(store, "run-90ce41d7", actor=BOB, reason="twice")
    job = await commands.start_bulk(store, "retry", ["run-d0d0d0d0", "nowhere"], actor=BOB)
    for _ in range(4):
        await gateway.look_over(await gateway.totals())
    overview = gateway.overview
    assert overview.is_whole
    outline = overview.outline()
    assert [sum(rate.minutes) for rate in outline.rates][1:] == [1, 2]
    assert len(outline.took) == 1
    assert "NONE! for gpu (1)" in outline.waiting[1].value.text
    assert outline.waiting[2].value.text.endswith("run-7f3a91c2")
    did = [row.cells["did"].text for row in overview.deeds()]
    assert did[:2] == [f"began bulk job {job.id}: retry 2 runs", "cancelled run-90ce41d7"]
    assert [row.key for row in overview.jobs()] == [job.id]
    assert {row.key.raw for row in overview.errors()} == {"builtins.ValueError", "httpx.ConnectError"}
    await gateway.door.close()
