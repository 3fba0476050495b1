"""The bench runs and reckons rightly. How fast anything was is not asked here."""

from __future__ import annotations

import json

import pytest

from tests.bench.bench import Bench
from tests.bench.contender import Unavailable, contender
from tests.bench.figures import Row, costs, merged, rates, trimmed
from tests.bench.table import document, table
from tests.bench.work import Tally, Task, Tick, Work

STEADY: list[Tick] = [(float(second), 100 * second, 0.01 * second) for second in range(7)]


def test_a_fresh_process_counts_steps_and_reads_what_they_cost(migrated_url: str) -> None:
    with Bench(("postgres",), peers=False, quick=True) as bench:
        (measured,) = bench.run(Task("steps", "sagewai", migrated_url, lanes=20, seconds=0.3))

    assert min(rates(measured["ticks"])) > 0
    found = costs(measured["ticks"], measured["cost"])
    assert 0 < found["write transactions"] < 2
    assert 200 < found["WAL bytes"] < 5_000
    assert found["client CPU µs"] > 0
    assert measured["resident"] is None or measured["resident"] > 10


def test_a_contender_that_cannot_be_had_says_why() -> None:
    with pytest.raises(Unavailable, match="--absurd-sql"):
        contender(Task("steps", "absurd", "postgresql://nowhere/x"), Tally(Work()))


def test_a_rate_is_given_for_each_part_of_the_window() -> None:
    assert rates(STEADY) == [100.0, 100.0, 100.0]


def test_a_process_that_began_late_counts_only_while_both_were_at_it() -> None:
    late = [(moment + 3, begun, cpu) for moment, begun, cpu in STEADY]

    together = merged([STEADY, late])

    assert (together[0][0], together[-1][0]) == (3.0, 6.0)
    assert rates(together) == [200.0, 200.0, 200.0]


def test_the_idle_end_of_a_drained_queue_lowers_no_rate() -> None:
    idle: list[Tick] = [(6.0 + second, 600, 0.06) for second in range(1, 4)]

    assert trimmed([*STEADY, *idle]) == STEADY


def test_costs_are_those_of_the_metered_part() -> None:
    cost = {"since": 1.0, "until": 5.0, "wal": 400_000, "writes": 40, "server_cpu": 0.02}

    found = costs(STEADY, cost)

    assert found["WAL bytes"] == 1_000
    assert found["write transactions"] == pytest.approx(0.1)
    assert found["server CPU µs"] == pytest.approx(50)
    assert found["client CPU µs"] == pytest.approx(100)


def test_the_table_says_how_far_the_limit_and_the_peers_are() -> None:
    row = Row("steps/s", "/s", "≥ 1,500", {"sagewai": [3_000, 2_000, 4_000], "raw": [6_000], "dbos": [300]})

    _, line = table([row], peers=True).splitlines()[:2]

    assert line.split("  ")[-1] == "300 ×10.0"
    assert "3,000 (2,000–4,000)" in line
    assert "50%" in line


def test_the_document_keeps_every_sample() -> None:
    row = Row("steps/s", "/s", "", {"sagewai": [1.0, 3.0, 2.0], "absurd": []})

    kept = json.loads(json.dumps(document([row], {"cores": 2})))

    figures = kept["rows"][0]["figures"]
    assert figures["sagewai"] == {"median": 2.0, "min": 1.0, "max": 3.0, "samples": [1.0, 3.0, 2.0]}
    assert figures["absurd"] == {"samples": []}
    assert kept["about"] == {"cores": 2}
