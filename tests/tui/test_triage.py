"""What is typed into the inbox's prompts: filter words, spans of time, amounts of money and tokens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sagewai.models.approval import Approval
from sagewai.models.status import ApprovalStatus
from tui import triage
from tui.filters import FilterError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def approval(claimed_by: str | None = None, snoozed: bool = False, **other: str) -> Approval:
    names = {"run_id": "run-1", "workflow": "refund", "pool": "bank", **other}
    return Approval(
        1,
        names["run_id"],
        names["workflow"],
        names["pool"],
        *("ask", "", "#1", ApprovalStatus.PENDING, "?", None, 2, "d", 1, NOW, None),
        claimed_by=claimed_by,
        snoozed_until=NOW if snoozed else None,
    )


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", "abc"),
        ("snoozed", "c"),
        ("mine", "a"),
        ("free", "ac"),
        ("wf:ref*", "abc"),
        ("wf:other", ""),
        ("pool:bank run", "abc"),
        ("pool:gpu", ""),
        ("x-", ""),
    ],
)
def test_a_filter_keeps(words: str, kept: str) -> None:
    of = {"a": approval("me@here"), "b": approval("bob@ops2"), "c": approval(snoozed=True)}
    wanted = triage.parse(words)
    assert "".join(name for name, each in of.items() if wanted.keeps(each, "me@here")) == kept


def test_snoozed_ones_are_asked_for_only_where_they_are_wanted() -> None:
    assert [triage.parse(words).asleep for words in ("", "all", "snoozed", "mine")] == [
        *("no", "too", "only", "no")
    ]


@pytest.mark.parametrize("words", ["wf:", "pool:", "run-1 run-2"])
def test_a_filter_that_means_nothing_is_refused(words: str) -> None:
    with pytest.raises(FilterError):
        triage.parse(words)


def test_words_are_completed() -> None:
    assert triage.completions("mine sn") == ["mine snoozed"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("15m", 900.0), ("4h", 14_400.0), ("2d", 172_800.0), ("0", 0.0)]
)
def test_a_span_is_read_and_spelled_the_same(text: str, seconds: float) -> None:
    assert triage.span(text) == seconds
    assert triage.spelled(seconds) == text


@pytest.mark.parametrize("text", ["", "x", "15", "0m", "-1h", "31d", "1.5h", "99999999h"])
def test_a_span_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(triage.AnswerError):
        triage.span(text)


@pytest.mark.parametrize(
    ("text", "units", "found"),
    [
        ("1.5", ("usd",), {"usd": 1.5}),
        ("$1.50", ("usd", "tokens"), {"usd": 1.5}),
        ("20,000 tokens", ("tokens",), {"tokens": 20_000}),
        ("500", ("tokens",), {"tokens": 500}),
        ("1 usd 200 tokens", ("usd", "tokens"), {"usd": 1.0, "tokens": 200}),
    ],
)
def test_an_amount_is_read(text: str, units: tuple[str, ...], found: dict[str, float]) -> None:
    assert triage.amount(text, units) == found


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", ("usd",)),
        ("0", ("usd",)),
        ("much", ("usd",)),
        ("-1", ("usd",)),
        ("5", ("usd", "tokens")),
        ("5 tokens", ("usd",)),
        ("1.5 tokens", ("tokens",)),
        ("$5 tokens", ("usd", "tokens")),
        ("1 usd 2 usd", ("usd",)),
        ("1e9", ("usd",)),
    ],
)
def test_an_amount_that_could_mean_anything_is_refused(text: str, units: tuple[str, ...]) -> None:
    with pytest.raises(triage.AnswerError):
        triage.amount(text, units)
