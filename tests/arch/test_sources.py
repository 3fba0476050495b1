"""Rules about the text of the sources that no linter of ours holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arch.repository import ROOT, source_files, tracked_files

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
FOREIGN = re.compile(
    "|".join(  # put together here, so that this file does not name them either
        re.escape(left + right)
        for left, right in [
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("npm", "js.org"),
            ("deb.", "debian.org"),
            ("docker", ".io"),
            ("crates", ".io"),
            ("pip install ", "sagewai"),
        ]
    )
)


def places(found: Iterator[tuple[Path, object]]) -> list[str]:
    return [f"{path.relative_to(ROOT)}: {what}" for path, what in found]


def test_every_module_begins_by_saying_what_it_is() -> None:
    silent = [
        path for path in source_files(".py") if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    found = ((path, match[0]) for path in source_files() for match in UNFINISHED.finditer(text_of(path)))
    assert places(found) == []


def test_no_file_names_a_registry_or_the_foreign_package_of_our_name() -> None:
    found = ((path, match[0]) for path in tracked_files() for match in FOREIGN.finditer(text_of(path)))
    assert places(found) == []


@pytest.mark.parametrize(
    "room", ["sagewai/core", "sagewai/agents", "sagewai/models", "tui/screens", "tui/widgets"]
)
def test_the_public_face_is_for_users_of_the_library(room: str) -> None:
    """`from sagewai import Name` inside the library goes in a circle, and in a screen it goes round the gateway."""
    rooms = {path.stem for path in (ROOT / "sagewai").iterdir()}
    found = (
        (path, f"line {node.lineno}: from sagewai import {name.name}")
        for path in source_files(".py")
        if path.is_relative_to(ROOT / room)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "sagewai"
        for name in node.names
        if name.name not in rooms
    )
    assert places(found) == []


def text_of(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")
