"""The line that starts local workers is read, written back and completed; a crash is waited upon ever longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.local.locals import check
from tui.local.order import Order, OrderError, completions, parse
from tui.local.pace import Pace
from tui.local.started import Started


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("shop.flows:refund", Order("shop.flows:refund")),
        ("flows:allx3", Order("flows:all", count=3)),
        ("flows:all x3", Order("flows:all", count=3)),
        ("flows:v2x3 n=1", Order("flows:v2x3", count=1)),
        (
            "flows:all pool=gpu labels zone=eu n=2 big=true concurrency=4",
            Order("flows:all", "gpu", 2, 4, ("zone=eu", "big=true")),
        ),
        ("flows:all labels 'note=two words'", Order("flows:all", labels=("note=two words",))),
    ],
)
def test_a_line_is_read_and_written_back(line: str, order: Order) -> None:
    assert parse(line) == order
    assert parse(str(order)) == order


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "name the workflows"),
        ("flows", "'flows' doesn't name workflows"),
        ("--x:y", "doesn't name workflows"),
        ("flows:all n=0", "n is '0': it must be a number from 1 to 64"),
        ("flows:allx999", "from 1 to 64"),
        ("flows:all concurency=4", "'concurency=4' can't be read"),
        ("flows:all 'x", "No closing quotation"),
    ],
)
def test_what_cannot_be_read_is_named(line: str, says: str) -> None:
    with pytest.raises(OrderError, match=says):
        parse(line)


def test_what_no_process_could_do_is_refused_before_one_is_started() -> None:
    with pytest.raises(OrderError, match="lives in this process alone"):
        check(parse("flows:all"), "memory://")
    with pytest.raises(OrderError, match="given twice"):
        check(parse("flows:all labels a=1 a=2"), "sqlite:///x")


def test_values_that_look_like_options_stay_values() -> None:
    given = parse("flows:all pool=--name labels -x=1").arguments("w")
    assert given == [
        "worker",
        "--pool=--name",
        "--max-concurrent=10",
        "--name=w",
        "--label=-x=1",
        "--",
        "flows:all",
    ]


def test_a_line_is_completed_from_what_was_started_before_then_by_its_words() -> None:
    before = ["flows:all pool=gpu", "flows:all"]
    assert completions("fl", before) == before
    further = completions("flows:all p", before, ["bank"])
    assert further == ["flows:all pool=gpu", "flows:all pool=", "flows:all pool=bank"]
    assert completions("flows:all conc", []) == ["flows:all concurrency="]


def test_what_was_started_is_remembered_newest_first_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "started"
    for line in ("a:b", "c:d", "a:b"):
        Started(path).add(line)
    assert Started(path).lines() == ("a:b", "c:d")
    assert path.stat().st_mode & 0o777 == 0o600


def test_each_crash_is_waited_upon_longer_and_the_fifth_in_a_minute_is_the_last() -> None:
    pace = Pace()
    longest = [0.75, 1.5, 3.0, 6.0]
    for crashes, most in enumerate(longest, start=1):
        delay = pace.delay([100.0] * crashes, 100.0)
        assert delay is not None
        assert most / 3 <= delay <= most
    assert pace.delay([100.0] * 5, 100.0) is None
    assert pace.delay([10.0] + [100.0] * 4, 100.0) is not None  # the first is more than a minute ago
