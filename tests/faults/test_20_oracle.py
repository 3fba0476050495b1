"""Fault 20: a Hypothesis state machine makes every call there is of a SQL store and of the in-memory reference.

Its rules are the steps of the random walk in tests/contract/walk.py; Hypothesis chooses them, and every choice within
them, so that a difference is shown by the shortest way that leads to it.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from sagewai.core.stores.base import Store
from sagewai.core.stores.memory import InMemoryStore
from sagewai.core.stores.postgres import PostgresStore
from sagewai.core.stores.sqlite import SQLiteStore
from tests.contract.walk import Walk
from tests.faults.conftest import DATABASES
from tests.faults.report import Fault
from tests.postgres.again import EMPTY_EVERY_TABLE
from tests.postgres.server import PostgresServer

STEPS = 50
PARTS = 8
"""Tests that the long form's 400 examples of each store are spread over."""

MakeStore = Callable[[], Store]


class Machine(RuleBasedStateMachine):
    """One example: both stores, empty at first. Subclasses have the rules, and know how to make the other store."""

    make_store: MakeStore
    taken: dict[str, int]

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._other = type(self).make_store()
        self._walk = Walk(InMemoryStore(), self._other, 0)
        self._runner.run(self._walk.open_session())

    def take(self, step: str, chance: random.Random) -> None:
        self._walk.random = chance
        self._runner.run(getattr(self._walk, step)())
        self.taken[step] = self.taken.get(step, 0) + 1

    def teardown(self) -> None:
        try:
            self._runner.run(self._walk.look())
        finally:
            self._runner.run(self._other.close())
            self._runner.close()


def machine(make_store: MakeStore) -> type[Machine]:
    """A machine with a rule for each step of the walk, those it takes more often in as many copies."""
    chances = st.randoms(use_true_random=False)

    def step_rule(step: str) -> Any:
        def take(self: Machine, chance: random.Random) -> None:
            self.take(step, chance)

        take.__name__ = step
        return rule(chance=chances)(take)

    steps = [each.__name__ for each in Walk(InMemoryStore(), InMemoryStore(), 0).steps]
    rules = {f"{step}_{number}": step_rule(step) for number, step in enumerate(steps)}
    return type("StoreMachine", (Machine,), {"make_store": staticmethod(make_store), "taken": {}, **rules})


@pytest.fixture(params=DATABASES)
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """Makes an empty store, each time it is called."""
    numbers = itertools.count()
    if request.param == "sqlite":
        return lambda: SQLiteStore(tmp_path / f"{next(numbers)}.db")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("postgres_database")

    def emptied() -> Store:
        server.execute(EMPTY_EVERY_TABLE, name)
        return PostgresStore(database_url=server.url(name))

    return emptied


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as name:
        yield name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        metafunc.parametrize("part", range(PARTS if metafunc.config.option.faults == "long" else 1))


def test_no_sequence_of_calls_tells_a_store_from_the_reference(
    fault: Fault, long: bool, part: int, make_store: MakeStore, pytestconfig: pytest.Config
) -> None:
    examples = 400 // PARTS if long else 12
    tested = seed(pytestconfig.option.faults_seed + part)(machine(make_store))
    run_state_machine_as_test(
        tested,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS if long else 30,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    fault.figure(f"{len(tested.taken)} rules, {examples} x {STEPS if long else 30}")
