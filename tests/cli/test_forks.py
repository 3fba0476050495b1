"""A fork is a new run with the old one's results, another input if one likes, and the old run as it was."""

from __future__ import annotations

from sagewai.cli.exits import Exit
from tests.cli.console import Command, Inside


def test_a_fork_starts_where_it_is_told_with_other_input(on_each: Command) -> None:
    run = on_each.submit("patient", "p-1", topic="tides")
    assert on_each("runs", "signal", run, "news", "--payload", "1").code == Exit.OK
    with on_each.worker() as worker:
        assert on_each.rests(run) == Exit.OK

        said = on_each(
            *("runs", "fork", run, "--from-step", "tell", "--run-id", "p-2", "--reason", "kinder"),
            *("--input", '{"topic": "tides", "tone": "kind"}'),
        )
        assert (said.code, said.out, said.err) == (Exit.OK, "p-2\n", "")
        assert on_each.rests("p-2") == Exit.OK
        worker.stop()

    shown = on_each("runs", "show", "p-2", "--json").json
    assert shown["output"] == [{"topic": "tides", "heard": 1}, "kind"]
    assert shown["workflow"] == "patient"
    told = [(entry["kind"], entry["step"]) for entry in on_each("runs", "timeline", "p-2", "--json").json]
    assert told[:3] == [("attempt", "listen"), ("submitted", None), ("forked", "tell")], (
        "a copied result keeps its time"
    )
    assert on_each("runs", "show", run, "--json").json["output"] == [{"topic": "tides", "heard": 1}, "plain"]


def test_a_fork_that_cant_be_made_says_why(inside_each: Inside) -> None:
    run = inside_each.submit("patient", "p-1", topic="tides")

    assert inside_each("runs", "fork", "nobody").code == Exit.NOT_FOUND
    said = inside_each("runs", "fork", run, "--from-step", "nowhere")
    assert said.code == Exit.USAGE
    assert "nowhere" in said.complaint
    said = inside_each("runs", "fork", run, "--from-step", "tell")
    assert said.code == Exit.USAGE
    assert inside_each("runs", "fork", run, "--input", "[]").code == Exit.USAGE
    assert inside_each("runs", "fork", run, "--run-id", "p-2").out == "p-2\n"
    assert inside_each("runs", "fork", run, "--run-id", "p-2").out == "p-2\n"
    said = inside_each("runs", "fork", run, "--run-id", "p-2", "--input", '{"topic": "rain"}')
    assert said.code == Exit.CONFLICT


def test_a_deadline_is_shown_and_ends_the_run(on_each: Command) -> None:
    said = on_each("submit", "greeting", "--run-id", "g-1", "--input", '{"topic": "x"}', "--deadline", "1")
    assert said.code == Exit.OK
    assert on_each("runs", "show", "g-1", "--json").json["deadline_at"] is not None
    with on_each.worker("--pool", "another") as worker:
        assert on_each.rests("g-1") == Exit.FAILED
        worker.stop()
    [letter] = on_each("dlq", "list", "--json").json
    assert letter["error"]["type"] == "sagewai.errors.RunDeadlineExceeded"
    assert on_each("submit", "greeting", "--deadline", "0").code == Exit.USAGE


def test_a_budget_is_recorded_with_the_run(inside_each: Inside) -> None:
    said = inside_each(
        "submit", "greeting", "--run-id", "g-1", "--input", '{"topic": "x"}', "--budget", "0.5"
    )
    assert said.code == Exit.OK
    assert inside_each("runs", "show", "g-1", "--json").json["budget"] == {
        "usd": 0.5,
        "tokens": None,
        "on_exceed": "approve",
    }
    assert inside_each("submit", "greeting", "--budget-tokens", "0").code == Exit.USAGE
