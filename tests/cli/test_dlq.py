"""Dead letters are listed, retried from where they failed, and discarded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import Command


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run n-1 that failed because a file is missing."""
    folder = tmp_path_factory.mktemp("dead")
    command = Command(f"sqlite:///{folder}/runs.db", folder)
    run = command.submit("needy", "n-1", needs="needed.txt")
    with command.worker() as worker:
        assert command.rests(run) == Exit.FAILED
        worker.stop()
    return folder


@pytest.fixture
def failed(dead: Path, tmp_path: Path) -> Command:
    """A run n-1 that failed because a file is missing from the folder, and no worker."""
    folder = shutil.copytree(dead, tmp_path / "dead")
    return Command(f"sqlite:///{folder}/runs.db", folder)


def test_a_failed_run_is_listed_with_its_error(failed: Command) -> None:
    [letter] = failed("dlq", "list", "--json").json

    assert (letter["run_id"], letter["workflow"], letter["step"]) == ("n-1", "needy", "read")
    assert letter["error"]["type"] == "FileNotFoundError"
    assert failed("dlq", "show", "n-1", "--json").json == letter
    [group] = failed("dlq", "list", "--by-error", "--json").json
    assert (group["error_type"], group["count"]) == ("FileNotFoundError", 1)
    whole = failed("runs", "export", "--error", "FileNotFoundError").json
    assert (whole["run_id"], whole["error"]) == ("n-1", letter["error"])
    assert whole["timeline"]
    assert {"input", "calls", "signals", "waits"} < whole.keys()
    assert failed("dlq", "list", "--error-type", "ValueError", "--json").json == []
    for verb in (("list",), ("show", "n-1")):
        said = failed("dlq", *verb)
        assert "FileNotFoundError: no " in said.out
        assert all(line.isprintable() for line in said.out.split("\n"))


def test_a_retried_run_goes_on_where_it_failed(failed: Command) -> None:
    (failed.folder / "needed.txt").write_text("here")
    assert failed("dlq", "retry", "n-1", "--reason", "file is back", "--json").json["status"] == "pending"
    assert failed("dlq", "list", "--json").json == []

    with failed.worker():
        assert failed.rests("n-1") == Exit.OK

    assert failed("runs", "show", "n-1", "--json").json["output"] == "here"
    entries = failed("runs", "timeline", "n-1", "--json").json
    tried = [(entry["step"], entry["outcome"]) for entry in entries if entry["kind"] == "attempt"]
    assert tried == [("prepare", "completed"), ("read", "failed"), ("read", "completed")]
    [retried] = [entry for entry in entries if entry["kind"] == "retried"]
    assert retried["reason"] == "file is back"


def test_a_discarded_letter_is_gone_and_its_run_stays_failed(failed: Command) -> None:
    assert failed("dlq", "discard", "n-1", "--reason", "obsolete").code == Exit.OK

    assert failed("dlq", "list", "--json").json == []
    assert failed("runs", "show", "n-1", "--json").json["status"] == "failed"
    for verb in ("show", "discard", "retry"):
        said = failed("dlq", verb, "n-1")
        assert "n-1" in said.complaint
        assert said.code == Exit.NOT_FOUND
