"""Approvals are shown whole and harmless, and decided once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sagewai.cli.exits import Exit
from sagewai.core.codec import encode
from sagewai.core.policies import content_digest
from tests.cli.console import Command
from tests.cli.flows import HOSTILE


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run r-1 that waits for its approval."""
    folder = tmp_path_factory.mktemp("waiting")
    command = Command(f"sqlite:///{folder}/runs.db", folder)
    run = command.submit("review", "r-1", topic="tides")
    with command.worker() as worker:
        assert command.rests(run) == Exit.RESTING
        worker.stop()
    return folder


@pytest.fixture
def asked(waiting: Path, tmp_path: Path) -> Command:
    """A run r-1 that waits for its approval, and no worker."""
    folder = shutil.copytree(waiting, tmp_path / "waiting")
    return Command(f"sqlite:///{folder}/runs.db", folder)


def test_the_card_holds_every_character_and_none_that_acts(asked: Command) -> None:
    said = asked("approvals", "show", "r-1")

    assert said.code == Exit.OK
    assert all(line.isprintable() for line in said.out.split("\n"))
    lines = said.out.splitlines()
    assert "  | All about tides" in lines
    assert "  | ␛]0;owned␇␛[2J<U+202E>gnp<U+200B>" in lines
    assert "  | ␍fake: approved <U+009B>1m" in lines
    assert "context words, 1 character" in lines
    digest = asked("approvals", "show", "r-1", "--json").json["digest"]
    assert f"digest    {digest}" in lines


def test_json_holds_the_content_as_it_is_in_ascii(asked: Command) -> None:
    said = asked("approvals", "show", "r-1", "--json")

    assert said.out.isascii()
    card = said.json
    assert card["prompt"] == f"Publish 'All about tides'?{HOSTILE}"
    assert card["context"]["content"].endswith(HOSTILE)
    assert card["digest"] == content_digest(card["prompt"], encode(card["context"]))


def test_the_list_leaves_contents_out(asked: Command) -> None:
    [listed] = asked("approvals", "list", "--json").json
    assert (listed["run_id"], listed["status"], listed["context"]) == ("r-1", "pending", None)
    assert asked("approvals", "list", "--run", "other", "--json").json == []
    assert asked("approvals", "list", "--status", "approved", "--json").json == []
    shown = asked("approvals", "list")
    assert all(line.isprintable() for line in shown.out.split("\n"))


def test_a_decision_without_a_digest_says_so(asked: Command) -> None:
    said = asked("approvals", "approve", "r-1")

    assert said.code == Exit.OK
    assert said.out.startswith("approved by ")
    assert "without the digest of its content" in said.out
    assert asked("approvals", "show", "r-1", "--json").json["decision"]["digest_seen"] is None
    assert asked("approvals", "list", "--json").json == []
    assert asked("approvals", "list", "--all", "--json").json[0]["status"] == "approved"


def test_the_digest_of_other_content_decides_nothing(asked: Command) -> None:
    said = asked("approvals", "approve", "r-1", "--digest", "0" * 64)

    assert said.complaint
    assert said.code == Exit.CONFLICT
    assert asked("approvals", "show", "r-1", "--json").json["status"] == "pending"


def test_who_comes_late_is_told_who_decided(asked: Command) -> None:
    first = asked("approvals", "approve", "r-1", "--json").json
    again = asked("approvals", "approve", "r-1", "--json").json
    assert again["decision"] == first["decision"]

    late = asked("approvals", "reject", "r-1", "--reason", "no")
    assert first["decision"]["reviewer"]["name"] in late.complaint
    assert late.code == Exit.CONFLICT


def test_two_that_wait_are_named_and_decided_each_by_its_number(sagewai: Command) -> None:
    run = sagewai.submit("panel", "p-1", topic="tides")
    with sagewai.worker():
        assert sagewai.rests(run) == Exit.RESTING
        first, second = (
            str(found["id"]) for found in sagewai("approvals", "list", "--run", run, "--json").json
        )
        for verb in ("show", "approve"):
            said = sagewai("approvals", verb, run)
            assert first in said.complaint
            assert second in said.complaint
            assert said.code == Exit.CONFLICT

        assert sagewai("approvals", "show", run, "--approval", second, "--json").json["id"] == int(second)
        assert sagewai("approvals", "approve", run, "--approval", second).code == Exit.OK
        assert sagewai.rests(run) == Exit.RESTING
        assert sagewai("approvals", "approve", run).code == Exit.OK
        assert sagewai.rests(run) == Exit.OK


def test_an_approval_that_isnt_there_is_not_found(asked: Command) -> None:
    asked.submit("greeting", "g-1", topic="x")
    for arguments in (
        ("show", "nobody"),
        ("approve", "nobody"),
        ("show", "g-1"),
        ("approve", "g-1"),
        ("show", "r-1", "--approval", "999"),
        ("approve", "r-1", "--approval", "999"),
    ):
        said = asked("approvals", *arguments)
        assert said.complaint
        assert said.code == Exit.NOT_FOUND, arguments
