"""The repository's files, as a clone would have them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("sagewai", "tui")


def tracked_files() -> list[Path]:
    """Every file that git knows, and every new one it would not ignore; in an unpacked archive simply every file."""
    if not (ROOT / ".git").exists():
        return [
            path for path in sorted(ROOT.rglob("*")) if path.is_file() and "__pycache__" not in path.parts
        ]
    # the checkout may belong to another account than the one that runs the tests
    command = [
        "git",
        "-c",
        f"safe.directory={ROOT}",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in sorted(filter(None, listed.split("\0"))) if (ROOT / name).is_file()]


def source_files(suffix: str = "") -> Iterator[Path]:
    """The files of the two packages, those with the suffix only if one is given."""
    for path in tracked_files():
        if path.relative_to(ROOT).parts[0] in PACKAGES and path.name.endswith(suffix):
            yield path
