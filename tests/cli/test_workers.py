"""Workers drain when they are told to, by signal or through the store, and lose nothing."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from sagewai.cli.exits import Exit
from tests.cli.console import FLOWS, Command, Inside, until


@pytest.fixture
def held(sagewai: Command) -> Command:
    """A run l-1 that has been submitted, lingers in its step, and ends when the file `go` is there."""
    sagewai.submit("lingering", "l-1", started=str(sagewai.folder / "started"), go=str(sagewai.folder / "go"))
    return sagewai


def lingers(command: Command) -> None:
    until((command.folder / "started").exists)


def drains(log: Path) -> None:
    until(lambda: "drains 1 runs" in log.read_text())


def test_sigterm_lets_held_runs_end(held: Command) -> None:
    with held.worker("--name", "w-1", "--json") as worker:
        lingers(held)
        worker.process.send_signal(signal.SIGTERM)
        drains(worker.log)
        (held.folder / "go").touch()
        code, out = worker.ended()

    assert code == Exit.OK
    stopped = json.loads(out)
    assert (stopped["name"], stopped["pool"], stopped["status"]) == ("w-1", "default", "stopped")
    assert held.rests("l-1") == Exit.OK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_hands_held_runs_back_at_once(held: Command, number: signal.Signals) -> None:
    with held.worker("--drain-timeout", "600") as worker:
        lingers(held)
        worker.process.send_signal(number)
        drains(worker.log)
        assert worker.stop(number) == (Exit.OK, "")

    run = held("runs", "show", "l-1", "--json").json
    assert (run["status"], run["takeovers"]) == ("pending", 0)


def test_a_worker_drains_when_the_store_asks_it_to(held: Command) -> None:
    with held.worker("--name", "w-1") as worker:
        lingers(held)
        [listed] = held("workers", "list", "--json").json
        assert (listed["name"], listed["running"], listed["live"]) == ("w-1", 1, True)
        assert held("workers", "drain", "w-1", "--reason", "deploy", "--json").json["asked"] == "drain"
        drains(worker.log)
        (held.folder / "go").touch()
        assert worker.ended() == (Exit.OK, "")

    assert held.rests("l-1") == Exit.OK
    assert held("workers", "list", "--live", "--json").json == []


def test_a_paused_worker_claims_nothing_until_it_is_resumed(sagewai: Command) -> None:
    def status() -> str:
        [listed] = sagewai("workers", "list", "--live", "--json").json
        return str(listed["status"])

    with sagewai.worker("--name", "w-1"):
        until(lambda: sagewai("workers", "list", "--live", "--json").json)
        [listed] = sagewai("workers", "list", "--live", "--json").json
        assert sagewai("workers", "pause", str(listed["id"])).code == Exit.OK
        until(lambda: status() == "paused")
        run = sagewai.submit("greeting", "g-1", topic="x")
        assert sagewai("runs", "show", run, "--json").json["status"] == "pending"
        assert sagewai("workers", "resume", "w-1").code == Exit.OK
        assert sagewai.rests(run) == Exit.OK


def test_a_worker_that_isnt_there_is_not_found(inside: Inside) -> None:
    for verb in ("drain", "pause", "resume"):
        for name in ("nobody", "7", "99999999999999999999"):
            said = inside("workers", verb, name)
            assert name in said.complaint
            assert said.code == Exit.NOT_FOUND


def test_a_name_that_two_workers_have_must_be_told_apart(sagewai: Command) -> None:
    with sagewai.worker("--name", "twin"), sagewai.worker("--name", "twin"):
        until(lambda: len(sagewai("workers", "list", "--live", "--json").json) == 2)
        said = sagewai("workers", "drain", "twin")

    assert "name one by its id" in said.complaint
    assert said.code == Exit.USAGE


def test_the_log_acts_on_no_terminal(sagewai: Command) -> None:
    run = "n-1\x1b[2J"
    sagewai("submit", "needy", "--run-id", run, "--from", FLOWS, "--input", '{"needs": "/nowhere"}')
    with sagewai.worker() as worker:
        assert sagewai.rests(run) == Exit.FAILED
        worker.stop()
        said = worker.log.read_text()

    assert "serves board, greeting, lingering, needy, panel, patient, review from pool default" in said
    assert all(line.isprintable() for line in said.split("\n"))
