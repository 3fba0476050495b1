"""Listing, looking at and steering runs."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from sagewai.cli.exits import Exit
from sagewai.cli.safe import cells
from tests.cli.console import FLOWS, Command, Inside, Said


def steady(said: Said) -> list[str]:
    """The lines of an output that fits 80 columns and acts on no terminal."""
    assert said.code == Exit.OK, said
    lines = said.out.splitlines()
    assert all(line.isprintable() for line in said.out.split("\n"))
    assert all(cells(line) <= 80 for line in lines)
    return lines


@pytest.fixture
def five(inside: Inside) -> Inside:
    """Five pending runs, g-0 to g-4."""
    for at in range(5):
        inside.submit("greeting", f"g-{at}", topic=f"topic {at}")
    return inside


def test_a_list_is_an_array_and_the_cursor_on_stderr_goes_on(five: Inside) -> None:
    found: list[str] = []
    more: tuple[str, ...] = ()
    for _ in range(3):
        said = five("runs", "list", "--limit", "2", "--json", *more)
        found += [run["run_id"] for run in said.json]
        more = ("--cursor", json.loads(said.err)["next_cursor"]) if said.err else ()

    assert found == ["g-4", "g-3", "g-2", "g-1", "g-0"]
    assert more == ()


def test_runs_are_exported_whole_one_a_line(five: Inside) -> None:
    said = five("runs", "export", "g-2", "g-0", "g-2")
    whole = [json.loads(line) for line in said.out.splitlines()]
    assert [(each["run_id"], each["input"]) for each in whole] == [
        ("g-2", {"topic": "topic 2"}),
        ("g-0", {"topic": "topic 0"}),
    ]
    assert [each["timeline"][0]["kind"] for each in whole] == ["submitted", "submitted"]
    assert five("runs", "export", "nowhere").code == Exit.NOT_FOUND
    assert five("runs", "export").code == five("runs", "export", "g-1", "--error", "x").code == Exit.USAGE


def test_a_list_for_people_names_the_cursor_too(five: Inside) -> None:
    said = five("runs", "list", "--limit", "2")

    assert [line.split()[0] for line in steady(said)] == ["RUN", "g-4", "g-3"]
    option, cursor = said.err.removeprefix("more: ").split()
    assert [line.split()[0] for line in steady(five("runs", "list", option, cursor))] == [
        "RUN",
        "g-2",
        "g-1",
        "g-0",
    ]


def test_a_cursor_from_elsewhere_is_a_usage_error(five: Inside) -> None:
    said = five("runs", "list", "--cursor", "nonsense")
    assert said.code == Exit.USAGE
    assert said.complaint


def test_filters_hold_together(five: Inside) -> None:
    five(
        "submit",
        "greeting",
        "--run-id",
        "tagged",
        "--from",
        FLOWS,
        "--input",
        '{"topic": "t"}',
        "--tag",
        "who=me",
    )
    five("runs", "cancel", "g-1")

    def listed(*filters: str) -> list[str]:
        return [run["run_id"] for run in five("runs", "list", "--json", *filters).json]

    assert listed("--tag", "who=me") == ["tagged"]
    assert listed("--status", "cancelled") == ["g-1"]
    assert listed("--status", "cancelled", "--status", "PENDING", "--prefix", "g-") == [
        "g-4",
        "g-3",
        "g-2",
        "g-1",
        "g-0",
    ]
    assert listed("--workflow", "other") == []
    assert listed("--pool", "default", "--limit", "1") == ["tagged"]
    assert listed("--changed", "--limit", "1") == ["g-1"]


def test_a_run_has_the_models_fields(five: Inside) -> None:
    run = five("runs", "list", "--limit", "1", "--json").json[0]

    assert {"run_id", "workflow", "status", "pool", "labels", "tags", "step", "attempt", "created_at"} <= set(
        run
    )
    assert run["status"] == "pending"
    assert run["created_at"].endswith("Z")
    assert datetime.fromisoformat(run["created_at"]).tzinfo is not None


def test_an_empty_store_has_empty_lists(inside: Inside) -> None:
    for noun, nothing in {"runs": "no runs", "approvals": "no approvals", "dlq": "no dead letters"}.items():
        assert inside(noun, "list", "--json").json == []
        assert steady(inside(noun, "list")) == [nothing]
    assert inside("workers", "list", "--json").json == []
    assert inside("pools", "list", "--json").json == []


def test_the_options_of_all_commands_are_taken_before_the_command_too(five: Inside, bare: Command) -> None:
    said = bare("--store", five.env["SAGEWAI_STORE"], "--json", "runs", "list", "--prefix", "g-3")
    assert [run["run_id"] for run in said.json] == ["g-3"]


def test_submitting_again_changes_nothing_but_other_input_is_a_conflict(five: Inside) -> None:
    again = five("submit", "greeting", "--run-id", "g-1", "--input", '{"topic": "topic 1"}', "--json")
    assert again.json["created"] is False

    other = five("submit", "greeting", "--run-id", "g-1", "--input", '{"topic": "other"}')
    assert "g-1" in other.complaint
    assert other.code == Exit.CONFLICT


def test_a_pending_run_is_paused_resumed_moved_up_and_cancelled(five: Inside) -> None:
    def run(*verb: str) -> dict[str, object]:
        said: dict[str, object] = five("runs", *verb, "--json").json
        return said

    assert run("pause", "g-0", "--reason", "not yet")["status"] == "paused"
    assert run("resume", "g-0")["status"] == "pending"
    assert run("priority", "g-0", "-5")["priority"] == -5
    assert run("priority", "g-0", "7", "--reason", "urgent")["priority"] == 7
    assert run("cancel", "g-0", "--reason", "no longer needed")["status"] == "cancelled"

    events = {entry["kind"]: entry for entry in five("runs", "timeline", "g-0", "--json").json}
    assert events["paused"]["reason"] == "not yet"
    assert events["cancelled"]["reason"] == "no longer needed"
    assert "no longer needed" in five("runs", "show", "g-0").out


def test_what_isnt_possible_in_a_runs_status_is_a_conflict(five: Inside) -> None:
    five("runs", "cancel", "g-0")
    for verb in (("resume", "g-0"), ("cancel", "g-0"), ("retry", "g-0"), ("priority", "g-0", "1")):
        said = five("runs", *verb)
        assert "g-0" in said.complaint
        assert "cancelled" in said.complaint
        assert said.code == Exit.CONFLICT


def test_a_delayed_run_waits_for_its_time(inside: Inside) -> None:
    inside(
        "submit",
        "greeting",
        "--run-id",
        "later",
        "--delay",
        "2h",
        "--from",
        FLOWS,
        "--input",
        '{"topic": "x"}',
    )

    run = inside("runs", "show", "later", "--json").json
    assert (run["status"], run["wait"]) == ("waiting", "timer")
    lead = datetime.fromisoformat(run["due_at"]) - datetime.fromisoformat(run["created_at"])
    assert lead.total_seconds() == pytest.approx(7200, abs=1)


def test_what_people_read_fits_80_columns(inside: Inside) -> None:
    inside.submit("review", "a-run-with-a-name-of-considerable-length-0123456789", topic="日本語 " * 40)
    run = inside.submit("needy", "n-1", needs=str(inside.folder / "nowhere"))
    with inside.worker("--name", "a-worker-with-a-long-name"):
        assert inside.rests(run) == Exit.FAILED
        assert inside.rests("a-run-with-a-name-of-considerable-length-0123456789") == Exit.RESTING
        steady(inside("workers", "list"))
        steady(inside("pools", "list"))
    for noun in ("runs", "approvals", "dlq"):
        assert len(steady(inside(noun, "list"))) >= 2
    for verb in ("show", "timeline"):
        steady(inside("runs", verb, "n-1"))
        steady(inside("runs", verb, "a-run-with-a-name-of-considerable-length-0123456789"))
    assert any("FileNotFoundError" in line for line in steady(inside("dlq", "show", "n-1")))
    steady(inside("dlq", "list", "--by-error"))


def test_the_stores_own_file_is_the_default(bare: Command) -> None:
    assert bare("submit", "greeting", "--run-id", "mine", "--input", '{"topic": "x"}').code == Exit.OK

    url = bare("db", "check", "--json").json["url"]
    assert url.startswith(f"sqlite:///{bare.folder}")
    assert bare("runs", "list", "--json").json[0]["run_id"] == "mine"
