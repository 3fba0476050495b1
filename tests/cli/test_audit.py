"""The audit on the command line: listed, verified, and found out when somebody tampered."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import FLOWS, Inside


@pytest.fixture
def acted(inside_each: Inside) -> Inside:
    """Three entries on a run."""
    inside_each("submit", "greeting", "--run-id", "g-1", "--input", '{"topic": "x"}', "--from", FLOWS)
    for verb in ("pause", "resume", "cancel"):
        assert inside_each("runs", verb, "g-1", "--reason", f"to {verb}\x1b[2J").code == Exit.OK
    return inside_each


def test_entries_are_listed_with_who_did_what(acted: Inside) -> None:
    entries = acted("audit", "list", "--json").json
    assert [(entry["number"], entry["kind"], entry["run_id"]) for entry in entries] == [
        (1, "paused", "g-1"),
        (2, "resumed", "g-1"),
        (3, "cancelled", "g-1"),
    ]
    assert {entry["assurance"] for entry in entries} <= {"os", "ssh"}
    assert entries[0]["reason"] == "to pause\x1b[2J"
    assert isinstance(entries[0]["detail"], dict)

    shown = acted("audit", "list")
    assert shown.code == Exit.OK
    assert "\x1b" not in shown.out
    assert [line.split()[2] for line in shown.out.splitlines()[1:]] == ["paused", "resumed", "cancelled"]


def test_a_list_goes_on_after_a_number(acted: Inside) -> None:
    first = acted("audit", "list", "--limit", "2", "--json")
    assert [entry["number"] for entry in first.json] == [1, 2]
    assert json.loads(first.err) == {"next_after": 2}
    assert [entry["number"] for entry in acted("audit", "list", "--after", "2", "--json").json] == [3]
    assert "more: --after 2" in acted("audit", "list", "--limit", "2").err


def test_a_chain_that_holds_tells_its_head(acted: Inside) -> None:
    verified = acted("audit", "verify", "--json").json
    assert (verified["entries"], verified["broken"]) == (3, None)
    assert acted("audit", "verify", "--head", verified["head"]).code == Exit.OK
    shown = acted("audit", "verify")
    assert shown.out == f"the chain holds: 3 entries\nhead  {verified['head']}\n"

    assert acted("runs", "retry", "g-1").code == Exit.CONFLICT
    assert acted("audit", "verify", "--json").json == verified


def test_a_head_that_the_chain_lost_is_told(acted: Inside) -> None:
    said = acted("audit", "verify", "--head", "0" * 64)
    assert said.code == Exit.FAILED
    assert "cut off" in said.err
    assert "BROKEN" in said.out


def test_an_empty_audit_holds(inside_each: Inside) -> None:
    inside_each("db", "migrate")
    assert inside_each("audit", "list").out == "no entries\n"
    assert inside_each("audit", "verify").out == "the chain holds: 0 entries\nhead  -\n"


def test_a_changed_entry_is_found(inside: Inside, sqlite_path: Path) -> None:
    inside("submit", "greeting", "--run-id", "g-1", "--input", '{"topic": "x"}', "--from", FLOWS)
    inside("runs", "cancel", "g-1", "--reason", "mine")
    with sqlite3.connect(sqlite_path) as connection:
        connection.execute("drop trigger audit_stays")
        connection.execute("update audit set actor = 'mallory'")
    connection.close()
    said = inside("audit", "verify", "--json")
    assert said.code == Exit.FAILED
    assert json.loads(said.out)["broken"].startswith("entry 1 isn't what was written")


@pytest.mark.parametrize("head", ["", "abc", "g" * 64])
def test_a_head_that_is_no_hash_is_refused(inside: Inside, head: str) -> None:
    said = inside("audit", "verify", "--head", head)
    assert (said.code, said.out) == (Exit.USAGE, "")
