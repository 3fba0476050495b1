"""The top level stays small enough to take in at a glance."""

from __future__ import annotations

from tests.arch.repository import ROOT, tracked_files


def test_the_top_level_holds_the_two_packages_their_tests_and_four_papers() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in tracked_files()}

    seen = {name for name in top if not name.startswith(".")}

    assert seen == {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "sagewai", "tui", "tests"}


def test_the_gate_can_be_run() -> None:
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & 0o111


def test_a_screen_is_at_most_two_hundred_lines() -> None:
    """Its widgets, columns and keys stand apart."""
    screens = [path for path in tracked_files() if path.parent == ROOT / "tui" / "screens"]
    assert [path.name for path in screens if len(path.read_text("utf-8").splitlines()) > 200] == []
