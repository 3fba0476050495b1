"""The closing line: what it counts, and that nothing which failed, or didn't run, is counted as passed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Literal

import pytest

from tests.faults.report import PROPERTY, Fault, lines, percentile, tallied


def told(
    place: str, outcome: Literal["passed", "failed", "skipped"] = "passed", when: Any = "call", **found: Any
) -> pytest.TestReport:
    """A test's report with what its fault found."""
    properties: list[tuple[str, object]] = [(PROPERTY, json.dumps(asdict(Fault(**found))))]
    return pytest.TestReport(
        f"tests/faults/{place}", ("", 0, ""), {}, outcome, None, when, user_properties=properties
    )


def test_the_line_sums_up_all_faults() -> None:
    reports = [
        told("test_01_boundaries.py::test_kill[sqlite]", kills=3, figures=["3 places"]),
        told("test_01_boundaries.py::test_kill[postgres]", kills=4, figures=["4 places"]),
        told("test_02_random.py::test_kill", kills=10, recoveries=[0.5, 1.0, 1.25, 2.0]),
    ]
    assert lines(tallied(reports), seed=7, long=True) == [
        "  1  kill -9 at every boundary: 3 places [sqlite]; 4 places [postgres]",
        "  2  kill -9 at random: no figure",
        "FAULTS 2/20 · kills 17 · violations 0 · recovery p50/p99 1.00/2.00 s · seed 7 · 18 not run",
    ]


def test_a_whole_short_run_ends_in_short() -> None:
    reports = [told(f"test_{number:02}_x.py::test_it") for number in range(1, 21)]
    assert lines(tallied(reports), seed=7, long=False)[-1] == (
        "FAULTS 20/20 · kills 0 · violations 0 · recovery p50/p99 -/- s · seed 7 · short"
    )


@pytest.mark.parametrize(
    ("outcome", "when"), [("failed", "call"), ("skipped", "setup"), ("failed", "teardown")]
)
def test_a_fault_is_passed_when_all_its_tests_passed(outcome: Any, when: Any) -> None:
    reports = [
        told("test_03_zombies.py::test_a[sqlite]"),
        told("test_03_zombies.py::test_a[postgres]", outcome, when, violations=2),
    ]
    (line, closing) = lines(tallied(reports), seed=7, long=True)
    assert line.startswith("  3  FAILED  zombies")
    assert closing.startswith("FAULTS 0/20 · kills 0 · violations 2 ")


def test_what_passes_before_and_after_a_test_counts_for_nothing() -> None:
    reports = [told("test_03_zombies.py::test_a", when=when, kills=1) for when in ("setup", "teardown")]
    assert tallied(reports) == {}


def test_tests_of_the_harness_are_no_faults() -> None:
    assert tallied([told("test_invariants.py::test_a"), told("mutants.py::test_a")]) == {}


def test_violations_are_counted_and_fail_the_test() -> None:
    fault = Fault()
    fault.check([])
    with pytest.raises(AssertionError, match="I1: gone"):
        fault.check(["I1: gone", "I2: again"])
    assert fault.violations == 2


def test_a_percentile_is_a_value_that_was_measured() -> None:
    hundred = [float(value) for value in range(1, 101)]
    assert (percentile(hundred, 0.5), percentile(hundred, 0.99)) == (50.0, 99.0)
    assert percentile([3.0], 0.5) == percentile([3.0], 0.99) == 3.0
