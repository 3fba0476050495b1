"""Reviewers claim, snooze and comment; a quorum needs several, and an edit goes to the step."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import Command, Inside


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run b-1 that waits for two approvals."""
    folder = tmp_path_factory.mktemp("waiting")
    command = Command(f"sqlite:///{folder}/runs.db", folder)
    run = command.submit("board", "b-1", cents=100)
    with command.worker() as worker:
        assert command.rests(run) == Exit.RESTING
        worker.stop()
    return folder


@pytest.fixture
def asked(waiting: Path, tmp_path: Path) -> Inside:
    """A run b-1 that waits for two approvals, and no worker."""
    folder = shutil.copytree(waiting, tmp_path / "waiting")
    return Inside(f"sqlite:///{folder}/runs.db", folder)


def test_a_claim_is_seen_and_given_back(asked: Inside) -> None:
    claimed = asked("approvals", "claim", "b-1", "--for", "10m", "--json").json
    assert claimed["claimed_by"]
    assert any(line.startswith("claimed ") for line in asked("approvals", "show", "b-1").out.splitlines())
    assert asked("approvals", "release", "b-1", "--json").json["claimed_by"] is None
    assert asked("approvals", "claim", "b-1", "--for", "soon").code == Exit.USAGE
    assert asked("approvals", "claim", "nobody").code == Exit.NOT_FOUND


def test_a_snoozed_one_leaves_the_inbox_and_comes_back(asked: Inside) -> None:
    assert "snoozed until" in asked("approvals", "snooze", "b-1", "--for", "1h").out
    assert asked("approvals", "list", "--awake", "--json").json == []
    assert len(asked("approvals", "list", "--json").json) == 1
    assert asked("approvals", "snooze", "b-1", "--for", "0").code == Exit.OK
    assert len(asked("approvals", "list", "--awake", "--json").json) == 1


def test_a_comment_stands_on_the_timeline_and_in_the_audit(asked: Inside) -> None:
    assert asked("approvals", "comment", "b-1", "ask legal first").code == Exit.OK
    entries = asked("runs", "timeline", "b-1", "--json").json
    assert [entry["reason"] for entry in entries if entry["kind"] == "approval_commented"] == [
        "ask legal first"
    ]
    assert asked("approvals", "comment", "b-1", " ").code == Exit.USAGE


def test_one_of_two_leaves_it_pending_and_says_so(asked: Inside) -> None:
    said = asked("approvals", "approve", "b-1", "--reason", "fine")
    assert said.code == Exit.OK
    assert said.out.startswith("pending by ")
    assert "1 of 2 approvals" in said.out
    assert "warning" not in said.err
    card = asked("approvals", "show", "b-1").out
    assert "1 of 2 approvals" in card
    assert asked("approvals", "approve", "b-1").code == Exit.OK, "the same person again changes nothing"
    assert len(asked("approvals", "show", "b-1", "--json").json["decisions"]) == 1


def test_an_edit_that_doesnt_fit_is_refused_by_place(asked: Inside) -> None:
    said = asked("approvals", "approve", "b-1", "--edit", '{"to": "Ada", "cents": "many"}')
    assert said.code == Exit.USAGE
    assert "cents" in said.complaint
    assert asked("approvals", "show", "b-1", "--json").json["decisions"] == []


def test_what_leaves_the_run_where_it_is_or_ends_it_warns_of_nothing(asked: Inside) -> None:
    assert asked("approvals", "approve", "b-1").err == ""
    said = asked("approvals", "reject", "b-1", "--reason", "no")
    assert (said.code, said.err) == (Exit.OK, "")


def test_an_approval_nobody_can_take_up_warns(sagewai: Command) -> None:
    run = sagewai.submit("review", "r-1", topic="tides")
    with sagewai.worker() as worker:
        assert sagewai.rests(run) == Exit.RESTING
        worker.stop()
    said = sagewai("approvals", "approve", run)
    assert said.code == Exit.OK
    assert "no live worker" in said.err
