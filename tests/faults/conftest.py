"""What every fault's test may ask for; the package's docstring says how they are used."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import store
from tests.faults import report
from tests.faults.crew import Crew
from tests.faults.invariants import Acknowledged
from tests.faults.ledger import PATH, Ledger
from tests.faults.report import Fault

__all__ = ["store"]

DATABASES = ("sqlite", "postgres")
FAULT = pytest.StashKey[Fault]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "one_database_when_short: the short form takes one database, chosen by the seed"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both databases, unless the test says which one it needs."""
    node = metafunc.definition
    chosen = [mark.args[0] for mark in node.iter_markers("parametrize")]
    if "store_url" not in metafunc.fixturenames or any("store_url" in names for names in chosen):
        return
    databases = list(DATABASES)
    if node.get_closest_marker("one_database_when_short") and metafunc.config.option.faults == "short":
        databases = [random.Random(f"{metafunc.config.option.faults_seed} {node.name}").choice(DATABASES)]
    metafunc.parametrize("store_url", databases, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.when == "call" and FAULT in item.stash:
        report.hand_over(item, item.stash[FAULT])
    return (yield)


@pytest.fixture
def fault(request: pytest.FixtureRequest) -> Fault:
    """What this test tells the closing line."""
    item: pytest.Item = request.node
    item.stash[FAULT] = told = Fault()
    return told


@pytest.fixture
def long(pytestconfig: pytest.Config) -> bool:
    """Full numbers, not small ones."""
    return bool(pytestconfig.option.faults == "long")


@pytest.fixture
def rng(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> random.Random:
    """This test's chance, the same for the same seed."""
    return random.Random(f"{pytestconfig.option.faults_seed} {request.node.name}")


@pytest.fixture
def store_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_path')}"
    url: str = request.getfixturevalue("migrated_url")
    return url


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger of this test; bodies that run in this process write to it too."""
    path = tmp_path / "ledger.txt"
    monkeypatch.setenv(PATH, str(path))
    return Ledger(path)


@pytest.fixture
def crew(store_url: str, ledger: Ledger, tmp_path: Path) -> Iterator[Crew]:
    """Worker processes with a lease of 1.5 s. What they logged is printed, for whoever reads a failure."""
    folder = tmp_path / "logs"
    folder.mkdir()
    crew = Crew(store_url, ledger, folder, lease=1.5)
    yield crew
    crew.close()
    print(crew.logs())


@pytest.fixture
def acknowledged() -> Acknowledged:
    """What the store said yes to."""
    return Acknowledged()
