"""The oracle: whatever is done to a SQL store, it shows what the reference shows, and its counters are true."""

from __future__ import annotations

import os

import pytest

from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from tests.contract.walk import Walk

SEEDS = [int(seed) for seed in os.environ.get("SAGEWAI_TEST_WALKS", "1 2 3").split()]
"""More walks for whoever has more time: SAGEWAI_TEST_WALKS="10 11 12"."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_random_walk_leaves_the_store_as_it_leaves_the_reference(store: Store, seed: int) -> None:
    await Walk(InMemoryStore(), store, seed).go(240)
