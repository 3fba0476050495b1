"""The ``sagewai`` command: scripts do what the console does. A file per noun; drivers load when a store is opened."""

from __future__ import annotations

from typing import NoReturn


def main() -> NoReturn:
    """The program: runs one command and ends the process with a documented exit code."""
    from sagewai.cli.program import run

    raise SystemExit(run())
