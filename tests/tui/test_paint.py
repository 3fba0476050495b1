"""What of a line is drawn again: from the first column that looks different to the last."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.tui.drive import driving
from tests.tui.stage import Stage
from tui.payload import Line
from tui.widgets.paint import differing
from tui.widgets.pane import Pane


def strip(*parts: tuple[str, str]) -> Strip:
    return Strip([Segment(text, Style.parse(style)) for text, style in parts])


@pytest.mark.parametrize(
    ("before", "after", "columns"),
    [
        ("PEND 12  RUN 8", "PEND 13  RUN 8", (6, 7)),
        ("PEND 12  RUN 8", "PEND 13  RUN 9", (6, 14)),
        ("same", "same", (0, 0)),
        ("short", "longer", (0, 6)),
        ("a字b", "aüxb", (1, 3)),  # a wide character is replaced whole
        ("a字b", "a中b", (1, 3)),
        ("ab字", "ac字", (1, 2)),
        ("e\u0301a", "ea", (0, 1)),  # an accent belongs to what stands before it
    ],
)
def test_a_line_is_drawn_from_its_first_difference_to_its_last(
    before: str, after: str, columns: tuple[int, int]
) -> None:
    assert differing(strip((before, "red")), strip((after, "red"))) == columns


def test_another_style_is_a_difference_and_another_cut_into_segments_is_none() -> None:
    assert differing(strip(("ab", "red"), ("cd", "red")), strip(("abcd", "red"))) == (0, 0)
    assert differing(strip(("ab", "red"), ("cd", "red")), strip(("abc", "red"), ("d", "green"))) == (3, 4)


async def test_what_is_placed_before_the_screen_is_laid_out_with_it_is_drawn_all_the_same(
    stage: Stage,
) -> None:
    async with driving(stage.store) as drive:
        await drive.shows("no runs yet")
        pane = Pane()
        await drive.front.query_one("#list").mount(pane)
        pane.show([Line("here it is")])
        places = drive.front._compositor
        places.update_widgets({pane})  # as anything does that is drawn meanwhile
        assert pane in places.full_map
        await drive.shows("here it is")
