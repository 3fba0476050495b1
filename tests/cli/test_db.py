"""Roles on the command line: printed as SQL that runs, carried out on demand, refused where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import Inside
from tests.postgres.server import PostgresServer
from tests.postgres_store.people import People, people


@pytest.fixture
def staff(postgres_server: PostgresServer, postgres_url: str) -> Iterator[People]:
    with people(postgres_server, postgres_url) as everybody:
        yield everybody


@pytest.fixture
def command(postgres_url: str, tmp_path: Path) -> Inside:
    return Inside(postgres_url, tmp_path)


def known(staff: People) -> set[str]:
    found = staff.server.execute(f"select rolname from pg_roles where starts_with(rolname, '{staff.prefix}')")
    return {row["rolname"].removeprefix(staff.prefix) for row in found}


def test_roles_are_printed_and_nothing_is_changed(command: Inside, staff: People) -> None:
    said = command("db", "roles", "--prefix", staff.prefix)
    assert (said.code, said.err) == (Exit.OK, "")
    lines = said.out.splitlines()
    assert (lines[0], lines[-1]) == ("begin;", "commit;")
    assert f"create role {staff.prefix}viewer nologin;" in lines
    assert known(staff) == set()


def test_what_is_printed_runs_as_it_is(command: Inside, staff: People) -> None:
    script = command("db", "roles", "--prefix", staff.prefix).out
    body = script.removeprefix("begin;\n").removesuffix("commit;\n")
    staff.server.execute(f"do $body$ begin {body} end $body$", staff.database)
    assert known(staff) == {"viewer", "operator", "approver", "worker", "owner"}


def test_applied_roles_let_people_in_by_what_they_are(command: Inside, staff: People) -> None:
    said = command("db", "roles", "--prefix", staff.prefix, "--apply", "--json")
    assert said.json["applied"] is True
    assert known(staff) == {"viewer", "operator", "approver", "worker", "owner"}

    command("submit", "greeting", "--run-id", "g-1", "--input", "{}")
    viewer = staff.url(staff.hire("ann", "viewer"))
    assert command("runs", "list", SAGEWAI_STORE=viewer).code == Exit.OK
    assert command("db", "migrate", SAGEWAI_STORE=viewer).code == Exit.OK
    refused = command("runs", "cancel", "g-1", SAGEWAI_STORE=viewer)
    assert refused.code == Exit.NOT_ALLOWED
    assert "doesn't allow that" in refused.complaint


def test_a_file_has_no_roles(inside: Inside) -> None:
    for option in ((), ("--apply",)):
        said = inside("db", "roles", *option)
        assert said.code == Exit.USAGE
        assert "roles are for PostgreSQL" in said.complaint


def test_a_prefix_that_makes_no_names_is_refused(command: Inside) -> None:
    assert command("db", "roles", "--prefix", "x; drop").code == Exit.USAGE
