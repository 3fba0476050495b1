"""What the console does before its first frame, and what it leaves for later: counted, not timed."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from textual.css.parse import parse

from tests.tui.drive import driving
from tests.tui.stage import Stage
from tui import garbage
from tui.modes import kind
from tui.screens.console import MODES

ROOT = Path(__file__).parents[2]

LOOK = """
import json, os, sys
import tui.launch
from tui.__main__ import _chosen, parser

class First(tui.launch.ConsoleApp):
    def run(self, **_):
        super().run(headless=True)

    def post_display_hook(self):
        sys.__stdout__.write(json.dumps(sorted(sys.modules)))
        sys.__stdout__.flush()
        os._exit(0)

tui.launch.ConsoleApp = First
config, options = _chosen(parser(), ["--store", sys.argv[1]])
tui.launch.launch(options, demo=None, config=config)
"""


@pytest.fixture(
    scope="module", params=["sqlite:////nowhere/runs.db", "postgresql://ann:secret@127.0.0.1:1/runs"]
)
def loaded(request: pytest.FixtureRequest) -> frozenset[str]:
    """The modules that a console has loaded when it draws for the first time."""
    command = [sys.executable, "-c", LOOK, request.param]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert said.stderr in {
        b"",
        b"sagewai-tui: a password in an argument is seen by others: use SAGEWAI_STORE\n",
    }
    return frozenset(json.loads(said.stdout))


def test_the_first_frame_is_drawn_before_anything_is_loaded_that_reads_or_shapes(
    loaded: frozenset[str],
) -> None:
    later = {
        *{"apsw", "asyncpg", "pydantic", "jsonschema", "litellm", "tomllib"},
        *{"sagewai.core.stores.base", "sagewai.core.stores.sqlite", "sagewai.core.stores.postgres.store"},
        *{"sagewai.core.commands", "sagewai.core.failure", "sagewai.core.worker"},
        *{
            "sagewai.models.run",
            "sagewai.models.session",
            "sagewai.models.history",
            "sagewai.models.approval",
        },
        *{"tui.gateway.reads", "tui.gateway.shape", "tui.views", "tui.lanes", "tui.payload", "tui.homes"},
        *{"tui.local.supervised", "tui.local.left", "tui.widgets.timeline", "tui.widgets.pane"},
        *{"tui.screens.sheet", "tui.screens.help", "tui.screens.lock"},
        *(kind(mode).__module__ for mode in MODES if mode != "runs"),
    }

    assert later & loaded == set()


def test_little_of_our_own_is_loaded_before_the_first_frame(loaded: frozenset[str]) -> None:
    assert len([name for name in loaded if name.partition(".")[0] in {"tui", "sagewai"}]) <= 90


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[object]:
    """How often each source of styles was parsed, as of one rank among those of a widget's classes."""
    found: Counter[object] = Counter()

    def counted(*source: Any, **more: Any) -> Any:
        found[*source, more["tie_breaker"]] += 1
        return parse(*source, **more)

    monkeypatch.setattr("textual.css.stylesheet.parse", counted)
    return found


async def test_styles_are_parsed_once_for_a_theme_whatever_screens_are_visited(
    night: Stage, parsed: Counter[object]
) -> None:
    async with driving(night.store) as drive:
        await drive.shows("run-81b0aa17")
        await drive.press(*"234561")
        await drive.shows("run-81b0aa17")
        assert set(parsed.values()) == {1}
        dark = drive.app.screen.styles.background
        await drive.app.obey("theme light")
        await drive.shows(lambda _: drive.app.screen.styles.background != dark)
        await drive.press(*"6123451")
        await drive.shows("run-81b0aa17")
        assert set(parsed.values()) <= {1, 2}


async def test_the_screen_that_was_asked_for_is_the_only_one_that_is_made(stage: Stage) -> None:
    async with driving(stage.store, start="workers") as drive:
        await drive.shows("live of")
        with pytest.raises(KeyError):
            drive.app.get_screen_stack("runs")
        await drive.press("1")
        await drive.shows("no runs yet")


async def test_garbage_is_collected_once_the_console_is_up(stage: Stage) -> None:
    garbage.put_off()
    try:
        async with driving(stage.store) as drive:
            await drive.shows(lambda _: gc.isenabled())
            assert gc.get_freeze_count() > 0
    finally:
        gc.enable()
        gc.unfreeze()
