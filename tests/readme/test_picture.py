"""The README's picture and its text are what the console draws today.

After a wanted change of the console `SAGEWAI_DRAW=1 .venv/bin/pytest -n0 tests/readme/test_picture.py` draws both anew:
look at them before you commit them.
"""

from __future__ import annotations

import os
import re

import pytest

from tests.readme import page
from tests.readme.picture import HEIGHT, PICTURE, WIDTH, Clock, draw, frame, marks


@pytest.fixture
async def drawn() -> str:
    svg = await draw(Clock())
    if os.environ.get("SAGEWAI_DRAW"):
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(svg, encoding="utf-8")
        old = page.blocks("text")[0]
        page.README.write_text(
            page.text().replace(old.text, "\n".join(frame(svg)) + "\n", 1), encoding="utf-8"
        )
    return svg


async def test_the_committed_picture_is_what_the_console_draws(drawn: str) -> None:
    assert list(marks(PICTURE.read_text(encoding="utf-8"))) == list(marks(drawn))


async def test_the_readme_shows_the_same_frame_as_text(drawn: str) -> None:
    shown = page.blocks("text")[0]
    assert shown.text.splitlines() == frame(drawn)


async def test_the_frame_is_a_whole_screen_of_80_by_24(drawn: str) -> None:
    lines = frame(drawn)
    assert len(lines) == HEIGHT
    assert max(map(len, lines)) <= WIDTH
    assert "quit" in lines[-1]


def test_the_picture_fetches_nothing_from_elsewhere() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert re.findall(r"https?://[^\s\"')]+", svg) == ["http://www.w3.org/2000/svg"]


def test_the_readme_shows_the_picture_before_anything_else() -> None:
    at = page.text().index(f"]({PICTURE.relative_to(page.ROOT)})")
    assert at < page.text().index("```")
