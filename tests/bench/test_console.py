"""What the server logs is read as statements, and statements as looks of the console."""

from __future__ import annotations

from tests.bench.console import Load, read, summed

LOOK = """2026-01-01 UTC [7] LOG:  duration: 0.100 ms  bind __asyncpg_stmt_1__: -- What every look begins with
\tselect pool
2026-01-01 UTC [7] LOG:  duration: 0.300 ms  execute __asyncpg_stmt_1__: -- What every look begins with
\tselect pool
2026-01-01 UTC [7] LOG:  duration: 0.200 ms  parse __asyncpg_stmt_2__: -- Runs
\tselect run
2026-01-01 UTC [7] LOG:  duration: 1.000 ms  bind __asyncpg_stmt_2__: -- Runs
\tselect run
2026-01-01 UTC [7] LOG:  duration: 2.000 ms  execute __asyncpg_stmt_2__: -- Runs
\tselect run
2026-01-01 UTC [8] LOG:  duration: 50.000 ms  execute __asyncpg_stmt_1__: -- What a listener may have missed
2026-01-01 UTC [7] LOG:  duration: 9.000 ms  statement: LISTEN "sagewai"
"""


def test_a_statement_takes_what_its_parsing_binding_and_execution_take() -> None:
    assert [(round(took, 3), text[:11]) for took, text in read(LOOK)] == [
        (0.4, "-- What eve"),
        (3.2, "-- Runs sel"),
        (50.0, "-- What a l"),
    ]


def test_a_look_begins_with_the_counters_and_neither_the_first_ones_nor_who_listens_are_counted() -> None:
    opening = LOOK.replace("1.000 ms", "99.000 ms")
    found = summed(read(opening * 2 + LOOK * 4))
    assert found == Load([2.0, 2.0, 2.0], found.slowest, "-- Runs select run")
    assert round(found.slowest, 3) == 3.2
