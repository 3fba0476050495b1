"""`sagewai db prune`: counts, asks, removes until nothing is left, and says what it did to people and programs."""

from __future__ import annotations

from sagewai.cli.exits import Exit
from tests.cli.console import Inside


def ended(inside: Inside, *run_ids: str) -> None:
    """Runs that were cancelled."""
    for run_id in run_ids:
        assert inside("submit", "greeting", "--run-id", run_id, "--input", "{}").code == Exit.OK
        assert inside("runs", "cancel", run_id).code == Exit.OK


def test_old_runs_are_counted_removed_and_noted(inside_each: Inside) -> None:
    ended(inside_each, "a", "b", "c")
    assert inside_each("submit", "greeting", "--run-id", "young", "--input", "{}").code == Exit.OK

    counted = inside_each("db", "prune", "--older-than", "0", "--dry-run")
    assert (counted.code, counted.out) == (Exit.OK, "3 runs would be removed: 3 cancelled\n")
    kept = ("--keep", "cancelled", "--keep", "FAILED")
    assert inside_each("db", "prune", "--older-than", "0", *kept, "--dry-run", "--json").json == {
        "removable": 0,
        "by_status": {},
    }
    assert inside_each("db", "prune", "--older-than", "30d", "--yes").out == "0 runs removed\n"
    removed = inside_each("db", "prune", "--older-than", "0s", "--yes", "--batch", "2", "--json")
    assert removed.json == {"removed": 3}
    assert [run["run_id"] for run in inside_each("runs", "list", "--json").json] == ["young"]
    entries = inside_each("audit", "list", "--json").json
    pruned = [entry for entry in entries if entry["kind"] == "pruned"]
    assert [entry["detail"]["runs"] for entry in pruned] == [3]
    assert inside_each("audit", "verify").code == Exit.OK


def test_nothing_is_removed_that_nobody_agreed_to(inside: Inside) -> None:
    ended(inside, "a")
    said = inside("db", "prune", "--older-than", "0")
    assert said.code == Exit.USAGE
    assert "--yes" in said.complaint
    for options in (("--older-than", "soon"), ("--older-than", "1d", "--keep", "running"), ("--yes",)):
        refused = inside("db", "prune", *options)
        assert refused.code == Exit.USAGE, refused
    assert inside("runs", "show", "a").code == Exit.OK
