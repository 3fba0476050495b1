"""The store at a glance: numbers as blocks, what is merged into one line, what is called for. No terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sagewai.models.bulk import BulkPreview
from sagewai.models.history import Event, EventKind
from sagewai.models.status import RunStatus
from tui.format import ASCII, UNICODE, Role
from tui.gateway.deeds import deeds
from tui.gateway.shape import Shaper
from tui.outline import HOUR, Outline, Rate, charts, first_steps
from tui.progress import impossible
from tui.spark import pooled, quantile, spark
from tui.text import width
from tui.views import ActionRecord

NOW = datetime(2025, 11, 22, 3, 7, tzinfo=UTC)


def event(number: int, kind: EventKind, run: str | None, *, actor: str = "ada@ops1", **more: object) -> Event:
    detail = more.pop("detail", {})
    at = NOW - timedelta(seconds=100 - number)
    return Event(number, run, at, kind, actor, str(more.pop("source", "cli")), "os", detail=detail, **more)  # type: ignore[arg-type]


# -- blocks -----------------------------------------------------------------------------------------------------------


def test_the_tallest_block_is_the_largest_number_and_none_is_a_dot() -> None:
    assert spark([0, 1, 4, 8], 10) == "·▁▄█"
    assert spark([0, 1, 4, 8], 10, ascii_only=True) == ".:+@"
    assert spark([0, 0], 10) == "··"
    assert spark([], 10) == ""


def test_something_is_never_drawn_as_nothing_beside_a_giant() -> None:
    assert spark([1, 1_000_000], 10) == "▁█"
    assert spark([1, 1_000_000], 10, log=True)[0] == "▁"
    assert spark([0.001, 1, 1000], 10, log=True) == "▁▄█"


def test_neighbours_share_a_block_so_that_all_of_them_fit() -> None:
    assert pooled([1, 2, 3, 4, 5], 3, max) == (1, 3, 5)
    assert pooled(range(60), 48, max) == tuple(range(1, 60, 2))
    assert len(pooled(range(61), 30, max)) <= 30
    assert pooled([1, 2], 0, max) == ()


def test_quantiles_are_values_that_were_seen() -> None:
    values = [float(n) for n in range(1, 201)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([], 0.5)) == (100.0, 198.0, 0.0)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("columns", [1, 20, 80, 84, 140])
def test_the_charts_fit_any_terminal_with_their_numbers_beside_them(columns: int, glyphs: object) -> None:
    minutes = tuple(n % 7 for n in range(HOUR))
    outline = Outline((Rate("failed", Role.FAILED, minutes),), took=(0.2, 3.0, 400.0))
    rows = charts(outline, columns, UNICODE if glyphs is UNICODE else ASCII)
    if columns >= 80:
        for left, right in rows:
            assert sum(width(cell.text) for cell in (*left, *right)) <= columns
    failed = "".join(cell.text for cell in rows[1][1]).split()
    assert failed == [str(minutes[-2]), "6", str(sum(minutes))]
    assert "p50   3.0s  p99  6m40s" in rows[2][1][0].text
    if glyphs is ASCII:
        assert all(cell.text.isascii() for left, right in rows for cell in (*left, *right))


def test_an_empty_store_says_in_three_steps_how_to_get_a_run() -> None:
    told = "\n".join(line.head + line.text for line in first_steps("db1/sagewai", "postgresql://db1/sagewai"))
    assert "no runs yet in db1/sagewai" in told
    assert "export SAGEWAI_STORE=postgresql://db1/sagewai" in told
    assert [f" {n}  " in told for n in (1, 2, 3, 4)] == [True, True, True, False]
    assert max(map(len, told.split("\n"))) <= 80


# -- who did what -----------------------------------------------------------------------------------------------------


def test_the_same_done_to_one_run_after_another_is_one_line_that_names_them_all() -> None:
    events = [event(n, EventKind.SUBMITTED, f"run-{n}", actor="shop", source="api") for n in (9, 8, 7)]
    events += [event(6, EventKind.CANCELLED, "run-1", reason="twice"), event(5, EventKind.WOKEN, "run-1")]
    rows = deeds(events, [], frozenset({"ada@ops1"}), NOW, Shaper())
    assert [row.cells["did"].text for row in rows] == [
        "submitted 3 runs: run-9 and others",
        "cancelled run-1",
    ]
    assert [run.raw for run in rows[0].runs] == ["run-9", "run-8", "run-7"]
    assert rows[1].cells["said"].text == "✔ twice"
    more = deeds(
        [event(10, EventKind.SUBMITTED, "run-10", actor="shop", source="api"), *events],
        [],
        frozenset(),
        NOW,
        Shaper(),
    )
    assert more[0].key == rows[0].key  # the cursor stays on it while it grows


def test_one_run_is_never_runs() -> None:
    began = event(3, EventKind.BULK_STARTED, None, detail={"job": 7, "verb": "retry", "total": 1})
    pruned = event(2, EventKind.PRUNED, None, detail={"runs": 1})
    told = [row.cells["did"].text for row in deeds([began, pruned], [], frozenset(), NOW, Shaper())]
    assert told == ["began bulk job 7: retry 1 run", "pruned 1 run"]
    none = BulkPreview({RunStatus.COMPLETED: 1}, possible=0, missing=0)
    assert impossible("retry", none) == "nothing to retry: it can't be retried"


def test_what_was_done_here_is_one_line_with_its_twin_and_what_was_refused_stands_alone() -> None:
    at = NOW - timedelta(seconds=10)
    log = [
        ActionRecord(at, "cancel run-1", "done", True, "sagewai runs cancel run-1"),
        ActionRecord(
            NOW - timedelta(seconds=5),
            "retry run-2",
            "run 'run-2' isn't failed",
            False,
            "sagewai dlq retry run-2",
        ),
        ActionRecord(NOW, "drain worker w1", "done", True, "sagewai workers drain w1"),
    ]
    ours = event(92, EventKind.CANCELLED, "run-1", source="console")
    asked = event(99, EventKind.WORKER_ASKED, None, source="console", detail={"worker": "w1", "ask": "drain"})
    log += [
        ActionRecord(NOW, "signal go to run-3", "done", True, f"sagewai runs signal run-3 go {n}")
        for n in (1, 2)
    ]
    sent = [event(n, EventKind.SIGNALLED, "run-3", source="console") for n in (96, 95)]
    written = ActionRecord(at, "write run-1", "1 kB", True, "sagewai runs export run-1 > f", is_told=False)
    [alone] = [
        row for row in deeds([ours], [written], frozenset({"ada@ops1"}), NOW, Shaper()) if not row.runs
    ]
    assert (alone.cells["did"].text, alone.cells["said"].text) == ("write run-1", "✔ 1 kB")
    [twice] = deeds(sent, log[-2:], frozenset({"ada@ops1"}), NOW, Shaper())
    assert len([line for line in twice.lines if "sagewai" in line.text]) == 2
    theirs = event(91, EventKind.CANCELLED, "run-1", source="console", actor="bob@ops2")
    rows = deeds([asked, ours, theirs], log[:3], frozenset({"ada@ops1"}), NOW, Shaper())
    told = [(row.cells["who"].text, row.cells["did"].text, row.cells["twin"].text) for row in rows]
    assert told == [
        ("you", "asked worker w1 to drain", "sagewai workers drain w1"),
        ("you, here", "retry run-2", "sagewai dlq retry run-2"),
        ("you", "cancelled run-1", "sagewai runs cancel run-1"),
        ("bob@ops2", "cancelled run-1", ""),
    ]
    assert rows[1].cells["said"].text == "✖ run 'run-2' isn't failed"
    assert "sagewai runs cancel run-1" in "\n".join(line.text for line in rows[2].lines)
