"""Signals are sent, kept, listed, and let a run go on."""

from __future__ import annotations

from sagewai.cli.exits import Exit
from tests.cli.console import Command, Inside
from tests.cli.flows import HOSTILE


def test_a_run_waits_for_a_signal_and_goes_on_with_its_payload(on_each: Command) -> None:
    run = on_each.submit("patient", "p-1", topic="tides")
    with on_each.worker() as worker:
        assert on_each.rests(run) == Exit.RESTING
        assert "`sagewai runs signals` has its name" in on_each("runs", "watch", run).out
        [awaited] = on_each("runs", "signals", run, "--json").json["waits"]
        assert (awaited["kind"], awaited["name"], awaited["status"]) == ("signal", "news", "pending")

        said = on_each("runs", "signal", run, "news", "--payload", "-", stdin='{"rise": 3}')
        assert (said.code, said.err) == (Exit.OK, "")
        assert "a step that waited for it goes on" in said.out
        assert on_each.rests(run) == Exit.OK
        worker.stop()
    assert on_each("runs", "show", run, "--json").json["output"] == [
        {"topic": "tides", "heard": {"rise": 3}},
        "plain",
    ]


def test_a_signal_sent_before_anybody_waits_is_kept(inside_each: Inside) -> None:
    run = inside_each.submit("patient", "p-1", topic="tides")
    assert "kept until a step waits for it" in inside_each("runs", "signal", run, "news").out
    sent = inside_each("runs", "signal", run, f"odd{HOSTILE[:4]}", "--payload", '"x"', "--json").json
    assert (sent["payload"], sent["taken"], sent["sender"]["source"]) == ("x", False, "cli")

    listed = inside_each("runs", "signals", run, "--json").json
    assert [(each["name"], each["payload"]) for each in listed["signals"]] == [
        ("news", None),
        (f"odd{HOSTILE[:4]}", "x"),
    ]
    shown = inside_each("runs", "signals", run)
    assert all(line.isprintable() for line in shown.out.split("\n"))
    assert shown.out.splitlines()[0] == "no waits"


def test_a_signal_needs_a_run_that_isnt_over_and_json(inside: Inside) -> None:
    assert inside("runs", "signal", "nobody", "news").code == Exit.NOT_FOUND
    run = inside.submit("patient", "p-1", topic="tides")
    said = inside("runs", "signal", run, "news", "--payload", "{")
    assert said.code == Exit.USAGE
    assert "--payload isn't JSON" in said.complaint
    assert inside("runs", "cancel", run).code == Exit.OK
    assert inside("runs", "signal", run, "news").code == Exit.CONFLICT
    assert inside("runs", "signals", "nobody").code == Exit.NOT_FOUND
