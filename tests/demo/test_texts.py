"""What is said about texts and order lists: pure functions on real files."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tui.demo import texts
from tui.demo.orders import MalformedOrders, difference, read_orders, totals
from tui.demo.scratch import Scratch
from tui.demo.standin import DISCLAIMER, answer

LIST = "date,item,quantity,price\n2024-01-09,oil,2,1.50\n2024-02-06,wicks,10,0.22\n2024-03-05,oil,1,1.60\n"


def test_words_are_counted_without_marks() -> None:
    assert texts.words("The keeper's log: 4 rounds, 31.50 in all.") == [
        "The",
        "keeper's",
        "log",
        "4",
        "rounds",
        "31.50",
        "in",
        "all",
    ]


def test_a_link_dangles_when_its_file_or_its_heading_is_missing() -> None:
    folder = {
        "a.md": "# One\n[b](b.md#the-end) [c](c.md) [own](#one) [web](https://example.org)",
        "b.md": "# Two\n[back](a.md#two)",
    }
    assert texts.dangling_links(folder) == ["a.md: b.md#the-end", "a.md: c.md", "b.md: a.md#two"]


def test_the_shipped_texts_have_the_one_dangling_link_that_the_survey_is_to_find(scratch: Scratch) -> None:
    shipped = {path.name: path.read_text(encoding="utf-8") for path in scratch.texts.iterdir()}
    assert texts.dangling_links(shipped) == ["fog.md: weather.md"]


def test_totals_are_exact_and_the_dearest_comes_first() -> None:
    assert totals(read_orders(LIST, "list")) == {"oil": Decimal("4.60"), "wicks": Decimal("2.20")}


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (LIST.replace("10,0.22", "10,0,22"), "line 3 of list: 5 fields where 4 belong"),
        (LIST.replace("10,0.22", "ten,0.22"), "line 3 of list: 2024-02-06,wicks,ten,0.22"),
        ("", "line 1 of list: the columns must be"),
    ],
)
def test_a_list_that_cannot_be_read_says_which_line_is_wrong(broken: str, told: str) -> None:
    with pytest.raises(MalformedOrders, match=told):
        read_orders(broken, "list")


def test_a_difference_names_the_lines_that_changed_and_no_others() -> None:
    came = LIST.replace("10,0.22", "10,0,22")
    assert difference(came, LIST) == ["- 2024-02-06,wicks,10,0,22", "+ 2024-02-06,wicks,10,0.22"]


def test_the_stand_in_says_that_it_is_no_model_and_only_quotes(scratch: Scratch) -> None:
    material = (scratch.texts / "lamps.md").read_text(encoding="utf-8")
    said, *quoted = answer(
        [
            {"role": "system", "content": "You write notices."},
            {"role": "user", "content": f"Write this:\n\n{material}"},
        ]
    ).split("\n")
    assert said == DISCLAIMER
    assert "not a language model" in said
    flat = " ".join(material.split())
    assert [line for line in quoted if line and line not in flat] == []
    assert len([line for line in quoted if line]) == 3
