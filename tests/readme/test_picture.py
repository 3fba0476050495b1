"""The README's pictures, and the one it shows as text, are what the console draws today.

After a wanted change of the console `SAGEWAI_DRAW=1 .venv/bin/pytest -n0 tests/readme/test_picture.py` draws them anew:
look at them before you commit them.
"""

from __future__ import annotations

import os
import re

from tests.readme import page
from tests.readme.picture import HEIGHT, PICTURES, SCENES, WIDTH, Clock, draw, frame, marks


async def test_the_pictures_and_the_text_are_what_the_console_draws() -> None:
    drawn = await draw(Clock())
    if os.environ.get("SAGEWAI_DRAW"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        for name, svg in drawn.items():
            (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
        text = "\n".join(frame(drawn["runs"])) + "\n"
        old = page.blocks("text")[0]
        page.README.write_text(page.text().replace(old.text, text, 1), encoding="utf-8")

    assert {path.stem for path in PICTURES.iterdir()} == set(drawn)
    for name, svg in drawn.items():
        kept = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
        assert frame(kept) == frame(svg), name
        assert list(marks(kept)) == list(marks(svg)), name
    assert page.blocks("text")[0].text.splitlines() == frame(drawn["runs"])


def test_each_picture_is_a_whole_screen_of_80_by_24_and_fetches_nothing_from_elsewhere() -> None:
    for name in SCENES:
        svg = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
        lines = frame(svg)
        assert len(lines) == HEIGHT, name
        assert max(map(len, lines)) <= WIDTH, name
        assert "quit" in lines[-1], name
        assert re.findall(r"https?://[^\s\"')]+", svg) == ["http://www.w3.org/2000/svg"], name


def test_the_readme_shows_the_first_picture_before_anything_else_and_each_one_once() -> None:
    places = [page.text().index(f"](.github/pictures/{name}.svg)") for name in SCENES]
    assert places[0] < page.text().index("```")
    assert all(page.text().count(f"pictures/{name}.svg") == 1 for name in SCENES)
