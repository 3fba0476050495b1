"""Retry delays: grown, capped, jittered, and never negative, infinite or surprising."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagewai.core.retry import MAX_DELAY, RetryPolicy, check_count, check_number
from sagewai.errors import InvalidOptionError


def test_the_delay_grows_up_to_its_cap() -> None:
    policy = RetryPolicy(delay=1, factor=2, max_delay=60)
    assert [policy.wait(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_without_a_factor_the_delay_stays_as_it_is() -> None:
    assert [RetryPolicy(delay=3).wait(failures) for failures in (1, 2, 50)] == [3, 3, 3]


def test_a_first_delay_beyond_the_cap_is_capped() -> None:
    assert RetryPolicy(delay=600, max_delay=5).wait(1) == 5


def test_after_any_number_of_failures_there_is_a_number() -> None:
    assert RetryPolicy(delay=MAX_DELAY, factor=1_000, max_delay=MAX_DELAY).wait(10**9) == MAX_DELAY


def test_no_delay_is_no_delay_even_with_jitter() -> None:
    assert RetryPolicy(delay=0, factor=2, jitter=1.0).wait(5) == 0


@given(st.integers(1, 10_000), st.floats(0, 1), st.integers())
def test_jitter_stays_within_its_share(failures: int, jitter: float, seed: int) -> None:
    policy = RetryPolicy(delay=10, jitter=jitter)
    waited = policy.wait(failures, random.Random(seed))
    assert 10 * (1 - jitter) - 1e-9 <= waited <= 10 * (1 + jitter) + 1e-9
    assert waited >= 0


def test_jitter_spreads_and_a_seed_repeats_it() -> None:
    policy = RetryPolicy(delay=10, jitter=0.5)
    waits = [policy.wait(1, random.Random(seed)) for seed in range(50)]
    assert len(set(waits)) > 40
    assert policy.wait(1, random.Random(7)) == policy.wait(1, random.Random(7))


@pytest.mark.parametrize(
    "options",
    [
        {"delay": -1},
        {"delay": float("nan")},
        {"delay": float("inf")},
        {"delay": MAX_DELAY + 1},
        {"delay": "1"},
        {"delay": True},
        {"delay": None},
        {"factor": 0.5},
        {"factor": 1e9},
        {"max_delay": -1},
        {"jitter": 1.1},
        {"jitter": -0.1},
    ],
    ids=repr,
)
def test_an_option_out_of_its_range_is_refused_by_its_name(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(InvalidOptionError, match=name):
        RetryPolicy(**options)


@pytest.mark.parametrize("value", [0, 5, 10])
def test_a_count_in_its_range_is_taken(value: int) -> None:
    assert check_count("retries", value, low=0, high=10) == value


@pytest.mark.parametrize("value", [-1, 11, True, 1.0, "1", None, 10**30])
def test_a_count_out_of_its_range_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(InvalidOptionError, match="retries"):
        check_count("retries", value, low=0, high=10)


def test_a_number_is_given_back_as_a_float() -> None:
    checked = check_number("timeout", 3, low=0, high=10)
    assert (type(checked), checked) == (float, 3.0)
    with pytest.raises(InvalidOptionError, match="timeout is 10"):
        check_number("timeout", 10**400, low=0, high=10)
