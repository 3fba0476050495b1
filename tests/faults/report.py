"""What faults report: options, the seed, each fault's figures, and the closing line that sums them up."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

TITLES = {
    1: "kill -9 at every boundary",
    2: "kill -9 at random",
    3: "zombies",
    4: "event loop blocked, GIL held",
    5: "bad steps",
    6: "backends terminated",
    7: "PostgreSQL stopped and killed",
    8: "network",
    9: "a worker's clock",
    10: "decisions at once",
    11: "a pool of two connections",
    12: "disk full",
    13: "backlog",
    14: "an idle transaction",
    15: "poison",
    16: "SIGTERM",
    17: "deploys",
    18: "SQLite, eight processes",
    19: "bad input",
    20: "the oracle",
}
PROPERTY = "fault"
_MUTANT = "tests/faults/test_mutants.py::test_a_mutant_is_caught["
_NUMBERED = re.compile(r"tests/faults/test_(\d\d)_\w+\.py::[^\[]+(\[.*\])?$")


@dataclass(slots=True)
class Fault:
    """What one test of a fault did and found."""

    kills: int = 0
    violations: int = 0
    recoveries: list[float] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)

    def killed(self, processes: int = 1) -> None:
        self.kills += processes

    def recovered(self, seconds: float) -> None:
        """From a kill to the beginning of the run's next body."""
        self.recoveries.append(round(seconds, 3))

    def figure(self, text: str) -> None:
        """What the last column of the faults' table asks for."""
        self.figures.append(text)

    def check(self, problems: Sequence[str]) -> None:
        """Count violations, and fail if there are any."""
        self.violations += len(problems)
        assert not problems, "\n".join(problems)


# -- options ------------------------------------------------------------------------------------------------------


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption(
        "--faults", choices=("short", "long"), default="short", help="small or full numbers of faults"
    )
    group.addoption(
        "--faults-seed", type=int, default=None, metavar="N", help="repeat what chance did under seed N"
    )


def choose_seed(config: pytest.Config) -> None:
    """Once for all processes that run tests: they are told the one that theirs was started under."""
    told = getattr(config, "workerinput", {}).get("faults_seed", config.option.faults_seed)
    config.option.faults_seed = random.SystemRandom().randrange(1_000_000) if told is None else told


def tell_seed(workerinput: dict[str, Any], config: pytest.Config) -> None:
    """To a process that will run tests."""
    workerinput["faults_seed"] = config.option.faults_seed


def hand_over(item: pytest.Item, fault: Fault) -> None:
    """Send what a test found along with its report, whichever process it runs in."""
    item.user_properties.append((PROPERTY, json.dumps(asdict(fault))))


# -- the summary --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """All tests of one fault."""

    failed: bool = False
    found: list[tuple[str, Fault]] = field(default_factory=list)


def tallied(reports: Iterable[pytest.TestReport]) -> dict[int, Tally]:
    """By fault; one with a failed test, or only skipped ones, counts as failed."""
    tallies: dict[int, Tally] = {}
    for report in reports:
        numbered = _NUMBERED.search(report.nodeid)
        if numbered is None or (report.when != "call" and report.passed):
            continue
        tally = tallies.setdefault(int(numbered[1]), Tally())
        tally.failed = tally.failed or not report.passed
        for name, text in report.user_properties:
            if name == PROPERTY:
                tally.found.append((numbered[2] or "", Fault(**json.loads(str(text)))))
    return tallies


def lines(tallies: dict[int, Tally], *, seed: int, long: bool) -> list[str]:
    """One line a fault, then the closing one."""
    told = [
        f"{number:>3}  {'FAILED  ' if tally.failed else ''}{TITLES[number]}: {_figures(tally)}"
        for number, tally in sorted(tallies.items())
    ]
    found = [fault for tally in tallies.values() for _, fault in tally.found]
    passed = sum(not tally.failed for tally in tallies.values())
    recoveries = sorted(seconds for fault in found for seconds in fault.recoveries)
    closing = (
        f"FAULTS {passed}/{len(TITLES)} · kills {sum(fault.kills for fault in found)} · violations "
        f"{sum(fault.violations for fault in found)} · recovery p50/p99 "
        f"{_at(recoveries, 0.5)}/{_at(recoveries, 0.99)} s · seed {seed}"
    )
    left = len(TITLES) - len(tallies)
    return [*told, closing + (f" · {left} not run" if left else "") + ("" if long else " · short")]


def write(terminal: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The summary, if any fault was run."""
    reports = [
        report
        for found in terminal.stats.values()
        for report in found
        if isinstance(report, pytest.TestReport)
    ]
    tallies = tallied(reports)
    caught = [report.passed for report in reports if _MUTANT in report.nodeid and report.when == "call"]
    if caught:
        terminal.write_line(f"mutants caught {sum(caught)}/{len(caught)}")
    if tallies:
        for line in lines(tallies, seed=config.option.faults_seed, long=config.option.faults == "long"):
            terminal.write_line(line)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them doesn't exceed."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def _at(ordered: Sequence[float], share: float) -> str:
    return f"{percentile(ordered, share):.2f}" if ordered else "-"


def _figures(tally: Tally) -> str:
    told = dict.fromkeys(f"{text} {where}".rstrip() for where, fault in tally.found for text in fault.figures)
    return "; ".join(told) or "no figure"
