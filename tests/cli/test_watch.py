"""Watching prints a line per change, ends when the run rests, and says by its exit code how."""

from __future__ import annotations

import itertools
import json
import signal

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import FLOWS, Command


def test_every_line_is_a_run_and_the_last_one_is_how_it_ended(sagewai: Command) -> None:
    run = sagewai.submit("greeting", "g-1", topic="x")
    with sagewai.worker():
        said = sagewai("runs", "watch", run, "--json")

    seen = [json.loads(line) for line in said.out.splitlines()]
    assert {line["run_id"] for line in seen} == {"g-1"}
    assert seen[-1]["status"] == "completed"
    assert all(before != after for before, after in itertools.pairwise(seen))
    assert (said.code, said.err) == (Exit.OK, "")


def test_people_read_what_ended_it(sagewai: Command) -> None:
    run = sagewai.submit("needy", "n-1", needs="/nowhere/at/all")
    with sagewai.worker():
        said = sagewai("runs", "watch", run)

    assert said.code == Exit.FAILED
    assert "  | FileNotFoundError: no /nowhere/at/all␛]0;owned␇" in said.out
    assert all(line.isprintable() for line in said.out.split("\n"))


def test_a_rejected_run_has_a_code_of_its_own(sagewai: Command) -> None:
    run = sagewai.submit("review", "r-1", topic="x")
    with sagewai.worker():
        assert sagewai.rests(run) == Exit.RESTING
    assert sagewai("approvals", "reject", run, "--reason", "not\x1b[2J good").code == Exit.OK

    said = sagewai("runs", "watch", run)

    assert said.code == Exit.REJECTED
    assert "  | not␛[2J good" in said.out
    assert sagewai("runs", "show", run, "--json").json["reason"] == "not\x1b[2J good"


@pytest.mark.parametrize(("verb", "code"), [("cancel", Exit.CANCELLED), ("pause", Exit.RESTING)])
def test_a_cancelled_and_a_paused_run_rest(sagewai: Command, verb: str, code: Exit) -> None:
    run = sagewai.submit("greeting", "g-1", topic="x")
    sagewai("runs", verb, run)
    assert sagewai.rests(run) == code


def test_a_timer_is_no_rest(sagewai: Command) -> None:
    sagewai(
        "submit", "greeting", "--run-id", "soon", "--delay", "1", "--from", FLOWS, "--input", '{"topic": "x"}'
    )
    with sagewai.worker():
        assert sagewai.rests("soon") == Exit.OK


def test_to_end_goes_on_through_an_approval(sagewai: Command) -> None:
    run = sagewai.submit("review", "r-1", topic="x")
    with sagewai.worker():
        assert sagewai.rests(run) == Exit.RESTING
        with sagewai.started("runs", "watch", run, "--to-end", "--json") as watching:
            assert json.loads(watching.line())["status"] == "waiting"
            sagewai("approvals", "approve", run)
            code, rest = watching.ended()

    assert code == Exit.OK
    assert json.loads(rest.splitlines()[-1])["status"] == "completed"


def test_interrupting_is_quiet(sagewai: Command) -> None:
    run = sagewai.submit("greeting", "g-1", topic="x")
    with sagewai.started("runs", "watch", run, "--json") as watching:
        watching.line()
        code, rest = watching.stop(signal.SIGINT)

    assert (code, rest) == (Exit.INTERRUPTED, "")
