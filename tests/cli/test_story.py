"""From submit to the end, with a worker process and a person's decision, on both databases."""

from __future__ import annotations

import json

from sagewai.cli.exits import Exit
from tests.cli.console import FLOWS, Command
from tests.cli.flows import HOSTILE


def test_a_run_is_submitted_asked_about_approved_and_completed(on_each: Command) -> None:
    run = on_each.submit("review", "r-1", topic="tides")
    with on_each.worker() as worker:
        assert on_each.rests(run) == Exit.RESTING
        card = on_each("approvals", "show", run, "--json").json
        assert card["status"] == "pending"
        assert card["context"] == {"content": f"All about tides\n{HOSTILE}", "words": 3}

        decided = on_each(
            "approvals", "approve", run, "--digest", card["digest"], "--reason", "fine", "--json"
        ).json
        assert decided["status"] == "approved"
        assert decided["decision"]["digest_seen"] == card["digest"]
        assert decided["decision"]["reason"] == "fine"
        assert decided["decision"]["reviewer"]["source"] == "cli"

        assert on_each.rests(run) == Exit.OK
        assert worker.stop() == (Exit.OK, "")

    shown = on_each("runs", "show", run, "--json").json
    assert shown["run_id"] == run
    assert shown["workflow"] == "review"
    assert shown["status"] == "completed"
    assert shown["input"] == {"topic": "tides"}
    assert shown["output"] == "All about tides"
    assert [(step["name"], step["state"]) for step in shown["steps"]] == [
        ("write", "completed"),
        ("ask", "completed"),
    ]
    assert [approval["id"] for approval in shown["approvals"]] == [card["id"]]
    happened = [entry["kind"] for entry in on_each("runs", "timeline", run, "--json").json]
    assert happened[0] == "submitted"
    assert {"claimed", "attempt", "approved", "completed"} <= set(happened)


def test_a_run_that_waits_before_its_worker_comes_is_taken(on_each: Command) -> None:
    said = on_each("submit", "greeting", "--input", "-", "--json", stdin='{"topic": "rain", "times": 2}')
    assert said.json["created"] is True
    assert "no worker has brought the code of workflow 'greeting'" in said.err
    run = said.json["run_id"]
    assert on_each("pools", "list").out.splitlines()[1].split()[:6] == [
        "default",
        "open",
        "1",
        "0",
        "0",
        "NONE",
    ]

    with on_each.worker():
        assert on_each.rests(run) == Exit.OK

    shown = on_each("runs", "show", run, "--json").json
    assert shown["output"] == {"published": "On rain. On rain. ", "characters": 18}


def test_a_worker_takes_what_its_pool_and_labels_match(on_each: Command) -> None:
    labels = ("--label", "gpu=true", "--label", "n=1")
    submit = ("submit", "greeting", "--from", FLOWS, "--input", '{"topic": "x"}', "--pool", "big", "--run-id")
    for run, routing in {
        "typed": labels,
        "text": ("--label", "gpu=true", "--label", 'n="1"'),
        "any": (),
    }.items():
        assert on_each(*submit, run, *routing).code == Exit.OK

    with on_each.worker("--pool", "big", *labels) as worker:
        assert on_each.rests("typed") == on_each.rests("any") == Exit.OK
        [listed] = on_each("workers", "list", "--live", "--json").json
        assert json.dumps(listed["labels"], sort_keys=True) == '{"gpu": true, "n": 1}'
        worker.stop()

    assert on_each("runs", "show", "text", "--json").json["status"] == "pending"
