"""A check that can't fail is a defect: each promise is taken out of a copy of the library, and a test must turn red."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.mutants import FAILED, MUTANTS, PASSED, Mutant, copied, mutate, verdict


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_the_copy_as_it_is_passes_every_test_that_mutants_must_fail(copy: Path) -> None:
    said = verdict(copy, dict.fromkeys(mutant.test for mutant in MUTANTS))
    assert said.returncode == PASSED, said.stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mutant_is_caught(mutant: Mutant, copy: Path) -> None:
    mutate(copy, mutant)
    said = verdict(copy, [mutant.test])
    assert said.returncode == FAILED, f"{mutant.promise} was taken out, and nothing noticed:\n{said.stdout}"


def test_there_is_a_mutant_for_each_promise() -> None:
    assert {mutant.promise for mutant in MUTANTS} >= {f"P{number}" for number in range(1, 11)}
