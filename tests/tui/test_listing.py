"""What lists of runs can do beside listing: marks that outlive a filter, following, looking far, costs, comparing."""

from __future__ import annotations

from sagewai.core.codec import encode, input_digest
from sagewai.models.run import RunSpec
from sagewai.models.status import RunStatus
from tests.tui.drive import driving
from tests.tui.stage import Stage
from tui import filters
from tui.gateway import Door, Gateway
from tui.gateway.reads import SIFTED
from tui.views import RunRow, Window
from tui.widgets.keyset import Keyset


async def test_marks_outlive_filter_and_order_and_prompts_say_how_many_are_hidden(stage: Stage) -> None:
    await stage.submit("run-1", "invoice")
    await stage.submit("run-2")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("space", "space")
        await drive.shows("2 runs marked")
        drive.front.apply("wf:invoice")  # type: ignore[attr-defined]
        await drive.shows("2 runs marked, 1 not shown")
        assert "▸* ○" in drive.line_with("run-1")
        await drive.press("s", "C")
        await drive.shows("cancel 2 marked runs, 1 not shown?")
        await drive.press("y")
        await drive.shows("bulk job 1: cancelled 2 of 2")
    assert {(await stage.store.get_run(f"run-{number}")).status for number in (1, 2)} == {RunStatus.CANCELLED}


async def test_following_keeps_the_cursor_on_the_newest_until_it_is_moved(stage: Stage) -> None:
    await stage.submit("run-1")
    async with driving(stage.store) as drive:
        await drive.shows("▸  ○ PEND   run-1")
        await drive.press("l")
        await drive.shows("follows")
        await stage.submit("run-2")
        await drive.shows("▸  ○ PEND   run-2")
        await drive.press("down")
        await stage.submit("run-3")
        await drive.shows("run-3")
        assert "▸  ○ PEND   run-1" in drive.text
        assert "follows" not in drive.text


async def test_a_filter_without_an_index_looks_so_far_says_it_and_goes_on_when_asked(stage: Stage) -> None:
    many = [
        RunSpec(
            f"run-{number:05}", "content-pipeline" if number < 2 else "invoice", encode({}), input_digest({})
        )
        for number in range(SIFTED + 500)
    ]
    await stage.store.insert_runs(many)
    gateway = Gateway(Door("memory://", actor=None, opener=lambda url: stage.store))  # type: ignore[arg-type]
    window = await gateway.runs(filters.parse("wf:content*"), None, 100)
    assert (window.rows, window.stopped) == ((), True)
    assert window.looked <= SIFTED
    async with driving(stage.store) as drive:
        await drive.shows("run-20499")
        drive.front.apply("wf:content*")  # type: ignore[attr-defined]
        await drive.shows("enter here goes on")
        for _ in range(30):
            await drive.press("end", "enter")
            await drive.pilot.pause(0.05)
            if "run-00001" in drive.text:
                break
        await drive.shows("run-00000")
        assert "enter here goes on" not in drive.text
        await drive.press("home", "enter")
        await drive.shows("runs › run-00001")


async def test_a_refresh_never_begins_a_long_search_anew() -> None:
    asked: list[str | None] = []

    async def barren(cursor: str | None, limit: int) -> Window[RunRow]:
        asked.append(cursor)
        number = int(cursor or 0) + 1
        return Window((), str(number) if number < 9 else None, looked=1_000, stopped=number < 9)

    keyset = Keyset(barren)
    await keyset.refresh(0, 20)
    while keyset.more:
        await keyset.further()
        await keyset.refresh(0, 20)
    assert (keyset.looked, keyset.stopped) == (9_000, False)
    await keyset.refresh(0, 20)
    assert keyset.looked == 9_000
    assert asked.count(None) == 3, "the first window, while it is at hand"


async def test_the_cost_of_runs_is_listed_where_there_is_room_and_unknown_is_not_nothing(
    stage: Stage,
) -> None:
    await stage.running("run-1")
    await stage.called("run-1", "Moss.", cost=0.42)
    await stage.running("run-2")
    await stage.called("run-2", "Fern.", cost=None)
    await stage.called("run-2", "Fern.", cost=1.5)
    await stage.running("run-3")
    await stage.called("run-3", "?", cost=None)
    async with driving(stage.store, size=(100, 24)) as drive:
        await drive.shows("COST")
        assert "$0.4200" in drive.line_with("run-1")
        assert "$1.50+?" in drive.line_with("run-2")
        assert drive.line_with("run-3").split()[-1] == "?"


async def test_the_filter_completes_what_is_there_and_nothing_that_is_not_drawn_as_it_is(
    stage: Stage,
) -> None:
    await stage.submit("run-1", tags={"team": "blue", "x": "a\x1b[2J"}, pool="gpu big")
    await stage.submit("run-2", pool="gpu-2")
    gateway = Gateway(Door("memory://", actor=None, opener=lambda url: stage.store))  # type: ignore[arg-type]
    await gateway.runs(filters.Filter(), None, 10)
    known = gateway.known()
    assert filters.completions("status:run wf:con", known) == ["status:run wf:content-pipeline"]
    assert filters.completions("pool:", known) == ["pool:gpu-2"]
    assert filters.completions("tag:", known) == ["tag:team="]
    assert filters.completions("tag:team=", known) == ["tag:team=blue"]
    assert filters.completions("ta", known) == ["tag:"]
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("slash")
        await drive.type("wf:con")
        await drive.pilot.pause(0.05)
        await drive.press("tab", "enter")
        await drive.shows("/wf:content-pipeline")


async def test_two_marked_runs_are_held_against_each_other(stage: Stage) -> None:
    await stage.running("run-1", done=1, topic="moss")
    await stage.running("run-2", done=1, topic="fern")
    await stage.fail_attempt("run-2")
    async with driving(stage.store) as drive:
        await drive.shows("run-1")
        await drive.press("d")
        await drive.shows("mark two runs with space")
        await drive.press("space", "space", "d")
        text = await drive.shows("input  differs")
        assert " of " in drive.lines[0], "which part of it is in view"
        await drive.press("end")
        text += await drive.shows("result of research")
        assert '- topic: "[-fern-]"' in text
        assert '+ topic: "{+moss+}"' in text
        assert "≠" in drive.line_with("draft")
        assert "≠" not in drive.line_with("research")
        assert "result of research  the same in both" in text
        await drive.press("escape")
        await drive.shows("2 runs marked")
    async with driving(stage.store, size=(140, 40), run_id="run-1") as drive:
        await drive.shows("runs › run-1")
        await drive.press("d")
        await drive.type("run-2")
        await drive.press("enter")
        await drive.shows("input  differs")
        line = drive.line_with("moss")
        assert line.index("moss") < line.index("│") < line.index("fern")
