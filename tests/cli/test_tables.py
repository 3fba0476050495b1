"""Tables fit their line, and what matters most is shortened last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sagewai.cli.safe import cells
from sagewai.cli.tables import Column, fields, table
from tests.tui.corpus import HOSTILE

COLUMNS = (Column("RUN", 22), Column("STATUS"), Column("PROMPT", 8))
WORD = st.text(max_size=120) | st.sampled_from(HOSTILE)


@given(st.lists(st.tuples(WORD, st.sampled_from(["pending", "waiting/approval"]), WORD), max_size=8))
def test_every_line_fits_and_every_row_is_one_line(rows: list[tuple[str, str, str]]) -> None:
    lines = table(COLUMNS, rows, 80)

    assert len(lines) == len(rows) + 1
    assert all(cells(line) <= 80 for line in lines)
    assert all(len(line.splitlines()) <= 1 for line in lines)


def test_short_tables_are_as_narrow_as_they_can_be() -> None:
    assert table(COLUMNS, [("run-1", "pending", "Go on?")], 80) == [
        "RUN    STATUS   PROMPT",
        "run-1  pending  Go on?",
    ]


def test_a_column_without_a_floor_is_never_shortened() -> None:
    _, row = table(COLUMNS, [("r" * 60, "waiting/approval", "p" * 60)], 60)

    assert " waiting/approval " in row
    assert cells(row) <= 60
    assert row.startswith("r" * 20)


def test_wide_characters_keep_the_columns_aligned() -> None:
    header, wide, narrow = table(COLUMNS, [("日本語", "pending", "x"), ("abcdef", "pending", "x")], 80)

    assert cells(wide[: wide.index("pending")]) == narrow.index("pending") == header.index("STATUS")


def test_fields_without_a_value_are_left_out() -> None:
    assert fields([("run", "r-1"), ("reason", ""), ("by", "a\nb")], 80) == ["run  r-1", "by   a␊b"]
