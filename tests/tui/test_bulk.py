"""Many runs at once: counted and asked for, carried out whoever lives, listed with what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from sagewai.core import commands
from sagewai.core.stores.bulks import AT_ONCE
from sagewai.core.stores.sqlite import SQLiteStore
from sagewai.core.stores.url import open_store
from sagewai.models.bulk import BulkOutcome, BulkPreview, BulkStatus, BulkVerb
from sagewai.models.status import RunStatus
from tests.contract.scene import spec
from tests.tui.drive import driving
from tests.tui.stage import OPERATOR, Stage
from tests.tui.terminal import Terminal, console
from tests.tui.test_terminal import ROOT, filled
from tui import filters
from tui.filters import Filter
from tui.format import ASCII, UNICODE
from tui.gateway import Door, Gateway, Missing, choosing, twins
from tui.gateway.choosing import Chosen, dead_letters
from tui.progress import bar
from tui.views import Ref


async def failed(stage: Stage, *run_ids: str, kind: str = "shop.errors.TopicError") -> None:
    for run_id in run_ids:
        await stage.running(run_id, workflow="invoice")
        await stage.die(run_id, kind=kind)


async def outcomes(stage: Stage, job: int = 1) -> dict[str, BulkOutcome]:
    return {item.run_id: item.outcome for item in await stage.store.bulk_items(job)}


async def test_marked_runs_are_counted_frozen_carried_out_and_accounted_for(real: Stage) -> None:
    await real.submit("run-0")
    await failed(real, "run-1", "run-2", "run-3")
    async with driving(real.store) as drive:
        await drive.shows("run-3")
        await drive.press("space", "space", "down", "space")
        await drive.shows("3 runs marked")
        drive.front.apply("status:failed")  # type: ignore[attr-defined]
        await drive.shows("1 not shown")
        await drive.press("r")
        await drive.shows("retry 3 marked runs, 1 not shown?")
        assert "2 can be retried, 1 not" in drive.said
        assert "2 ✖ FAIL  1 ○ PEND" in drive.said
        await drive.press("n")
        await drive.shows("nothing was done")
        await drive.press("r")
        await drive.shows("2 can be retried")
        await commands.discard(real.store, "run-2", actor=OPERATOR)
        await failed(real, "run-4")
        await drive.press("y")
        await drive.shows("bulk job 1: retried 1 of 3, 2 refused")
        record = drive.app.gateway.verbs.log[-1]
        assert record.twin == "sagewai bulk retry --yes run-3 run-2 run-0"
        assert (await outcomes(real)).keys() == {"run-3", "run-2", "run-0"}, "as they were when it was asked"
        assert (await real.store.get_run("run-4")).status is RunStatus.FAILED

        await drive.press("b")
        await drive.shows("✔ DONE")
        line = drive.line_with("DONE")
        assert "████××××××" in line
        assert "3/3" in line
        assert "alice@ops1" in line or "postgres" in line
        await drive.press("D")
        await drive.shows("job 1 is over")
        await drive.press("enter")
        await drive.shows("× refused  run-2")
        await drive.press("tab")
        await drive.shows("only refused")
        await drive.shows(lambda text: "done     run-3" not in text)
        await drive.press("down")
        await drive.shows("can't retry run 'run-0': it is pending")
        await drive.press("escape")
        await drive.shows("PROGRESS")
        await drive.press("enter", "enter")
        await drive.shows("runs › run-3")


async def test_all_that_a_filter_leaves_becomes_a_job_by_name(sqlite: Stage) -> None:
    await sqlite.store.insert_runs([spec(f"run-{number:03}", workflow="invoice") for number in range(230)])
    await sqlite.submit("run-other", "train")
    async with driving(sqlite.store) as drive:
        await drive.shows("run-other")
        drive.front.apply("wf:inv*")  # type: ignore[attr-defined]
        await drive.shows(lambda text: "run-other" not in text)
        await drive.press("colon")
        await drive.type("bulk resume")
        await drive.press("enter")
        await drive.shows("nothing to resume: none of 230 can be resumed")
        await drive.press("colon")
        await drive.type("bulk pause")
        await drive.press("enter")
        await drive.shows("pause 230 runs of /wf:inv*?")
        await drive.press("y")
        await drive.shows("bulk job 1: paused 230 of 230")
        await drive.press("colon")
        await drive.type("bulk")
        await drive.press("enter")
        await drive.shows("██████████ 230/230")
    assert (await sqlite.store.get_run("run-other")).status is RunStatus.PENDING
    assert (await sqlite.store.counts()).of(RunStatus.PAUSED) == 230


async def test_marked_runs_that_are_all_held_are_resumed(sqlite: Stage) -> None:
    for run_id in ("run-1", "run-2"):
        await sqlite.submit(run_id)
        await commands.pause(sqlite.store, run_id, actor=OPERATOR)
    async with driving(sqlite.store) as drive:
        await drive.shows("run-2")
        await drive.press("space", "space", "P")
        await drive.shows("resume 2 marked runs?")


class Held(SQLiteStore):
    """Counts and carries out nothing until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.counts_on = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def preview_bulk(self, verb: BulkVerb, run_ids: Sequence[str]) -> BulkPreview:
        await self.counts_on.wait()
        return await super().preview_bulk(verb, run_ids)

    async def advance_bulk(self, limit: int = 100, *, job: int | None = None) -> int:
        await self.goes_on.wait()
        return await super().advance_bulk(limit, job=job)


async def test_no_yes_is_taken_before_the_count_and_a_job_is_stopped_after_a_question(
    sqlite_path: Path,
) -> None:
    async with Held(sqlite_path) as store:
        await store.insert_runs([spec(f"run-{number}") for number in range(3)])
        async with driving(store) as drive:
            await drive.shows("run-2")
            await drive.press("space", "space", "space", "C")
            await drive.shows("counting")
            await drive.press("y")
            await drive.shows("nothing was done")
            store.counts_on.set()
            await store.preview_bulk("cancel", ["run-2"])
            await drive.looked()
            assert "cancel 3 marked runs?" not in drive.text, "what was left stays left"
            await drive.press("C")
            await drive.shows("cancel 3 marked runs?")
            await drive.press("y")
            await drive.shows("bulk job 1: cancel  ····················  0/3")
            assert "sagewai bulk cancel --yes" in drive.said
            await drive.press("b")
            await drive.shows("● RUN ")
            await drive.press("D", "n")
            await drive.shows("nothing was done")
            await drive.press("enter", "D")
            await drive.shows("stop bulk job 1?")
            await drive.press("y")
            await drive.shows("✔ stop bulk job 1: bulk job 1: cancelled 0 of 3, 3 left alone")
            assert "sagewai bulk stop 1" in drive.text
            store.goes_on.set()
            await drive.shows("○ left")
            await drive.press("escape")
            await drive.shows("– STOP")
        assert (await store.get_bulk(1)).status is BulkStatus.STOPPED
        assert (await store.counts()).of(RunStatus.PENDING) == 3


def test_a_job_outlives_the_console_that_began_it_and_the_next_one_shows_it_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tui.app.SWEEP_EVERY", 3_600.0
    )  # it isn't left to the sweeps, which do little at a time
    url = f"sqlite:///{tmp_path}/runs.db"
    total, killed_at = 5 * AT_ONCE, 2 * AT_ONCE + 7

    async def fill(stage: Stage) -> None:
        await stage.store.insert_runs([spec(f"run-{number:03}") for number in range(total)])

    filled(url, fill)
    environ = {"SAGEWAI_FAILPOINTS": f"bulk item=kill@{killed_at}"}
    with Terminal(console("--store", url), cwd=ROOT, environ=environ) as terminal:
        terminal.wait_for("run-249")
        terminal.keys(":bulk cancel\r")
        terminal.wait_for("all 250 can be cancelled")
        terminal.keys("y")
        assert terminal.wait() == -9

    async def go_on() -> None:
        async with open_store(url) as store:
            async with driving(store, read_only=True) as drive:
                await drive.shows(f"bulk job 1: cancel  ████████············  {2 * AT_ONCE}/{total}")
                await drive.pilot.pause(0.6)  # longer than a console that may carry it out leaves it standing
                assert (await store.get_bulk(1)).done == 2 * AT_ONCE, "a reader leaves it alone"
            async with driving(store) as drive:
                await drive.shows(f"bulk job 1: cancelled {total} of {total}")
            assert (await store.get_bulk(1)).status is BulkStatus.DONE
            assert len(await store.get_events("run-249")) == 2, "each once"

    asyncio.run(go_on())


async def test_what_a_key_would_be_about_is_gathered_whole_or_not_at_all(
    sqlite: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite.store.insert_runs([spec(f"run-{number:03}", workflow="invoice") for number in range(7)])
    await failed(sqlite, "dead-1", "dead-2")
    await failed(sqlite, "dead-3", kind="b.Late")
    gateway = Gateway(Door("sqlite://", actor=OPERATOR, opener=lambda url: sqlite.store))

    async def found(chosen: Chosen) -> tuple[str, ...]:
        return await choosing.gather(gateway.door, "retry", chosen)

    def filtered(text: str) -> Chosen:
        return Chosen("run", filter=filters.parse(text))

    assert await found(filtered("wf:inv*")) == ("dead-3", "dead-2", "dead-1"), "those it may be possible for"
    assert len(await found(filtered("status:pending wf:inv*"))) == 7
    assert len(await found(filtered("status:pending since:1h"))) == 7
    assert await found(dead_letters(None, Ref("invoice", "invoice"))) == ("dead-3", "dead-2", "dead-1")
    assert await found(dead_letters(Ref("b.Late", "b.Late"), None)) == ("dead-3",)
    monkeypatch.setattr(choosing, "MAX_PAGE", 2)
    assert len(await found(filtered("status:pending wf:inv*"))) == 7
    monkeypatch.setattr(choosing, "LOOKED_AT", 4)
    with pytest.raises(Missing, match="4 runs were looked at, and there are more"):
        await found(filtered("status:pending wf:inv*"))
    monkeypatch.setattr(choosing, "MAX_BULK", 2)
    with pytest.raises(Missing, match="one job takes 2 runs"):
        await found(dead_letters(None, None))


@pytest.mark.parametrize(
    ("chosen", "run_ids", "line"),
    [
        (Chosen("run", filter=Filter()), ("a",), "sagewai bulk retry --yes --all"),
        (
            Chosen("run", filter=filters.parse("status:fail,wait wf:invoice pool:gpu run-")),
            ("a",),
            "sagewai bulk retry --yes --status failed --status waiting --workflow invoice --pool gpu --prefix run-",
        ),
        (Chosen("run", filter=filters.parse("tag:a=b")), ("a",), "sagewai bulk retry --yes --tag a=b"),
        (Chosen("run", filter=filters.parse("wf:inv*")), ("a", "b c"), "sagewai bulk retry --yes a 'b c'"),
        (dead_letters(None, None), ("a",), "sagewai bulk retry --yes --all"),
        (dead_letters(Ref("-x.Late", ""), None), ("a",), "sagewai bulk retry --yes --error=-x.Late"),
        (Chosen("marked run"), ("-rf", "a"), "sagewai bulk retry --yes -- -rf a"),
        (
            Chosen("marked run"),
            ("@/etc/passwd", "a"),
            "sagewai bulk retry --yes @RUNS  # a file with the 2 ids, one a line",
        ),
        (
            Chosen("marked run"),
            tuple(f"run-{number}" for number in range(13)),
            "sagewai bulk retry --yes @RUNS  # a file with the 13 ids, one a line",
        ),
    ],
)
def test_a_jobs_twin_is_a_line_that_a_shell_takes(
    chosen: Chosen, run_ids: tuple[str, ...], line: str
) -> None:
    assert twins.bulk("retry", run_ids, chosen.options) == line


@pytest.mark.parametrize(
    ("done", "refused", "total", "drawn"),
    [
        (0, 0, 40, "··········"),
        (20, 0, 40, "█████·····"),
        (39, 0, 40, "█████████·"),
        (40, 0, 40, "██████████"),
        (999, 1, 1_000, "█████████×"),
        (0, 1, 1_000, "×·········"),
        (10, 10, 40, "███××·····"),
        (0, 40, 40, "××××××××××"),
        (0, 0, 0, "··········"),
    ],
)
def test_a_bar_is_full_only_when_nothing_is_left_and_shows_what_was_refused(
    done: int, refused: int, total: int, drawn: str
) -> None:
    assert bar(done, refused, total, 10, UNICODE) == drawn
    assert bar(done, refused, total, 10, ASCII).isascii()
