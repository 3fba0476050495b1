"""README.md taken apart: its fenced blocks in order, its tables, and the text between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``line`` is the README's line on which its text begins."""

    language: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"README.md:{self.line}"


def text() -> str:
    return README.read_text(encoding="utf-8")


def blocks(language: str | None = None) -> list[Block]:
    """All blocks in order, or those of one language."""
    page = text()
    found = [
        Block(match[1], page.count("\n", 0, match.start(2)) + 1, match[2]) for match in _FENCE.finditer(page)
    ]
    return [block for block in found if language in (None, block.language)]


def prose() -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", text())


def section(title: str) -> str:
    """What stands between this heading and the next of its level, blocks left out."""
    _, found, rest = prose().partition(f"\n## {title}\n")
    assert found, f"the README has no section {title!r}"
    return rest.partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of every table row in a section, headings left out."""
    found: list[list[str]] = []
    for line in section(title).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if not line.startswith("|"):
            continue
        if set("".join(cells)) <= set("-: "):
            found.pop()  # the heading above the rule
        else:
            found.append(cells)
    return found
