"""The server that the tests start: whose it is, what it gives out, and how it fails on demand."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres.account import serving_account
from tests.postgres.binaries import embedded_folders, find_binaries
from tests.postgres.errors import PostgresUnavailable, ServerNotOurs
from tests.postgres.given import GivenServer
from tests.postgres.local import LocalServer


def modes_on_the_way_to(*folders: Path) -> dict[Path, int]:
    return {place: place.stat().st_mode for folder in folders for place in (folder, *folder.parents)}


@pytest.fixture(scope="module")
def way_before() -> dict[Path, int]:
    return modes_on_the_way_to(*embedded_folders(), Path("/tmp"))


@pytest.fixture(scope="module")
def own_server(way_before: dict[Path, int]) -> Iterator[LocalServer]:
    account = serving_account()
    server = LocalServer(find_binaries(account, "embedded"), account)
    yield server
    server.close()


@pytest.fixture
def dbname(own_server: LocalServer) -> Iterator[str]:
    with own_server.database() as name:
        yield name


def test_the_embedded_server_runs_and_is_never_roots(own_server: LocalServer) -> None:
    owner = subprocess.run(
        ["ps", "-o", "uid=", "-p", str(own_server.postmaster_pid)], capture_output=True, text=True, check=True
    )
    assert int(owner.stdout) not in {0} - {os.geteuid()}
    assert int(owner.stdout) == (own_server.account.uid if own_server.account else os.geteuid())


def test_only_the_servers_owner_can_enter_its_folder(own_server: LocalServer) -> None:
    assert own_server.folder.stat().st_mode & 0o777 == 0o700


def test_no_mode_of_a_parent_folder_is_changed(own_server: LocalServer, way_before: dict[Path, int]) -> None:
    assert own_server.postmaster_pid
    assert modes_on_the_way_to(*embedded_folders(), Path("/tmp")) == way_before


def test_what_the_server_acknowledges_is_on_disk(own_server: LocalServer) -> None:
    assert own_server.execute("SHOW fsync")[0][0] == "on"
    assert own_server.execute("SHOW synchronous_commit")[0][0] == "on"


def test_loopback_asks_for_the_password(own_server: LocalServer, dbname: str) -> None:
    right = own_server.loopback_url(dbname)
    password = right.split(":")[2].partition("@")[0]

    assert GivenServer(right).execute("SELECT 1")[0][0] == 1
    with pytest.raises(PostgresUnavailable, match="password authentication failed") as refused:
        GivenServer(right.replace(password, "wrong-guess"))
    assert "wrong-guess" not in str(refused.value)


def test_each_database_is_new_empty_and_gone_afterwards(own_server: LocalServer) -> None:
    with own_server.database() as first, own_server.database() as second:
        own_server.execute("CREATE TABLE t ()", first)
        tables = own_server.execute("SELECT FROM pg_tables WHERE schemaname = 'public'", second)
        assert tables == []
    left = own_server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'sagewai%'")
    assert left == []


@pytest.mark.parametrize("end", ["stop", "stop_immediately", "kill"])
def test_a_commit_survives_every_end_and_the_address_stays(
    own_server: LocalServer, dbname: str, end: str
) -> None:
    own_server.execute("CREATE TABLE kept AS SELECT 7 AS n", dbname)
    addresses, killed = (own_server.url(dbname), own_server.loopback_url(dbname)), own_server.postmaster_pid

    getattr(own_server, end)()
    assert own_server.postmaster_pid == 0
    own_server.start()

    assert own_server.postmaster_pid not in {0, killed}
    assert (own_server.url(dbname), own_server.loopback_url(dbname)) == addresses
    assert own_server.execute("SELECT n FROM kept", dbname)[0]["n"] == 7


def test_a_given_server_gives_databases_and_is_not_ours_to_stop(own_server: LocalServer) -> None:
    given = GivenServer(own_server.loopback_url("postgres"))

    with given.database() as name:
        assert given.execute("SELECT current_database()", name)[0][0] == name
    with pytest.raises(ServerNotOurs, match="unset the variable"):
        given.kill()
    assert given.execute("SELECT 1")[0][0] == 1


def test_the_fixture_hands_out_an_empty_database(postgres_url: str) -> None:
    assert GivenServer(postgres_url).execute("SELECT FROM pg_tables WHERE schemaname = 'public'") == []
