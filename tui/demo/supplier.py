"""The supply office: writes lists into the spool line by line, holding a lock until the last one is there."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from tui.demo.imports import LOCK

PAUSE = 0.35
"""Seconds between two lines."""


def announce(target: Path) -> None:
    """Take the lock: from now on ``target`` is being written."""
    target.with_name(target.name + LOCK).write_text(f"{os.getpid()}\n", encoding="utf-8")


async def write(source: Path, target: Path, pause: float = PAUSE) -> None:
    """Copy ``source`` line by line into an announced ``target``, then let go of the lock."""
    lines = await asyncio.to_thread(source.read_text, encoding="utf-8")
    try:
        for line in lines.splitlines(keepends=True):
            await asyncio.to_thread(_append, target, line)
            await asyncio.sleep(pause)
    finally:
        target.with_name(target.name + LOCK).unlink(missing_ok=True)


def put(source: Path, target: Path) -> None:
    """The whole list at once."""
    target.write_bytes(source.read_bytes())


def _append(target: Path, line: str) -> None:
    with target.open("a", encoding="utf-8") as file:
        file.write(line)
