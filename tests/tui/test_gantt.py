"""The timeline: work is to scale, long idle stretches are folded, and every ending shows."""

from __future__ import annotations

import time

import pytest

from tui.format import ASCII, UNICODE, Glyphs
from tui.lanes import History, Lane, LaneState, Span, SpanKind
from tui.text import width
from tui.widgets.gantt import bar, label, mark
from tui.widgets.scale import Scale, View, axis, panned, scale, zoomed

K = SpanKind


def lane(*spans: Span, state: LaneState = LaneState.DONE, **more: object) -> Lane:
    return Lane("draft", state, spans, **more)  # type: ignore[arg-type]


def drawn(one: Lane, history: History, columns: int, glyphs: Glyphs = UNICODE) -> str:
    return "".join(cell.text for cell in bar(one, scale(history, columns), glyphs))


def test_work_is_drawn_to_scale() -> None:
    first, second = lane(Span(K.RAN, 0, 30)), lane(Span(K.RAN, 30, 40))
    history = History((first, second), 40, False)
    assert drawn(first, history, 40) == "█" * 30 + " " * 10
    assert drawn(second, history, 40) == " " * 30 + "█" * 10


def test_a_long_wait_is_folded_and_the_axis_says_how_long() -> None:
    work = lane(Span(K.RAN, 0, 100))
    wait = lane(Span(K.WAITING, 100, 3700), state=LaneState.WAITING)
    history = History((work, wait), 3700, True)
    plan = scale(history, 50)
    assert axis(plan, history).endswith("/1h/  now")
    assert drawn(work, history, 50).count("█") == 41
    assert drawn(wait, history, 50).strip() == "┈" * 9


def test_a_fold_in_the_middle_is_marked() -> None:
    history = History(
        (lane(Span(K.RAN, 0, 60), Span(K.WAITING, 60, 780), Span(K.RAN, 780, 840)),), 840, False
    )
    assert "//12m//" in axis(scale(history, 60), history)


def test_short_waits_stay_to_scale() -> None:
    history = History((lane(Span(K.RAN, 0, 60), Span(K.QUEUED, 60, 70), Span(K.RAN, 70, 120)),), 120, False)
    assert "/" not in axis(scale(history, 60), history)


@pytest.mark.parametrize(
    ("kind", "last"), [(K.FAILED, "×"), (K.LOST, "↯"), (K.RELEASED, "↷"), (K.LIVE, "▶"), (K.RAN, "█")]
)
def test_every_ending_shows_in_the_last_column(kind: SpanKind, last: str) -> None:
    one = lane(Span(kind, 0, 10))
    assert drawn(one, History((one,), 10, False), 20).endswith(last)


def test_even_a_moment_of_work_takes_a_column() -> None:
    one = lane(Span(K.FAILED, 5, 5.0001), Span(K.RAN, 9, 9.0001))
    shown = drawn(one, History((one, lane(Span(K.RAN, 0, 100))), 100, False), 50)
    assert shown.count("×") == 1
    assert shown.count("█") == 1


def test_back_off_and_a_lost_lease_read_as_a_story() -> None:
    one = lane(
        Span(K.FAILED, 0, 10, 1),
        Span(K.BACKOFF, 10, 14),
        Span(K.LOST, 14, 30, 1),
        Span(K.QUEUED, 30, 34),
        Span(K.RAN, 34, 40, 2),
        attempts=2,
        max_attempts=4,
        tokens=(1, 2),
        lost=1,
    )
    history = History((one,), 40, False)
    assert drawn(one, history, 40) == "█████████×▒▒▒▒███████████████↯····██████"
    assert label(one, UNICODE, 18).text.strip() == "2/4 ↯1→2 40s"
    assert label(one, ASCII, 18).text.strip() == "2/4 !1->2 40s"
    assert drawn(one, history, 40, ASCII).isascii()


def test_a_narrow_label_keeps_the_duration() -> None:
    one = lane(Span(K.WAITING, 0, 720), state=LaneState.WAITING)
    assert label(one, UNICODE, 18).text == " waiting human 12m"
    assert label(one, UNICODE, 8).text == "     12m"


@pytest.mark.parametrize("columns", [1, 2, 10, 11, 30, 57, 200])
@pytest.mark.parametrize("end", [0.0, 0.001, 1.0, 59.0, 1e9])
def test_whatever_the_size_every_line_fills_its_columns(columns: int, end: float) -> None:
    lanes = (
        lane(Span(K.RAN, 0, end / 3)),
        lane(Span(K.WAITING, end / 3, end * 0.9), Span(K.LIVE, end * 0.9, end), state=LaneState.RUNNING),
        lane(state=LaneState.AHEAD),
    )
    history = History(lanes, end, True)
    plan = scale(history, columns)
    assert width(axis(plan, history)) == columns
    for one in lanes:
        assert width(drawn(one, history, columns)) == columns
        assert width(mark(one, UNICODE).text) == 1


def test_a_thousand_spans_in_a_hundred_lanes_are_laid_out_in_a_blink() -> None:
    lanes = tuple(
        lane(*(Span(K.FAILED, step * 10 + tries, step * 10 + tries + 0.5) for tries in range(10)))
        for step in range(100)
    )
    history = History(lanes, 1000, False)
    began = time.perf_counter()
    plan = scale(history, 100)
    axis(plan, history)
    for one in lanes[:20]:
        bar(one, plan, UNICODE)
    assert time.perf_counter() - began < 0.25


DAY = (
    lane(Span(K.RAN, 0, 60), Span(K.WAITING, 60, 86_000)),
    lane(Span(K.FAILED, 86_000, 86_010), Span(K.BACKOFF, 86_010, 86_014), Span(K.RAN, 86_014, 86_100)),
)


def seconds_in_view(plan: Scale) -> tuple[float, float]:
    return plan.second(plan.first), plan.second(plan.first + plan.columns)


def test_zoomed_in_a_long_wait_stays_folded_and_a_back_off_opens_up() -> None:
    history = History(DAY, 86_100, False)
    whole = scale(history, 60)
    view = zoomed(history, whole, View(), 16, 86_012)
    plan = scale(history, 60, view)
    since, until = seconds_in_view(plan)
    assert since < 86_010 < 86_014 < until
    assert until - since < 20
    shown = "".join(cell.text for cell in bar(DAY[1], plan, UNICODE))
    assert "×▒▒▒▒▒▒▒" in shown
    assert "//23h//" in axis(scale(history, 60, View(16, 58.0)), history)
    assert "23h53m30s" in axis(scale(history, 60, View(32, 86_008.0)), history)


def test_panning_walks_the_whole_time_and_stops_at_its_ends() -> None:
    history = History(DAY, 86_100, True)
    view = View(8)
    plan = scale(history, 60, view)
    assert plan.shows_the_end
    seen = [seconds_in_view(plan)]
    while view.start is None or plan.first:
        view = panned(plan, view, -15)
        plan = scale(history, 60, view)
        seen.append(seconds_in_view(plan))
    assert seen[-1][0] == 0
    for (earlier, _), (later, end) in zip(seen[1:], seen, strict=False):
        assert earlier < later < end
    assert panned(plan, view, 10_000).start is None, "at the right edge it stays with the end"


def test_at_the_live_edge_zooming_stays_with_it_and_out_again_shows_all() -> None:
    history = History(DAY, 86_100, True)
    view = zoomed(history, scale(history, 60), View(), 4, None)
    assert view == View(4)
    assert axis(scale(history, 60, view), history).endswith("now")
    assert zoomed(history, scale(history, 60, view), view, 1, None) == View()


def test_no_zoom_goes_past_a_millisecond_a_column() -> None:
    history = History((lane(Span(K.RAN, 0, 1)),), 1, False)
    view = View()
    for _ in range(30):
        view = zoomed(history, scale(history, 60, view), view, view.zoom * 2, None)
    assert view.zoom == 16
    assert "500ms" in axis(scale(history, 60, view), history)


@pytest.mark.parametrize("zoom", [1, 2, 64, 4096])
@pytest.mark.parametrize("start", [None, 0.0, 70.0, 86_011.0, 1e9])
def test_at_any_zoom_and_place_every_line_fills_its_columns(zoom: int, start: float | None) -> None:
    history = History(DAY, 86_100, True)
    plan = scale(history, 57, View(zoom, start))
    assert width(axis(plan, history)) == 57
    for one in DAY:
        assert width("".join(cell.text for cell in bar(one, plan, ASCII))) == 57
